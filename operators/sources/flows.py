"""Given flows, as the outer source of a concat or a merge."""

from __future__ import annotations

from collections.abc import Iterator
from operator import length_hint
from typing import Any

from operators._kernel.failures.failure import annotate
from operators._kernel.fusing.feed import Counted
from operators._kernel.kinds import DeferredSource, Failed, IterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, watch_of
from operators._kernel.subscription.scope import WATCHER


class FromFlows(IterableSource):
    """Flows that an operator was given, some of them perhaps before the others.

    emits        each flow, for each one asked for
    backpressures  gives out no flow that was not asked for
    completes    with the last flow
    fails        never
    """

    __slots__ = ("_added", "_earlier", "_flat", "_nesting", "_synchronous", "_watch", "count")
    name = "flows"
    contract = Contract.ON_DEMAND
    certain = True

    def __init__(self, added: tuple[Node, ...], earlier: FromFlows | None = None) -> None:
        self._added = added
        self._earlier = earlier  # so that adding to many flows takes no longer than to a few
        self._flat: tuple[Node, ...] | None = None
        self.count: int = len(added)
        self._nesting = max([self.depth(flow) for flow in added], default=0)
        self._synchronous = all(flow.synchronous for flow in added)
        self._watch: Any = watch_of(added)
        if earlier is not None:
            self.count += earlier.count
            self._watch = self._watch or earlier.watch
            self._nesting = max(self._nesting, earlier.nesting)
            self._synchronous = self._synchronous and earlier.synchronous

    def depth(self, flow: Node) -> int:
        """Return how deep a flow of them makes this one."""
        return flow.nesting + 1

    @property
    def nesting(self) -> int:
        return self._nesting

    @property
    def synchronous(self) -> bool:
        return self._synchronous

    @property
    def safe(self) -> bool:
        return True

    @property
    def watch(self) -> Any:
        return self._watch

    @property
    def flows(self) -> tuple[Node, ...]:
        if self._flat is None:
            parts: list[tuple[Node, ...]] = []
            each: FromFlows | None = self
            while each is not None:
                parts.append(each._added)
                each = each._earlier
            self._flat = tuple([flow for part in reversed(parts) for flow in part])
        return self._flat

    @property
    def details(self) -> str:
        return str(self.count)

    def iterator(self) -> Iterator[Any]:
        return iter(self.flows)


class InARow(FromFlows):
    """Flows that are to run one after another; one that is such a row itself is a part of this one.

    emits        each flow, for each one asked for
    backpressures  gives out no flow that was not asked for
    completes    with the last flow
    fails        never
    """

    __slots__ = ()

    def depth(self, flow: Node) -> int:
        return flow.nesting + (row_of(flow) is None)

    def iterator(self) -> Iterator[Any]:
        # Who watches is to see each operator's link.
        return iter(self.flows) if WATCHER.get() is not None else _Unrolled(self.flows)


def row_of(flow: Node) -> InARow | None:
    """Return the flows of a concat, and None for any other flow."""
    source = flow.upstream
    if source is None or flow.label or not isinstance(source.operator, InARow):
        return None
    return source.operator


_MOST_DEFERRED = 1_000


class _Unrolled(Counted):
    """Gives the flows, and those of a concat among them in its place, at any depth.

    So a flow that goes on by `concat` and `defer`, page after page, is one row, not one inside of another.
    """

    def __init__(self, flows: tuple[Node, ...]) -> None:
        self._rows: list[Iterator[Node]] = []
        self._push(flows)

    def __length_hint__(self) -> int:
        return len(self._rows)

    def _push(self, flows: tuple[Node, ...]) -> None:
        if flows:
            self._rows.append(iter(flows))

    def __next__(self) -> Node:
        deferred = 0
        while self._rows:
            row = self._rows[-1]
            flow = next(row)
            if not length_hint(row):
                self._rows.pop()
            while flow.upstream is None and isinstance(flow.operator, DeferredSource):
                deferred += 1
                if deferred > _MOST_DEFERRED:
                    return flow
                try:
                    made = flow.operator.resolve()
                except Exception as error:
                    return Node(Failed(annotate(error, flow)), site=flow.site)
                flow = made
            inside = row_of(flow)
            if inside is None:
                return flow
            self._push(inside.flows)
        raise StopIteration
