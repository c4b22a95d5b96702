"""throttle: as many items a second as a rate allows, and none is lost."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import brief
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, Timer, nothing
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Demand, demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed

_LOOK = 0.1
"""Seconds between two looks at a rate that is a function, while an item waits."""


class Throttle(Link):
    """The same items, no faster than a bucket of tokens allows.

    emits        each item when the bucket has the tokens that it costs
    backpressures  asks upstream for one item, and for the next when that is delivered
    completes    when upstream has and its last item is delivered
    fails        when upstream does, after that; when cost or rate raises, or gives what is no number
    """

    __slots__ = ("_burst", "_cost", "_rate", "_scheduler")
    name = "throttle"
    keeps = True
    polled = True
    asynchronous = True
    contract = Contract.PREFETCH

    def __init__(
        self,
        rate: float | Callable[[], float],
        burst: float,
        cost: Callable[[Any], float] | None,
        scheduler: Scheduler | None,
    ) -> None:
        if callable(rate):
            need_callable(self.name, "rate", rate)
        else:
            _need_number("rate", rate, over=0)
        _need_number("burst", burst, over=0)
        if cost is not None:
            need_callable(self.name, "cost", cost)
        self._rate = rate
        self._burst = burst
        self._cost = cost
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 1

    @property
    def details(self) -> str:
        rate = "a function" if callable(self._rate) else self._rate
        return f"rate={rate}, burst={self._burst}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        bucket = _Bucket(self._rate, self._burst, self._cost)
        return _ThrottleStage(bucket, self._scheduler, downstream, node, scope)


def _need_number(name: str, value: Any, over: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"throttle: {name} must be a number, got {brief(value)}")
    if not (value > over and isfinite(value)):
        raise ValueError(f"throttle: {name} must be over {over} and finite, got {brief(value)}")


class _Bucket:
    """Tokens, of which there are more as time goes by, `burst` at most."""

    __slots__ = ("_burst", "_cost", "_rate", "_then", "_tokens", "stands")

    def __init__(
        self,
        rate: float | Callable[[], float],
        burst: float,
        cost: Callable[[Any], float] | None,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._cost = cost
        self._tokens = burst
        self._then: float | None = None
        self.stands: bool = False
        """Whether the rate was 0 when it was looked at last."""

    def cost_of(self, item: Any) -> float:
        """Return the tokens that an item costs."""
        if self._cost is None:
            return 1.0
        return _number("cost", self._cost(item))

    def _now(self) -> float:
        rate = _number("rate", self._rate()) if callable(self._rate) else self._rate
        self.stands = not rate
        return rate

    def take(self, cost: float, now: float) -> float:
        """Take the tokens, and return 0; or return in how many seconds to look again.

        What costs more than there is room for waits for a full bucket, and leaves a debt.
        """
        rate = self._now()
        then, self._then = self._then, now
        if then is not None:
            self._tokens = min(self._burst, self._tokens + (now - then) * rate)
        lacks = min(cost, self._burst) - self._tokens
        # A billionth is what rounding may take off: the tokens of ten times 0.1 seconds are one.
        if lacks <= 1e-9 * max(cost, 1.0):
            self._tokens -= cost
            return 0.0
        if not callable(self._rate):
            return lacks / rate
        return min(lacks / rate, _LOOK) if rate else _LOOK


def _number(name: str, value: Any) -> float:
    need_result("throttle", name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"throttle: {name} must give a number, got {brief(value)}")
    if not (value >= 0 and isfinite(value)):
        raise ValueError(f"throttle: {name} must give 0 or more, and finite, got {brief(value)}")
    return value


class _ThrottleStage(SerialStage):
    __slots__ = (
        "_bucket", "_clock", "_completed", "_cost", "_error", "_pulled", "_waiting", "_wanted",
    )  # fmt: skip

    def __init__(
        self, bucket: _Bucket, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._bucket = bucket
        self._waiting: Any = EMPTY
        self._cost = 0.0
        self._wanted = Demand()  # tokens are taken for what was asked for, and not before
        self._pulled = False
        self._completed = False
        self._error: Exception | None = None  # comes after the item that waits
        self._clock = Timer(self, scheduler, self._look)

    @property
    def occupied(self) -> int:
        return len(self.outbox) + (self._waiting is not EMPTY)

    def held_up(self) -> str:
        if self._waiting is EMPTY or not self._wanted.value:
            return ""
        if self._bucket.stands:
            return "its rate is 0"
        due = self._clock.due
        return "" if due is None else f"its next item is due in {due - self._clock.now():.1f} s"

    def started(self) -> None:
        self.upstream.request(1)

    def consumed(self, n: int) -> None:
        if not (self.finished or self._completed):
            self.upstream.request(n)

    def request(self, n: int) -> None:
        super().request(n)
        n = plain(n)
        if demand_error(n) is None:
            self._wanted.add(n)
            self.tell_back(self._look, 0.0)

    def poll(self) -> Any:
        item = super().poll()
        if item is EMPTY and self.polls and self._waiting is not EMPTY:
            self._pulled = True
            self.tell(self._look, 0.0, nothing)
            self._pulled = False
            item = super().poll()
        return item

    def item(self, item: Any) -> None:
        self._cost = self._bucket.cost_of(item)
        self._waiting = item
        self._look(0.0)

    def _look(self, _: float) -> None:
        if self._waiting is EMPTY:
            return
        if self.polls:
            if not self._pulled:
                self.schedule()  # whoever polls is to do so again
                return
        elif not self._wanted.value:
            return
        now = self._clock.now()
        seconds = self._bucket.take(self._cost, now)
        if seconds:
            self._clock.set(now + seconds)
            return
        self._clock.unset()
        item, self._waiting = self._waiting, EMPTY
        self._wanted.take(1)
        self.put(item)
        if self._completed:
            self.finish(self._error)

    def ended(self, _: None) -> None:
        self._end(None)

    def failed(self, error: Exception) -> None:
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        if self._waiting is EMPTY:
            self.finish(error)
        else:
            self._completed = True
            self._error = error

    def kept(self) -> tuple[Any, ...]:
        waiting, self._waiting = self._waiting, EMPTY
        return () if waiting is EMPTY else (waiting,)

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        error, self._error = self._error, None
        if error is not None and not self.finished:
            self.too_late(error)
        super().drop_waiting(signalled)
