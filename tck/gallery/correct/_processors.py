"""Correct identity Processors."""

from __future__ import annotations

from typing import Final

from reactive_streams import Subscriber
from tck.gallery.broken._exhibit import Collection
from tck.gallery.broken._relay import IdentityProcessor, RelayOutlet
from tck.gallery.correct._pool import OnPool, Pool

_shown: Final = Collection()


@_shown.processor("", "passes demand and elements on, and holds nothing")
class PassingProcessor(IdentityProcessor):
    pass


@_shown.processor("", "asks ahead, for what its buffer of 8 can hold", settings={"buffer": 8})
class BufferingProcessor(IdentityProcessor):
    def __init__(self) -> None:
        super().__init__()
        # Kept until there is an upstream; a second one is asked for nothing.
        self.upstream.request(8)

    def demanded(self, n: int) -> None:
        """Demand frees no place in the buffer; what is delivered does."""

    def delivered(self) -> None:
        self.upstream.request(1)


class _OnThread(OnPool, RelayOutlet):
    def __init__(self, subscriber: Subscriber[int], relay: IdentityProcessor) -> None:
        super().__init__(subscriber, relay)
        self.pool = Pool(1)


@_shown.processor("", "signals from a thread of its own")
class ThreadedProcessor(IdentityProcessor):
    outlet = _OnThread


PROCESSORS = tuple(_shown.exhibits)
