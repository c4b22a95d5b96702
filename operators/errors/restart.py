"""restart: a source that is to run for ever is begun again when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_result
from operators._kernel.failures.failure import OneShotError
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.pausing import PausingStage
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import SLACK
from operators.errors.backoff import Attempt, Pauses, backoff_of
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED


class Restart(Link):
    """Upstream's items, subscribed to again whenever it ends, by an error or without one.

    emits        each item of each run
    backpressures  passes demand on; a new run is asked for what is left of it
    completes    when upstream does after the last restart
    fails        when upstream does after the last restart; with a one-shot source that is used up
    """

    __slots__ = ("_backoff", "_on_restart", "_scheduler", "_times")
    name = "restart"
    strict = True
    begins_anew = True
    keeps = True
    asynchronous = True
    contract = Contract.SEQUENTIAL

    def __init__(
        self,
        backoff: Any,
        times: int,
        on_restart: Callable[[Attempt], object] | None,
        scheduler: Scheduler | None,
    ) -> None:
        self._backoff = backoff_of(self.name, "backoff", backoff)
        need_count(self.name, "times", times, least=0)
        if on_restart is not None:
            need_callable(self.name, "on_restart", on_restart)
        self._times = times
        self._on_restart = on_restart
        self._scheduler = timed(self.name, scheduler)

    @property
    def details(self) -> str:
        times = "UNBOUNDED" if self._times == UNBOUNDED else self._times
        return f"first={self._backoff.first}, most={self._backoff.most}, times={times}"

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        stage = _RestartStage(self._scheduler.worker(), downstream, node, scope)
        stage.pauses = Pauses(self._backoff)
        stage.stable = self._backoff.most
        stage.left = self._times
        stage.on_restart = self._on_restart
        stage.now = self._scheduler.now
        return stage


class _RestartStage(PausingStage):
    __slots__ = ("_since", "left", "now", "on_restart", "pauses", "stable")
    again = True

    pauses: Pauses
    stable: float
    left: int
    on_restart: Callable[[Attempt], object] | None
    now: Callable[[], float]

    def on_subscribe(self, subscription: Any) -> None:
        self._since = self.now()
        super().on_subscribe(subscription)

    def on_complete(self) -> None:
        if self.done or self.arbiter.misused or self.scope.drained:
            super().on_complete()
            return
        try:
            successor = self._again(None)
        except Exception as raised:
            Stage.on_error(self, self.blame(raised))
            self._hop.close()
            return
        if successor is None:
            super().on_complete()
        else:
            self.switch_to(successor)

    def successor(self, error: Exception) -> Node | None:
        return None if isinstance(error, (OneShotError, RecursionError)) else self._again(error)

    def _again(self, error: Exception | None) -> Node | None:
        if not self.left:
            return None
        if self.now() - self._since + SLACK >= self.stable:
            self.pauses.begin_again()  # it was well meanwhile
        pause = self.pauses.next()
        if pause is None:
            return None
        if self.left != UNBOUNDED:
            self.left -= 1
        self.pause = pause
        if self.on_restart is not None:
            told = self.on_restart(Attempt(self.pauses.number, error, pause))
            need_result("restart", "on_restart", told)
        return self.node.upstream
