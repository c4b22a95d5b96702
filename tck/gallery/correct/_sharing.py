"""Correct publishers whose Subscribers are sent the same elements, each made only once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from reactive_streams import Subscriber
from tck.gallery.broken._base import FailedPublisher, RangeOutlet, RangePublisher
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()


class Log:
    """What a source has given so far, from the beginning."""

    def __init__(self, source: Iterator[int]) -> None:
        self._lock = threading.Lock()
        self._source = source
        self._items: list[int] = []

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, position: int) -> int:
        with self._lock:
            while len(self._items) <= position:
                self._items.append(next(self._source))
            return self._items[position]


class Reader(RangeOutlet):
    """Reads the log from the given position on, at the pace of its Subscriber."""

    def __init__(self, subscriber: Subscriber[int], elements: int, log: Log, begin: int) -> None:
        super().__init__(subscriber, elements)
        self.log = log
        self.sent = begin

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        super().emit(subscriber, self.log[element])


@_shown.publisher(
    "",
    "replays to each Subscriber what the others have been sent",
    settings={"per_subscriber": True},
    failed=FailedPublisher,
)
class ReplayingPublisher(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.log: Log = Log(iter(range(elements)))

    def serve(self, subscriber: Subscriber[int]) -> None:
        Reader(subscriber, self.elements, self.log, 0).start()


@_shown.publisher(
    "",
    "sends all its Subscribers the same, from when they subscribe on",
    settings={"multicast": True},
    failed=FailedPublisher,
)
class MulticastPublisher(ReplayingPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        Reader(subscriber, self.elements, self.log, len(self.log)).start()


SHARING = tuple(_shown.exhibits)
