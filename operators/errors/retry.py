"""retry: another try after an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_result
from operators._kernel.failures.failure import OneShotError
from operators._kernel.fusing.heads import Resuming
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, Operator
from operators._kernel.plan.step import Step
from operators._kernel.running.pausing import PausingStage
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.scope import Scope
from operators.errors.backoff import Attempt, Backoff, Pauses, backoff_of, is_meant, need_errors
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED


def retry(
    times: int,
    on: Any,
    backoff: Any,
    on_retry: Callable[[Attempt], object] | None,
    scheduler: Scheduler | None,
) -> Operator:
    """Return the operator: with pauses, or without."""
    need_count("retry", "times", times, least=0)
    if on is not None:
        need_errors("retry", on)
    if on_retry is not None:
        need_callable("retry", "on_retry", on_retry)
    if backoff is None:
        return Retry(times, on, on_retry)
    pauses = backoff_of("retry", "backoff", backoff)
    return _RetryLater(times, on, on_retry, pauses, timed("retry", scheduler))


class Retry(Step, Link):
    """Upstream's items, subscribed to again after each error, up to `times` times.

    emits        what each try emits; what a failed try had emitted stays emitted
    backpressures  passes demand on; a new try is asked for what is left of it
    completes    when a try does
    fails        with the error of the last try, or one that is not meant; a one-shot source is not tried
                 a third time, and after a RecursionError there is no other try
    """

    __slots__ = ("_on", "_on_retry", "_times")
    name = "retry"
    strict = True
    begins_anew = True
    contract = Contract.SEQUENTIAL
    head = "resume"
    pushes = False
    keeps = True

    def __init__(self, times: int, on: Any, on_retry: Callable[[Attempt], object] | None) -> None:
        self._times = times
        self._on = on
        self._on_retry = on_retry

    @property
    def details(self) -> str:
        return _shown(self._times)

    def tries(self, node: Node) -> _Tries:
        """Return what decides on the tries of one run."""
        return _Tries(node, self._times, self._on, self._on_retry, None)

    def opened(self, place: Place) -> Resuming:
        return Resuming(place, self.tries(place.node))

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _RetryStage(self.tries(node), downstream, node, scope)


class _RetryLater(Link):
    """The same, with a pause before each try."""

    __slots__ = ("_backoff", "_on", "_on_retry", "_scheduler", "_times")
    name = "retry"
    strict = True
    begins_anew = True
    contract = Contract.SEQUENTIAL
    keeps = True
    asynchronous = True

    def __init__(
        self,
        times: int,
        on: Any,
        on_retry: Callable[[Attempt], object] | None,
        backoff: Backoff,
        scheduler: Scheduler,
    ) -> None:
        self._times = times
        self._on = on
        self._on_retry = on_retry
        self._backoff = backoff
        self._scheduler = scheduler

    @property
    def details(self) -> str:
        return f"{_shown(self._times)}, first={self._backoff.first}, most={self._backoff.most}"

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        tries = _Tries(node, self._times, self._on, self._on_retry, self._backoff)
        return _RetryLaterStage(tries, self._scheduler.worker(), downstream, node, scope)


def _shown(times: int) -> str:
    return f"times={'UNBOUNDED' if times == UNBOUNDED else times}"


_SAME_AT_EACH_TRY = (OneShotError, RecursionError)


class _Tries:
    """Gives the flow to be tried again after an error, as often as that may be."""

    __slots__ = ("_left", "_node", "_on", "_on_retry", "_pauses", "pause")

    def __init__(
        self,
        node: Node,
        times: int,
        on: Any,
        on_retry: Callable[[Attempt], object] | None,
        backoff: Backoff | None,
    ) -> None:
        self._node = node
        self._left = times
        self._on = on
        self._on_retry = on_retry
        self._pauses = Pauses(backoff)
        self.pause: float = 0.0

    def __call__(self, error: Exception) -> Node | None:
        if not self._left or isinstance(error, _SAME_AT_EACH_TRY):
            return None
        if self._on is not None and not is_meant("retry", self._on, error):
            return None
        pause = self._pauses.next()
        if pause is None:
            return None
        self._left -= 1
        self.pause = pause
        if self._on_retry is not None:
            told = self._on_retry(Attempt(self._pauses.number, error, pause))
            need_result("retry", "on_retry", told)
        return self._node.upstream

    def unwrapped(self, chain: list[Node]) -> tuple[list[Node], Node | None]:
        """Return the chain as it is."""
        return chain, None


class _RetryStage(SwitchingStage):
    __slots__ = ("_tries",)
    again = True

    def __init__(self, tries: _Tries, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._tries = tries

    def successor(self, error: Exception) -> Node | None:
        return self._tries(error)


class _RetryLaterStage(PausingStage):
    __slots__ = ("_tries",)
    again = True

    def __init__(
        self, tries: _Tries, worker: Any, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(worker, downstream, node, scope)
        self._tries = tries

    def successor(self, error: Exception) -> Node | None:
        node = self._tries(error)
        self.pause = self._tries.pause
        return node
