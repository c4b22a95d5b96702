"""circuit_breaker: where too many runs fail, the next ones are not begun for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_seconds
from operators._kernel.failures.failure import brief
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.breaker import MOST_CALLS, Breaker, Permit
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope
from operators.errors.backoff import is_meant, need_errors, need_number
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.sources.publisher import as_node


class CircuitOpenError(RuntimeError):
    """A run was not begun, since too many before it have failed; `left` is in how many seconds one may be."""

    def __init__(self, message: str, left: float = 0.0) -> None:
        super().__init__(message, left)
        self.left: float = left

    def __str__(self) -> str:
        return str(self.args[0])


class CircuitBreaker:
    """What the runs of one or many flows share, so that a service which fails is left in peace.

    It opens, and lets no run begin, after `failures` failed ones within `window` seconds (5, where neither
    this nor a rate is given); or, with a `rate` from 0.001 to 1, when such a part of the runs within `window`
    has failed, of `least` at least, and of the last thousand at most. After `rest` seconds it lets `probes`
    runs begin: when they succeed it closes, and with the first that fails it opens again. `on` says which
    errors are failures: a class, a tuple of classes, or a function of the error. A run that is cancelled has
    succeeded if it has given an item, and else counts as none. It may be used from many threads. Raises
    ValueError for numbers that make no sense.

    >>> from operators import CircuitBreaker, Flow
    >>> breaker = CircuitBreaker(failures=2, rest=60)
    >>> flow = (
    ...     Flow.of(1)
    ...     .map(lambda n: n // 0)
    ...     .circuit_breaker(breaker)
    ...     .on_error_resume(lambda error: Flow.of(type(error).__name__))
    ... )
    >>> [flow.run() for _ in range(3)], breaker.state
    (['ZeroDivisionError', 'ZeroDivisionError', 'CircuitOpenError'], 'open')
    """

    def __init__(
        self,
        failures: int | None = None,
        *,
        rate: float | None = None,
        least: int = 10,
        window: float = 60.0,
        rest: float = 30.0,
        probes: int = 1,
        on: type[Exception]
        | tuple[type[Exception], ...]
        | Callable[[Exception], object] = Exception,
        scheduler: Scheduler | None = None,
    ) -> None:
        name = "CircuitBreaker"
        if failures is None and rate is None:
            failures = 5
        if failures is not None:
            need_count(name, "failures", failures)
        if rate is not None:
            need_number(name, "rate", rate, 0.001, 1)
        need_count(name, "least", least)
        if rate is not None and least > MOST_CALLS:
            raise ValueError(
                f"{name}: least must be at most {MOST_CALLS}, for the rate is that of so many runs, "
                f"got {brief(least)}"
            )
        need_count(name, "probes", probes)
        need_seconds(name, "window", window)
        need_seconds(name, "rest", rest)
        need_errors(name, on)
        now = timed(name, scheduler).now
        self._breaker = Breaker(now, failures, rate, least, window, rest, probes)
        self._on = on

    @property
    def state(self) -> str:
        """Return "closed", "open" or "half-open": whether a run would begin now, or as a probe."""
        return self._breaker.state

    def is_failure(self, error: Exception) -> bool:
        """Return whether a run that ends with this error has failed."""
        return is_meant("CircuitBreaker", self._on, error)

    def ask(self) -> Permit | float:
        """Return what a run begins with, or the seconds until one may; for the library's own use."""
        return self._breaker.ask()

    def give_back(self, permit: Permit, failed: bool | None) -> None:
        """Tell how a run has ended; for the library's own use."""
        self._breaker.give_back(permit, failed)


class CircuitBreakerOperator(Link):
    """Upstream's items, where the breaker lets the run begin; else, and after an error, those of a fallback.

    emits        each item, and those of the flow fallback(error)
    backpressures  passes demand on; the fallback is asked for what is left of it
    completes    when upstream does, or the fallback
    fails        when upstream does, or with a CircuitOpenError where it was not begun; with a fallback,
                 when that does
    """

    __slots__ = ("_breaker", "_fallback")
    name = "circuit_breaker"
    strict = True
    keeps = True
    detached = True
    contract = Contract.SEQUENTIAL

    def __init__(self, breaker: Any, fallback: Callable[[Exception], Any] | None) -> None:
        if not isinstance(breaker, CircuitBreaker):
            raise TypeError(
                f"{self.name}: breaker must be a CircuitBreaker, which the runs share, "
                f"got {brief(breaker)}"
            )
        if fallback is not None:
            need_callable(self.name, "fallback", fallback)
        self._breaker: CircuitBreaker = breaker
        self._fallback = fallback

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _BreakerStage(self._breaker, self._fallback, downstream, node, scope)


class _BreakerStage(SwitchingStage):
    __slots__ = ("_breaker", "_fallback", "_permit")

    def __init__(
        self,
        breaker: CircuitBreaker,
        fallback: Callable[[Exception], Any] | None,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._breaker = breaker
        self._fallback = fallback
        self._permit: Permit | None = None

    def detach(self, subscribe: Callable[[], None]) -> None:
        """Subscribe to upstream where the breaker says so; else fail."""
        asked = self._breaker.ask()
        if isinstance(asked, Permit):
            self._permit = asked
            try:
                subscribe()
            except BaseException:
                self._over(None)
                raise
            return
        when = f"in {asked:.3g} seconds" if asked else "when the runs that are out have succeeded"
        error = CircuitOpenError(
            f"the circuit breaker is open, since too many runs have failed; the next may begin {when}",
            asked,
        )
        self.on_subscribe(NOWHERE)
        self.on_error(self.blame(error))

    def _over(self, failed: bool | None) -> None:
        permit, self._permit = self._permit, None
        if permit is not None:
            self._breaker.give_back(permit, failed)

    def on_error(self, error: Exception) -> None:
        if self._permit is not None and not self.done:
            try:
                failed = self._breaker.is_failure(error) and not self.arbiter.misused
            except Exception as raised:
                self._over(True)
                error = self.blame(raised)
            else:
                self._over(failed)
        super().on_error(error)

    def on_complete(self) -> None:
        self._over(False)
        super().on_complete()

    def cancel(self) -> None:
        super().cancel()
        self._over(False if self.arbiter.produced else None)

    def successor(self, error: Exception) -> Node | None:
        fallback, self._fallback = self._fallback, None
        return None if fallback is None else as_node("circuit_breaker", "fallback", fallback(error))
