"""cancel_on: upstream is cancelled on a scheduler's worker."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_methods
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler, Worker


class CancelOn(Link):
    """The same signals; a cancel goes up on a worker, and not on the thread that cancels.

    emits        each item, as it comes
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler",)
    name = "cancel_on"
    keeps = True
    contract = Contract.PASS_THROUGH

    def __init__(self, scheduler: Scheduler) -> None:
        need_methods("cancel_on", "Scheduler", scheduler, "now", "worker")
        self._scheduler = scheduler

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _CancelOnStage(self._scheduler.worker(), downstream, node, scope)


class _CancelOnStage(Stage):
    __slots__ = ("_cancelled", "_hop", "_left")

    def __init__(self, worker: Worker, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._left = Claim()
        self._cancelled = Claim()
        self._hop = Hop(worker, scope, self._at_once, self._at_once)

    def on_error(self, error: Exception) -> None:
        super().on_error(error)
        self._over()

    def on_complete(self) -> None:
        super().on_complete()
        self._over()

    def cancel(self) -> None:
        self.done = True
        if self._left.take():
            self.scope.pending.begin(self)  # whoever leaves a loop waits for it
            self._hop.run(self._pass_on)

    def trouble(self) -> Exception | None:
        """Return None: where the worker is lost the cancel goes up at once."""
        return None

    @property
    def at_rest(self) -> bool:
        """Whether the worker is known not to go on by itself just now."""
        return bool(getattr(self._hop.worker, "at_rest", False))

    def _at_once(self, _: Exception) -> None:
        if self._left.taken:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._cancelled.take():
            try:
                self.upstream.cancel()
            finally:
                self._over()

    def _over(self) -> None:
        self._hop.close()
        self.scope.pending.end(self)
