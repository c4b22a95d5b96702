"""Scope: what one subscription carries from downstream to upstream, and into its inner streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Protocol

from operators._kernel.failure import drop_error
from operators._kernel.node import Node


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

    __slots__ = ("_discard", "depth", "watcher")

    def __init__(
        self,
        watcher: Watcher | None = None,
        discard: Callable[[Any], object] | None = None,
        depth: int = 0,
    ) -> None:
        self.watcher: Watcher | None = watcher
        self._discard = discard
        self.depth: int = depth
        """Stages between here and the consumer, those of the flows around this one included."""

    @classmethod
    def current(cls) -> Scope:
        """Return the scope that a subscription begun here and now has."""
        watcher = WATCHER.get()
        return cls(watcher) if watcher is not None else _PLAIN

    def discarding(self, function: Callable[[Any], object]) -> Scope:
        """Return this scope with `function` to receive what is discarded."""
        return Scope(self.watcher, function, self.depth)

    def at(self, depth: int) -> Scope:
        """Return this scope for what is `depth` stages from the consumer."""
        return self if depth == self.depth else Scope(self.watcher, self._discard, depth)

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
