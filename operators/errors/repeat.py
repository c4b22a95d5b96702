"""repeat: a flow again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_result,
    need_seconds,
)
from operators._kernel.fusing.feed import Counted
from operators._kernel.kinds import IterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators.combining.concat_map import ConcatMap, given
from operators.schedulers import Scheduler
from operators.timing.delay_subscription import DelaySubscription
from reactive_streams import UNBOUNDED


class Repeat(ConcatMap):
    """The items of a flow that is subscribed to anew whenever it has completed.

    emits        what each run emits, one run after another
    backpressures  passes demand on; a run is asked for what the one before has left over of it
    completes    with the last run, or after one when until() is true
    fails        when a run does, or until raises
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(given, "repeat")


class Runs(IterableSource):
    """The same flow, as often as it is to run.

    emits        the flow, for each run
    backpressures  gives out no flow that was not asked for
    completes    with the last one, or when until() is true
    fails        when until raises
    """

    __slots__ = ("_later", "_node", "_times", "_until")
    name = "repeat"
    contract = Contract.ON_DEMAND

    def __init__(
        self,
        node: Node,
        times: int,
        until: Callable[[], object] | None,
        pause: float,
        scheduler: Scheduler | None,
    ) -> None:
        need_count("repeat", "times", times, least=0)
        need_seconds("repeat", "pause", pause)
        # Each run but the first begins some time after it is subscribed to.
        self._later = Node(DelaySubscription(pause, scheduler), node) if pause else node
        if until is not None:
            need_callable("repeat", "until", until)
        self._node = node
        self._times = times
        self._until = until

    @property
    def synchronous(self) -> bool:
        return self._later.synchronous

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._node, self._later)

    @property
    def details(self) -> str:
        times = "UNBOUNDED" if self._times == UNBOUNDED else self._times
        return f"times={times}{', until' if self._until is not None else ''}"

    def iterator(self) -> Iterator[Any]:
        return _Again(self._node, self._later, self._times, self._until)


class _Again(Counted):
    __slots__ = ("_begun", "_later", "_left", "_node", "_until")

    def __init__(
        self, node: Node, later: Node, times: int, until: Callable[[], object] | None
    ) -> None:
        self._node = node
        self._later = later
        self._left = times
        self._until = until
        self._begun = False

    def __length_hint__(self) -> int:
        return self._left

    def __next__(self) -> Node:
        if self._left and self._begun and self._until is not None:
            over = self._until()
            need_result("repeat", "until", over)
            if over:
                self._left = 0
        if not self._left:
            raise StopIteration
        node = self._later if self._begun else self._node
        self._begun = True
        if self._left != UNBOUNDED:
            self._left -= 1
        return node
