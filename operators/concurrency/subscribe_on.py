"""subscribe_on: upstream runs on a scheduler's worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.arbiter import Arbiter
from operators._kernel.assembly import Link
from operators._kernel.checks import need_methods
from operators._kernel.contract import Contract
from operators._kernel.demand import demand_error, plain
from operators._kernel.failure import ended_by
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import Stage
from operators.schedulers import LossyWorker, Scheduler, Worker


class SubscribeOn(Link):
    """The same items, with the source running on a worker.

    emits        each item, as it comes
    backpressures  passes demand on, on the scheduler's worker
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler",)
    name = "subscribe_on"
    contract = Contract.PASS_THROUGH
    asynchronous = True
    detached = True

    def __init__(self, scheduler: Scheduler) -> None:
        need_methods("subscribe_on", "Scheduler", scheduler, "now", "worker")
        self._scheduler = scheduler

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SubscribeOnStage(self._scheduler.worker(), downstream, node, scope)


class _SubscribeOnStage(Stage):
    __slots__ = ("_arbiter", "_worker")

    def __init__(self, worker: Worker, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._worker = worker
        self._arbiter = Arbiter()  # keeps the demand until upstream is there
        if isinstance(worker, LossyWorker):
            worker.on_lost(self._lost)

    def detach(self, subscribe_upstream: Callable[[], None]) -> None:
        """Hand the Subscription over here, and subscribe to upstream on the worker."""
        self.downstream.on_subscribe(self)
        self._run(subscribe_upstream)

    def _run(self, task: Callable[[], None]) -> None:
        try:
            self._worker.schedule(lambda: self._crossed(task))
        except RuntimeError as error:  # an executor that was shut down takes no more work
            self._lost(error)

    def _lost(self, error: Exception) -> None:
        self._arbiter.cancel()
        self.on_error(self.blame(error))

    def _crossed(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:
            raise
        except BaseException as raised:
            self.fail(self.blame(ended_by(raised)))
            self.cancel()
            raise

    def on_subscribe(self, subscription: Any) -> None:
        self._arbiter.switch(subscription)

    def on_error(self, error: Exception) -> None:
        super().on_error(error)
        self._worker.close()

    def on_complete(self) -> None:
        super().on_complete()
        self._worker.close()

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is not None:
            self._arbiter.request(
                n
            )  # like a cancel: it must not wait behind a loop that runs there
            return
        # The source may run its loop inside request, and is to do so on the worker.
        self._run(lambda: self._arbiter.request(n))

    def cancel(self) -> None:
        self.done = True
        self._arbiter.cancel()
        self._worker.close()
