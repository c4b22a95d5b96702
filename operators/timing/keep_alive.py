"""keep_alive: another item where none comes for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result, need_seconds
from operators._kernel.kinds import Link, none_error
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.timing.interval import SHORTEST


class KeepAlive(Link):
    """Upstream's items, and one of fn() where none has come for some time.

    emits        each item; what fn gives when no item has come for `seconds`, if one is asked for
    backpressures  asks upstream for one item, and for the next when that is delivered
    completes    when upstream does
    fails        when upstream does, or fn raises
    """

    __slots__ = ("_fn", "_scheduler", "_seconds")
    name = "keep_alive"
    polled = True
    asynchronous = True
    contract = Contract.PREFETCH

    def __init__(self, seconds: float, fn: Callable[[], Any], scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds, least=SHORTEST)
        need_callable(self.name, "fn", fn)
        self._seconds = seconds
        self._fn = fn
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 1

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _KeepAliveStage(self._seconds, self._fn, self._scheduler, downstream, node, scope)


class _KeepAliveStage(SerialStage):
    __slots__ = ("_clock", "_fn", "_held", "_idles", "_last", "_seconds")

    def __init__(
        self,
        seconds: float,
        fn: Callable[[], Any],
        scheduler: Scheduler,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._seconds = seconds
        self._fn = fn
        self._held = 0
        self._last = 0.0
        self._idles = 1  # periods from the last item to the time for which the clock is set
        self._clock = Timer(self, scheduler, self._idle)

    def started(self) -> None:
        self._last = now = self._clock.now()
        self._clock.set(now + self._seconds)
        self.upstream.request(1)

    def item(self, item: Any) -> None:
        self._last = self._clock.now()
        self._idles = 1
        self.put((item,))

    def poll(self) -> Any:
        item: Any = super().poll()
        if item is EMPTY:
            return item
        if isinstance(item, _Made):
            return item.item
        self._held += 1
        return item[0]

    def consumed(self, n: int) -> None:
        held, self._held = self._held, 0
        if held and not self.finished:
            self.upstream.request(held)

    def held(self) -> list[Any]:
        held: list[Any] = super().held()
        return [item.item if isinstance(item, _Made) else item[0] for item in held]

    def _idle(self, when: float) -> None:
        due = self._due()
        if due > when:
            self._clock.set(due)
            return
        if not self.outbox and (self.polls or self.demand.value):
            made = self._fn()
            need_result(self.node.operator.name, "fn", made)
            if made is None:
                raise none_error(self.node)
            self.put(_Made(made))
        self._idles += 1
        self._clock.set(self._due())

    def _due(self) -> float:
        return self._last + self._idles * self._seconds


class _Made:
    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item
