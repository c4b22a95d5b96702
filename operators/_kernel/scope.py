"""Scope: what one subscription carries from downstream to upstream, and into its inner streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Protocol

from operators._kernel.checks import need_result
from operators._kernel.failure import drop_error
from operators._kernel.loops import LoopLease
from operators._kernel.node import Node
from operators._kernel.pending import Pending
from operators._kernel.relay import EVERY


class Watcher(Protocol):
    """Looks at every link of a subscription; installed by `watching`, it costs nothing when absent."""

    splits: bool
    """Whether fused runs are to be taken apart, so that each operator's link is seen."""

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber to be given to `node` in place of `downstream`."""
        ...

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        ...


WATCHER: ContextVar[Watcher | None] = ContextVar("operators_watcher", default=None)


_opening = threading.RLock()


class Scope:
    """The watcher and the discard function of one subscription, and how far down its consumer is."""

    __slots__ = ("_discard", "_pending", "_run", "depth", "far", "watcher")

    def __init__(
        self,
        watcher: Watcher | None = None,
        discard: Callable[[Any], object] | None = None,
        depth: int = 0,
        far: bool = False,
        run: Scope | None = None,
    ) -> None:
        self.watcher: Watcher | None = watcher
        self._discard = discard
        self.depth: int = depth
        """Stages between here and the consumer, those of the flows around this one included."""
        self.far: bool = far
        """Whether a flow that is opened here is to be kept apart by a Relay."""
        self._run: Scope | None = run  # the first scope of the run, for all others
        self._pending: Pending | None = None

    @classmethod
    def current(cls) -> Scope:
        """Return the scope that a subscription begun here and now has."""
        return cls(WATCHER.get())

    @property
    def pending(self) -> Pending:
        """What the run of this scope, which others may share, has still to clean up."""
        run = self._run or self
        if run._pending is None:
            made = Pending()
            with _opening:
                if run._pending is None:
                    run._pending = made
        return run._pending

    @property
    def settled(self) -> bool:
        """Whether its run has nothing to clean up."""
        pending = (self._run or self)._pending
        return pending is None or pending.idle

    def lease(self, loop: asyncio.AbstractEventLoop | None = None) -> LoopLease:
        """Return a lease on `loop`, the running one or the library's own; the run is over only after it.

        Whoever holds it releases it exactly once, when its cleanup, awaits included, is over.
        """
        return LoopLease(loop, self.pending)

    def discarding(self, function: Callable[[Any], object]) -> Scope:
        """Return this scope with `function` to receive what is discarded."""
        return Scope(self.watcher, function, self.depth, self.far, self._run or self)

    def at(self, depth: int) -> Scope:
        """Return the scope of a stage further up, `depth` stages from the consumer."""
        far = depth // EVERY > self.depth // EVERY
        return Scope(self.watcher, self._discard, depth, far, self._run or self)

    def inside(self, outer: Scope) -> Scope:
        """Return this scope for a flow that is the source of another one, in whose run it is."""
        return Scope(self.watcher, self._discard, outer.depth, outer.far, outer._run or outer)

    @property
    def discards(self) -> bool:
        """Whether somebody receives what is discarded."""
        return self._discard is not None

    def discard(self, items: Iterable[Any]) -> None:
        """Hand items that can no longer be delivered to on_discard, each exactly once."""
        if self._discard is None:
            return
        for item in items:
            try:
                need_result("on_discard", "fn", self._discard(item))
            except Exception as error:
                drop_error(error, "raised by on_discard")
