"""Side: one of the flows of a stage of several, with a part of what the stage may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.links.inbox import replenish_at
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import Other, SerialStage
from reactive_streams import UNBOUNDED


class Side(Other):
    """Asks for `prefetch` items, and for more when three quarters have left the stage."""

    __slots__ = ("_came", "_left", "_limit", "_out", "over")

    def __init__(
        self,
        stage: SerialStage,
        came: Callable[[Side, Any], object],
        out: Callable[[Side], object],
        prefetch: int,
    ) -> None:
        super().__init__(stage, self._told, self._ended_too, prefetch)
        self._came = came
        self._out = out
        self._limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self._left = 0
        self.over: bool = False
        """Whether it has completed."""

    def _told(self, item: Any) -> None:
        self._came(self, item)

    def _ended_too(self, _: None) -> None:
        self.over = True
        self._out(self)

    def left(self, n: int = 1) -> None:
        """Take note that `n` of its items are no longer in the stage; for one thread at a time."""
        self._left += n
        if self._left >= self._limit and not self._over:
            n, self._left = self._left, 0
            self.upstream.request(n)


class Main:
    """The upstream of a stage, as a side of it."""

    __slots__ = ("_left", "_limit", "_prefetch", "_stage", "over")

    def __init__(self, stage: SerialStage, prefetch: int) -> None:
        self._stage = stage
        self._prefetch = prefetch
        self._limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self._left = 0
        self.over: bool = False
        """Whether it has completed."""

    def begin(self) -> None:
        """Ask for the first items."""
        self._stage.upstream.request(self._prefetch)

    def left(self, n: int = 1) -> None:
        """Take note that `n` of its items are no longer in the stage; for one thread at a time."""
        self._left += n
        if self._left >= self._limit and not self.over:
            n, self._left = self._left, 0
            self._stage.upstream.request(n)


class SidedStage(SerialStage):
    """Puts out values that each take the place of one item of one side, until they are emitted.

    What is known of a value waits with it, in one entry: who emits and who discards may be two threads.
    """

    __slots__ = ()

    def put_for(self, side: Side | Main, value: Any, lost: tuple[Any, ...]) -> None:
        """Have the value emitted; `lost` is what is discarded where it is not."""
        self.outbox.append((side, value, lost))

    def deliver(self, wanted: int) -> int:
        emit = self.downstream.on_next
        outbox = self.outbox
        emitted = 0
        while outbox and emitted != wanted:
            try:
                side, value, _ = outbox.popleft()
            except IndexError:
                break  # who discards has been quicker
            side.left()
            emit(value)
            emitted += 1
            if self.cancelled or self.bad is not None or (self.due and self.pauses()):
                break
        return emitted

    def poll(self) -> Any:
        entry = super().poll()
        if entry is EMPTY:
            return EMPTY
        side, value, _ = entry
        side.left()
        return value

    def held(self) -> list[Any]:
        held: list[Any] = []
        while (entry := super().poll()) is not EMPTY:
            held += entry[2]
        return held
