"""interval, timer: sources that time goes by in."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.failures.failure import BackpressureError, annotate
from operators._kernel.kinds import Source, refuse
from operators._kernel.links.serial import SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import Beats
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed

SHORTEST = 1e-9
"""Seconds between two ticks, at least: 0 would be a loop that never ends."""


class Interval(Source):
    """0, 1, 2, ... as time goes by.

    emits        a number at each tick: `delay` after the subscription, and every `period` from then on
    backpressures  a tick that comes without demand is an error; who loops has one that waits for it
    completes    never
    fails        with a BackpressureError at a tick for which there is no demand
    """

    __slots__ = ("_delay", "_period", "_scheduler")
    name = "interval"
    never_none = True
    polled = True
    asynchronous = True
    contract = Contract.EMITTER

    def __init__(self, period: float, delay: float | None, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "period", period, least=SHORTEST)
        if delay is not None:
            need_seconds(self.name, "delay", delay)
        self._period = period
        self._delay = period if delay is None else delay
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 1

    @property
    def details(self) -> str:
        return f"period={self._period}, delay={self._delay}"

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        _tick(self._delay, self._period, self._scheduler, downstream, node, scope)


class After(Source):
    """0, when some time has gone by.

    emits        0, `seconds` after the subscription, when there is demand
    backpressures  the item waits for demand
    completes    with the item
    fails        never
    """

    __slots__ = ("_scheduler", "_seconds")
    name = "timer"
    never_none = True
    polled = True
    asynchronous = True
    contract = Contract.ON_DEMAND

    def __init__(self, seconds: float, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 1

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        _tick(self._seconds, None, self._scheduler, downstream, node, scope)


def _tick(
    delay: float,
    period: float | None,
    scheduler: Scheduler,
    downstream: Any,
    node: Node,
    scope: Scope,
) -> None:
    try:
        stage = _TickStage(delay, period, scheduler, downstream, node, scope)
    except Exception as error:  # there is no worker to be had
        refuse(downstream, annotate(error, node))
        return
    stage.on_subscribe(NOWHERE)


class _TickStage(SerialStage):
    __slots__ = ("_beats", "_clock", "_delay", "_period", "_tick")

    def __init__(
        self,
        delay: float,
        period: float | None,
        scheduler: Scheduler,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._delay = delay
        self._period = period
        self._tick = 0
        self._clock = Timer(self, scheduler, self._ticked)

    def started(self) -> None:
        first = self._clock.now() + self._delay
        if self._period is None:
            self._clock.set(first)
            return
        self._beats = Beats(first, self._period)
        self._clock.set(self._beats.next())

    def _ticked(self, when: float) -> None:
        if self._period is None:
            self.put(0)
            self.finish()
            return
        wanted = 1 if self.polls else self.demand.value
        if len(self.outbox) >= wanted:
            self.abort(self._undelivered())
            return
        self.put(self._tick)
        self._tick += 1
        self._clock.set(self._beats.next())

    def _undelivered(self) -> BackpressureError:
        told = "the one before was not taken yet" if self.polls else "nobody had asked for it"
        return BackpressureError(
            f"{self.node.title}, written at {self.node.where}: tick {self._tick} is due, and {told}; "
            "put on_backpressure_drop(), on_backpressure_latest() or on_backpressure_buffer() after it"
        )
