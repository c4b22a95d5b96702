"""with_latest_from: each item, with the latest of other flows."""

from __future__ import annotations

from typing import Any

from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage
from operators._kernel.links.sides import Side
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.demand import Demand, demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node
from reactive_streams import UNBOUNDED


class WithLatestFrom(Link):
    """Tuples of an item of upstream and the latest item of each other flow.

    emits        a tuple for each item of upstream, but for those before all other flows have had one
    backpressures  passes demand on, and asks for another item in place of each that it leaves out; the
                 others are asked without bound
    completes    when upstream has, or one of the others without an item
    fails        when one of the flows does
    """

    __slots__ = ("_others",)
    name = "with_latest_from"
    contract = Contract.REPLACES
    asynchronous = True
    polled = True
    never_none = True
    strict = True

    def __init__(self, others: tuple[Any, ...]) -> None:
        self._others = tuple(as_node(self.name, "others", other) for other in others)

    @property
    def holds(self) -> int:
        return len(self._others) + 1

    @property
    def flows(self) -> tuple[Node, ...]:
        return self._others

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _WithLatestFromStage(self._others, downstream, node, scope)


class _WithLatestFromStage(SerialStage):
    __slots__ = (
        "_asked",
        "_latest",
        "_nodes",
        "_open",
        "_places",
        "_unbounded",
        "_used",
        "_waiting",
    )

    def __init__(self, others: tuple[Node, ...], downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._nodes = others
        self._places: dict[Side, int] = {}
        self._latest: list[Any] = [EMPTY] * len(others)
        self._used = [True] * len(others)
        self._asked = True  # not before the others are subscribed to
        self._open = False
        self._unbounded = False
        self._waiting = Demand()  # what was asked for until they were

    def started(self) -> None:
        for place, other in enumerate(self._nodes):
            side = Side(self, self._came, self._side_over, UNBOUNDED)
            self._places[side] = place
            subscribe(other, side, self.scope)
        self._asked = False
        self._open = True
        if self.polls:
            self.schedule()
        else:
            self._ask()

    def request(self, n: int) -> None:
        if demand_error(n := plain(n)) is None and not self.over:
            self.demand.add(n)
            self._waiting.add(n)
            self._ask()
        else:
            super().request(n)

    def _ask(self) -> None:
        if self._open and (n := self._waiting.take(UNBOUNDED)):
            self._unbounded = self._unbounded or n == UNBOUNDED
            self.upstream.request(n)

    def poll(self) -> Any:
        if not self.polls:
            return super().poll()  # what comes was asked for
        value = super().poll()
        if value is EMPTY and not self._asked and not self.over:
            self._asked = True
            self.upstream.request(1)
            value = super().poll()
        return value

    def item(self, item: Any) -> None:
        self._asked = False
        if EMPTY in self._latest:
            self.drop(item)
            if self.polls:
                self.schedule()
            elif not self._unbounded:
                self.upstream.request(1)
            return
        self._used = [True] * len(self._used)
        self.put((item, *self._latest))

    def _came(self, side: Side, item: Any) -> None:
        place = self._places[side]
        before, self._latest[place] = self._latest[place], item
        if not self._used[place]:
            self.drop(before)
        self._used[place] = False

    def _side_over(self, side: Side) -> None:
        if self._latest[self._places[side]] is EMPTY:
            self.stop()

    def kept(self) -> list[Any]:
        latest, self._latest = self._latest, [EMPTY] * len(self._latest)
        used, self._used = self._used, [True] * len(latest)
        return [item for item, had in zip(latest, used, strict=True) if not had]
