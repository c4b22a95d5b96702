"""subscribe_on: upstream runs on a scheduler's worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_methods
from operators._kernel.failures.failure import ended_by
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.ways import FarDemand
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler, Worker


class SubscribeOn(Link):
    """The same items, with the source running on a worker.

    emits        each item, as it comes
    backpressures  passes demand on: on the scheduler's worker to a source that runs inside of request,
                 straight to one that runs by itself, or keeps the worker and waits for demand
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler",)
    name = "subscribe_on"
    keeps = True
    contract = Contract.PASS_THROUGH
    asynchronous = True
    detached = True

    def __init__(self, scheduler: Scheduler) -> None:
        need_methods("subscribe_on", "Scheduler", scheduler, "now", "worker")
        self._scheduler = scheduler

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SubscribeOnStage(self._scheduler.worker(), downstream, node, scope)


class _SubscribeOnStage(Stage):
    __slots__ = ("_arbiter", "_demand", "_ending", "_hop")
    crosses = True  # what is raised on the worker nobody sees but this stage

    def __init__(self, worker: Worker, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._arbiter = Arbiter()  # a cancel or a bad request may come before upstream
        self._demand = FarDemand()
        self._ending: Exception | None = None
        self._hop = Hop(worker, scope, self._lost, self._stop)

    def detach(self, subscribe_upstream: Callable[[], None]) -> None:
        """Hand the Subscription over here, and subscribe to upstream on the worker."""
        self.downstream.on_subscribe(self)
        self._hop.run(lambda: self._work(subscribe_upstream))

    def _work(self, subscribe_upstream: Callable[[], None] | None = None) -> None:
        try:
            if subscribe_upstream is not None:
                subscribe_upstream()
            self._demand.work(self._arbiter)
            if self._ending is not None and not self.done:
                self.on_error(self._ending)
        except Exception as error:
            self._break(error)
        except BaseException as raised:
            self._break(ended_by(raised))
            raise

    def _set_to_work(self) -> None:
        self._hop.run(self._work)

    def _break(self, error: Exception) -> None:
        self._arbiter.cancel()
        self.fail(self.blame(error))
        self._hop.close()

    def _lost(self, error: Exception) -> None:
        if not self.done:
            self._break(error)

    def abort(self, error: Exception) -> None:
        """End with an error at once, for what was raised upstream and is nobody's signal."""
        self._lost(error)

    def _stop(self, error: Exception) -> None:
        self._ending = self.blame(error)  # signalled when the source has stopped
        self._arbiter.cancel()

    def on_subscribe(self, subscription: Any) -> None:
        first = self._demand.introduce(subscription, self._set_to_work)
        self._arbiter.switch(subscription)
        if first:
            self._arbiter.request(first)

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        demand = self._demand
        demand.delivered += 1
        self.downstream.on_next(item)
        if demand.owed and (n := demand.take()):
            self._arbiter.request(n)

    def on_error(self, error: Exception) -> None:
        super().on_error(error)
        self._hop.close()

    def on_complete(self) -> None:
        super().on_complete()
        self._hop.close()

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is not None:
            # Like a cancel: it must not wait behind a loop that runs there.
            self._arbiter.request(n)
            return
        here = self._demand.ask(n)
        if here is None:
            self._set_to_work()
        elif here:
            self._arbiter.request(here)

    def cancel(self) -> None:
        self.done = True
        self._arbiter.cancel()
        self._hop.close()
