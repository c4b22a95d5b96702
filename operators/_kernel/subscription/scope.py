"""Scope: what one subscription carries from downstream to upstream, and into its inner streams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import Any, ClassVar, Protocol

from operators._kernel.failures.checks import need_result
from operators._kernel.failures.failure import class_of, drop_error
from operators._kernel.hosts.pending import Part, Pending
from operators._kernel.plan.node import Node, Placed
from operators._kernel.subscription.home import Home
from operators._kernel.subscription.relay import EVERY


class Watcher(Protocol):
    """Looks at every link of a subscription; installed by `watching`, it costs nothing when absent."""

    splits: bool
    """Whether fused runs are to be taken apart, so that each operator's link is seen."""
    sees_links: bool
    """Whether it is given links at all; else it is told of the stages alone, and nothing runs otherwise."""

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber to be given to `node` in place of `downstream`."""
        ...

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        ...

    def discarded(self, node: Node | None) -> None:
        """Take note of an item that nobody will have, discarded at `node`, as far as that is known."""
        ...


WATCHER: ContextVar[Watcher | None] = ContextVar("operators_watcher", default=None)


class Everywhere:
    """What begins to watch each run in the process; None: those that say so, and no others."""

    begin: ClassVar[Any] = None


def is_watched(node: Node) -> bool:
    """Whether a run of the flow that is begun here and now is to be watched."""
    return node.watch is not None or Everywhere.begin is not None or WATCHER.get() is not None


def watcher_of(node: Node) -> Watcher | None:
    """Return who watches a run of the flow that is begun here and now."""
    watcher = WATCHER.get()
    if watcher is None and (begin := node.watch or Everywhere.begin) is not None:
        begun: Watcher = begin(node)
        return begun
    return watcher


_opening = threading.RLock()
_STEEP = 8  # flows opened in one another by calls in one another, of up to sixteen frames each


class Heirs:
    """What gets the discarded items of a run in a run further down: the scope that has them at the time."""

    __slots__ = ("find",)

    def __init__(self, find: Callable[[], Scope | None]) -> None:
        self.find: Callable[[], Scope | None] = find


class Scope:
    """The watcher and the discard function of one subscription, and how far down its consumer is."""

    __slots__ = (
        "_discard", "_home", "_pending", "_run", "around", "depth", "discards", "far", "place", "switch",
        "watcher",
    )  # fmt: skip

    def __init__(
        self,
        watcher: Watcher | None = None,
        discard: Callable[[Any], object] | Heirs | None = None,
        depth: int = 0,
        far: bool = False,
        run: Scope | None = None,
        around: int = 0,
        switch: Any = None,
    ) -> None:
        self.watcher: Watcher | None = watcher
        self._discard: Callable[[Any], object] | Heirs | None = discard
        self.discards: bool = discard is not None
        """Whether somebody receives what is discarded."""
        self.depth: int = depth
        """Stages between here and the consumer, those of the flows around this one included."""
        self.far: bool = far
        """Whether a flow that is opened here is to be kept apart by a Relay."""
        self.around: int = around
        """The flows around one that is opened here, each of which was opened inside of the one before."""
        self.switch: Any = switch
        """What ends the sources that are opened here when the run is drained; None: they are not its own."""
        self._run: Scope | None = run  # the first scope of the run, for all others
        self._pending: Pending | None = None
        self._home: Home | None = None
        self.place: Node | None = None
        """Whose scope it is, where it is watched, and is that of one operator alone."""

    @classmethod
    def current(cls, node: Node, switch: Any = None) -> Scope:
        """Return the scope that a subscription to the flow which is begun here and now has."""
        made = cls(watcher_of(node), switch=switch)
        made._home = Home()
        return made

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
    def home(self) -> Home:
        """The context of whoever has begun the run."""
        run = self._run or self
        home = run._home
        if home is None:
            run._home = home = Home()
        return home

    @property
    def part(self) -> Scope:
        """This scope for a part of its run, whose cleanup can be waited for by itself."""
        made = Scope(
            self.watcher, self._discard, self.depth, self.far, None, self.around, self.switch
        )
        made._pending = Part(self.pending)
        made._home = self.home
        made.place = self.place
        return made

    @property
    def settled(self) -> bool:
        """Whether its run has nothing to clean up."""
        pending = (self._run or self)._pending
        return pending is None or pending.idle

    def discarding(self, function: Callable[[Any], object]) -> Scope:
        """Return this scope with `function` to receive what is discarded."""
        run = self._run or self
        return Scope(self.watcher, function, self.depth, self.far, run, self.around, self.switch)

    def at(self, depth: int, *, roots: bool = False) -> Scope:
        """Return the scope of a stage further up, `depth` stages from the consumer.

        `roots` says that the flows it opens are the run's own sources, not made of what these gave.
        """
        far = depth // EVERY > self.depth // EVERY
        switch = self.switch if roots else None
        run = self._run or self
        return Scope(self.watcher, self._discard, depth, far, run, self.around + 1, switch)

    def inside(self, outer: Scope) -> Scope:
        """Return this scope for a flow that is the source of another one, in whose run it is."""
        run = outer._run or outer
        return Scope(self.watcher, self._discard, outer.depth, outer.far, run, outer.around)

    def beyond(
        self, watcher: Watcher | None, heir: Callable[[], Scope | None], switch: Any = None
    ) -> Scope:
        """Return the scope of a run of its own, whose items come to this place by one more stage.

        It has its own account of what is to be cleaned up, but is no nearer to the consumer. What it
        discards goes to the scope that `heir` finds.
        """
        depth = self.depth + 1
        far = self.far or depth // EVERY > self.depth // EVERY
        made = Scope(watcher, Heirs(heir), depth, far, None, self.around, switch)
        made._home = Home()
        return made

    @property
    def unswitched(self) -> Scope:
        """This scope for flows that go on when the sources of the run are ended."""
        if self.switch is None:
            return self
        run = self._run or self
        return Scope(self.watcher, self._discard, self.depth, self.far, run, self.around)

    @property
    def linked(self) -> bool:
        """Whether somebody watches the links, so that what runs is to have them."""
        return self.watcher is not None and self.watcher.sees_links

    @property
    def steep(self) -> bool:
        """Whether a flow that is opened here is not to be opened inside of the call that does so."""
        return bool(self.around) and not self.around % _STEEP

    @property
    def drained(self) -> bool:
        """Whether the sources that are opened here are to give nothing more."""
        return self.switch is not None and self.switch.thrown

    def discard(self, items: Iterable[Any]) -> None:
        """Hand items that can no longer be delivered to on_discard, each exactly once."""
        for item in items:
            scope: Scope | None = self
            while scope is not None:  # runs in runs, a thousand perhaps: no calls in calls
                scope = scope._hand_over(item)

    def _hand_over(self, item: Any) -> Scope | None:
        """Hand an item to on_discard, or return the scope that is to do so."""
        if self.watcher is not None:
            self.watcher.discarded(self.place)
        # By its class: what an object of somebody's own answers is its own business.
        if issubclass(class_of(item), Placed) and item.node.operator.discarded(self):
            return None
        discard = self._discard
        if discard is None:
            return None
        if isinstance(discard, Heirs):
            return discard.find()
        try:
            need_result("on_discard", "fn", self.home.run_back(partial(discard, item)))
        except Exception as error:
            drop_error(error, "raised by on_discard")
        return None


def deepest(scopes: Iterable[Scope]) -> Scope:
    """Return the one that is farthest from its consumer."""
    return max(scopes, key=_depth)


def _depth(scope: Scope) -> int:
    return scope.depth
