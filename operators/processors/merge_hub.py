"""MergeHub: the items of sources that are attached while it runs, for one Subscriber."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import TypeVar

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_exception,
    need_result,
)
from operators._kernel.failures.failure import drop_error
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim, Demand
from operators._kernel.subscription.scope import Scope
from operators.combining.concat_map import given
from operators.combining.flat_map import FlatMap
from operators.flow import Flow
from operators.processors.casting import Casting
from operators.processors.pushed import Emitted
from operators.sources.publisher import as_node

if TYPE_CHECKING:
    from reactive_streams import Publisher

T = TypeVar("T")


class _Merged(FlatMap):
    """The items of the sources that are attached to a hub.

    emits        items of the sources as they come, taking turns where several have some
    backpressures  asks each source for `prefetch` items ahead, once the hub has its Subscriber
    completes    when the hub was completed and all sources have ended
    fails        when the hub is given an error; a source that fails only ends
    """

    __slots__ = ("on_error", "places")

    def __init__(
        self, sources: int, prefetch: int, on_error: Callable[[Exception], object] | None
    ) -> None:
        need_count("MergeHub", "sources", sources)
        super().__init__(given, sources, prefetch, "MergeHub")
        if on_error is not None:
            need_callable(self.name, "on_error", on_error)
        self.on_error: Callable[[Exception], object] | None = on_error
        self.places: Demand = Demand()
        """What is left of the number of sources."""
        self.places.add(sources)


class _Attached(Link):
    """A source of a hub.

    emits        each item
    backpressures  passes demand on
    completes    when the source does, or fails
    fails        never
    """

    __slots__ = ("_hub",)
    name = "attach"
    keeps = True
    contract = Contract.PASS_THROUGH

    def __init__(self, hub: _Merged) -> None:
        self._hub = hub

    def discarded(self, scope: Scope) -> bool:
        return True  # it was never subscribed to, and has no items

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _AttachedStage(self._hub, downstream, node, scope)


class _AttachedStage(Stage):
    __slots__ = ("_hub", "_place")

    def __init__(self, hub: _Merged, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._hub = hub
        self._place = Claim()

    def on_error(self, error: Exception) -> None:
        on_error = self._hub.on_error
        try:
            if on_error is None or self.done:
                drop_error(error, f"in a source of a MergeHub; {self.node.where}")
            else:
                need_result("MergeHub", "on_error", on_error(error))
        except Exception as raised:
            drop_error(raised, f"raised by on_error of a MergeHub; {self.node.where}")
        self.on_complete()

    def on_complete(self) -> None:
        self._give_back()
        super().on_complete()

    def cancel(self) -> None:
        self._give_back()
        super().cancel()

    def _give_back(self) -> None:
        if self._place.take():
            self._hub.places.add(1)


class MergeHub(Flow[T]):
    """Gives one Subscriber the items of sources that are attached to it at any time, from any thread.

    The sources take turns, and each is asked for `prefetch` items ahead: for no more than the Subscriber
    takes, and for nothing before it is there. At most `sources` are attached at once. A source that ends
    leaves the hub, and makes room for another; so does one that fails, whose error is given to `on_error`,
    or else to the hook for dropped errors. When the Subscriber leaves, all sources are cancelled.

    >>> from operators import Flow
    >>> from operators.processors import MergeHub
    >>> hub = MergeHub()
    >>> run = hub.for_each(print)
    >>> hub.attach(Flow.of("a", "b"))
    a
    b
    <Emitted.OK: 'the item was taken in'>
    >>> hub.complete(), bool(hub.attach(Flow.of("c")))
    (True, False)
    """

    __slots__ = ()
    derived: ClassVar[type[Any] | None] = Flow

    def __init__(
        self,
        *,
        sources: int = 64,
        prefetch: int = 32,
        on_error: Callable[[Exception], object] | None = None,
    ) -> None:
        merged = _Merged(sources, prefetch, on_error)
        entry = Casting("MergeHub", sources, hold=True, single=True)
        super().__init__(Node(merged, Node(entry)))

    @property
    def _merged(self) -> _Merged:
        merged: _Merged = self.node.operator
        return merged

    @property
    def _entry(self) -> Casting:
        assert self.node.upstream is not None
        entry: Casting = self.node.upstream.operator
        return entry

    @property
    def attached(self) -> int:
        """The number of sources that are attached now."""
        return self._merged.concurrency - self._merged.places.value

    def attach(self, source: Publisher[T]) -> Emitted:
        """Attach a flow, or anybody's Publisher, and return OK, which is true, or why it was not.

        OVERFLOW: there are as many as may be; CANCELLED: the Subscriber has left; TERMINATED: the hub was
        completed, or has failed. It is subscribed to here when the Subscriber is there, and later when that
        comes. A synchronous one is run by whoever gives it demand, here perhaps: with
        `subscribe_on(thread())` it runs elsewhere. Raises TypeError for what is no Publisher.
        """
        merged = self._merged
        node = as_node("MergeHub", "source", source)
        if not merged.places.take(1):
            over = self._entry.core.ended
            return self._refusal() if over else Emitted.OVERFLOW
        if self._entry.core.offer(Flow(Node(_Attached(merged), node))):
            return Emitted.OK
        merged.places.add(1)
        return self._refusal()

    def _refusal(self) -> Emitted:
        return Emitted.CANCELLED if self._entry.cancelled else Emitted.TERMINATED

    def complete(self) -> bool:
        """Take no more sources, and complete when those that are attached have ended; False: it was over."""
        return self._entry.core.end(None)

    def fail(self, error: Exception) -> bool:
        """End with an error, for which all sources are cancelled; False: it was over."""
        need_exception("fail", error)
        return self._entry.core.end(error)
