"""sample: the latest item, every so often."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import Other, SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import Beats
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.sources.publisher import as_node
from operators.timing.interval import SHORTEST
from reactive_streams import UNBOUNDED


def time_or_flow(operator: str, name: str, value: Any, least: float = 0.0) -> float | Node:
    """Return seconds as they are, and the node of a flow; raise TypeError or ValueError for all else."""
    if isinstance(value, (int, float)) or hasattr(value, "total_seconds"):
        need_seconds(operator, name, value, least=least)
        return float(value)
    return as_node(operator, name, value)


class Sample(Link):
    """Of the items that came since the time before, the latest.

    emits        the latest item at each time, where one has come since the last; and with the end
    backpressures  asks both flows without bound; keeps the latest item, and one that waits for demand
    completes    when upstream has, after the latest item; when the flow that gives the times has
    fails        when upstream has, or the flow that gives the times
    """

    __slots__ = ("_by", "_scheduler")
    name = "sample"
    keeps = True
    polled = True
    asynchronous = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, by: Any, scheduler: Scheduler | None) -> None:
        self._by = time_or_flow(self.name, "by", by, SHORTEST)
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 2

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._by,) if isinstance(self._by, Node) else ()

    @property
    def details(self) -> str:
        return "by a flow" if isinstance(self._by, Node) else f"by={self._by}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SampleStage(self._by, self._scheduler, downstream, node, scope)


class LatestStage(SerialStage):
    """Keeps the latest item until it is to be put out."""

    __slots__ = ("latest",)

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.latest: Any = EMPTY

    @property
    def occupied(self) -> int:
        return len(self.outbox) + (self.latest is not EMPTY)

    def started(self) -> None:
        self.upstream.request(UNBOUNDED)

    def item(self, item: Any) -> None:
        latest, self.latest = self.latest, item
        if latest is not EMPTY:
            self.drop(latest)

    def put_out(self) -> None:
        """Put the latest item out, where there is one, in place of one that waits for demand."""
        latest, self.latest = self.latest, EMPTY
        if latest is not EMPTY:
            self.put_latest(latest)

    def ended(self, _: None) -> None:
        self.put_out()
        self.finish()

    def kept(self) -> tuple[Any, ...]:
        latest, self.latest = self.latest, EMPTY
        return () if latest is EMPTY else (latest,)


class _SampleStage(LatestStage):
    __slots__ = ("_beats", "_by", "_clock")

    def __init__(
        self, by: float | Node, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._by = by
        self._clock = None if isinstance(by, Node) else Timer(self, scheduler, self._tick)

    def started(self) -> None:
        if isinstance(self._by, Node):
            subscribe(self._by, Other(self, self._told, self._no_more), self.scope)
        else:
            assert self._clock is not None
            self._beats = Beats(self._clock.now() + self._by, self._by)
            self._clock.set(self._beats.next())
        super().started()

    def _tick(self, when: float) -> None:
        assert self._clock is not None
        self.put_out()
        self._clock.set(self._beats.next())

    def _told(self, _: Any) -> None:
        self.put_out()

    def _no_more(self, _: None) -> None:
        self.put_out()
        self.stop()
