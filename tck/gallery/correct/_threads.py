"""Correct publishers that signal from threads of their own."""

from __future__ import annotations

import threading
from functools import partial
from typing import Final

from reactive_streams import UNBOUNDED, Subscriber
from tck.gallery.broken._base import RangeOutlet, Signal
from tck.gallery.broken._exhibit import Collection
from tck.gallery.correct._pool import OnPool, Pool
from tck.gallery.correct._publishers import FailingWith

_shown: Final = Collection()


class _Threaded(RangeOutlet):
    """Its thread waits for something to send, until the Subscriber is gone."""

    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber, elements)
        self.changed: threading.Condition = threading.Condition(self.lock)

    def start(self) -> None:
        threading.Thread(target=super().start, name="tck emitter", daemon=True).start()

    def drain(self) -> None:
        with self.changed:
            self.changed.notify()

    def drop(self) -> None:
        super().drop()
        self.changed.notify()

    def take(self) -> Signal | None:
        with self.changed:
            while self.subscriber is not None:
                signal = self.step(self.subscriber)
                if signal is not None:
                    return signal
                self.changed.wait()
            return None


@_shown.link("", "a thread for each Subscription", failed=partial(FailingWith, _Threaded))
class ThreadedPublisher(_Threaded):
    pass


@_shown.link("", "a thread for each Subscription, without an end", settings={"completes": False})
class EndlessThreadedPublisher(_Threaded):
    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber, UNBOUNDED)


_POOL: Final = Pool(8)


class _Pooled(OnPool, RangeOutlet):
    pool = _POOL


@_shown.link("", "a pool of threads for all", failed=partial(FailingWith, _Pooled))
class ThreadPoolPublisher(_Pooled):
    pass


THREADS = tuple(_shown.exhibits)
