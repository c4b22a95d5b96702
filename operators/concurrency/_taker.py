"""Taker: what the calls of map_async know of the stage that they work for."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from operators.concurrency._call import Call


class Taker(Protocol):
    """Takes over calls that are over, from any thread."""

    ready: deque[Call]
    """The calls that are over and wait to be delivered, or to be seen in their turn."""

    @property
    def name(self) -> str:
        """What the operator is called."""
        ...

    polls: bool
    """Whether somebody takes the results who pulls, and is not pushed to."""
    over: bool
    """Whether nobody delivers any more, so that whoever puts a call to them is to discard it."""

    def keep(self, call: Call) -> None:
        """Take over a call that is over, once."""
        ...

    def discard_late(self) -> None:
        """Discard the calls that wait, since it is over."""
        ...

    def schedule(self) -> None:
        """Have those that were taken over delivered."""
        ...

    def refused(self, error: Exception, call: Call) -> None:
        """End the stream, since a call could not be begun; the call is still to be kept."""
        ...

    def lost(self, error: Exception) -> None:
        """End the stream here and now, since whoever was to run the drain never will."""
        ...
