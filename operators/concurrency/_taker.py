"""Taker: what the calls of map_async know of the stage that they work for."""

from __future__ import annotations

from typing import Protocol

from operators.concurrency._call import Call


class Taker(Protocol):
    """Takes over calls that are over, from any thread."""

    def keep(self, call: Call) -> bool:
        """Take over a call that is over, once; return whether no other has waited to be delivered."""
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
