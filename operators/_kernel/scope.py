"""Scope: what one subscription carries from downstream to upstream, and into its inner streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Protocol

from operators._kernel.failure import drop_error
from operators._kernel.node import Node
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


class Scope:
    """The watcher and the discard function of one subscription, and how far down its consumer is."""

    __slots__ = ("_discard", "depth", "far", "watcher")

    def __init__(
        self,
        watcher: Watcher | None = None,
        discard: Callable[[Any], object] | None = None,
        depth: int = 0,
        far: bool = False,
    ) -> None:
        self.watcher: Watcher | None = watcher
        self._discard = discard
        self.depth: int = depth
        """Stages between here and the consumer, those of the flows around this one included."""
        self.far: bool = far
        """Whether a flow that is opened here is to be kept apart by a Relay."""

    @classmethod
    def current(cls) -> Scope:
        """Return the scope that a subscription begun here and now has."""
        watcher = WATCHER.get()
        return cls(watcher) if watcher is not None else _PLAIN

    def discarding(self, function: Callable[[Any], object]) -> Scope:
        """Return this scope with `function` to receive what is discarded."""
        return Scope(self.watcher, function, self.depth, self.far)

    def at(self, depth: int) -> Scope:
        """Return the scope of a stage further up, `depth` stages from the consumer."""
        far = depth // EVERY > self.depth // EVERY
        return Scope(self.watcher, self._discard, depth, far)

    def inside(self, outer: Scope) -> Scope:
        """Return this scope for a flow that is the source of another one."""
        return Scope(self.watcher, self._discard, outer.depth, outer.far)

    def discard(self, items: Iterable[Any]) -> None:
        """Hand items that can no longer be delivered to on_discard, each exactly once."""
        if self._discard is None:
            return
        for item in items:
            try:
                self._discard(item)
            except Exception as error:
                drop_error(error, "raised by on_discard")


_PLAIN = Scope()
