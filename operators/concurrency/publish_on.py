"""publish_on: downstream runs on a scheduler's worker."""

from __future__ import annotations

from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_count, need_methods
from operators._kernel.kinds import Link
from operators._kernel.links.inbox import InboxStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler, Worker


class PublishOn(Link):
    """The same items, delivered by a worker.

    emits        each item, in order, on the scheduler's worker
    backpressures  asks upstream for `prefetch` items, and again when three quarters are delivered
    completes    when upstream has and all items are delivered
    fails        when upstream has and all items are delivered
    """

    __slots__ = ("_prefetch", "_scheduler")
    name = "publish_on"
    keeps = True
    contract = Contract.PREFETCH
    steady = True
    each = True
    asynchronous = True
    polled = True
    homes = True

    def __init__(self, scheduler: Scheduler, prefetch: int) -> None:
        need_methods("publish_on", "Scheduler", scheduler, "now", "worker")
        need_count("publish_on", "prefetch", prefetch)
        self._scheduler = scheduler
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        worker = self._scheduler.worker()
        return _PublishOnStage(worker, self._prefetch, downstream, node, scope)


class _PublishOnStage(InboxStage):
    __slots__ = ("_loss", "hop")
    crosses = True

    def __init__(
        self, worker: Worker, prefetch: int, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope, prefetch)
        self._loss: Exception | None = None
        self.hop: Hop = Hop(worker, scope, self._lost, self._stop)

    def dispatch(self) -> None:
        if self.polls:
            self.schedule()
            return
        if self.done or self.cancelled:
            # Nothing is delivered any more, only discarded; and the collector may be at work, in the
            # midst of a call to the very executor.
            self.run()
            return
        try:
            self.hop.run(self.run)
        except BaseException:  # Ctrl-C, and who knows how far it came
            self.cancelled = True
            self.halt()
            self.hop.close()
            raise

    def _lost(self, error: Exception) -> None:
        # Whoever was to run the loop never will: it is ours to run.
        self._stop(error)
        if not self.polls:
            self.run()

    def ask(self, n: int) -> None:
        # Upstream may run inside of request, and is to do so on the worker.
        self.hop.run(partial(self.inbox.upstream.request, n))

    def _stop(self, error: Exception) -> None:
        if not (self.done or self.cancelled):
            self._loss = self.blame(error)
            self.abort(self._loss)

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        # A stream that is cancelled needs no worker any more: that there is none is no news.
        if self.cancelled and self.bad is self._loss:
            self.bad = None
        super().drop_waiting(signalled)

    def closed(self) -> None:
        self.hop.close()
