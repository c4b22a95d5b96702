"""from_future: the result of a future."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_result, shown
from operators._kernel.failures.failure import ended_by
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.threads import unlocked
from operators._kernel.kinds import Source
from operators._kernel.links.emitter import Outlet
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class FromFuture(Source):
    """The result of a future, which others may wait for as well.

    emits        the result, unless it is None
    backpressures  the result waits for demand
    completes    with the result, or at once where that is None
    fails        with the future's exception, or where it is cancelled
    """

    __slots__ = ("_future",)
    name = "from_future"
    never_none = True
    contract = Contract.EMITTER
    asynchronous = True
    polled = True

    def __init__(self, future: Any) -> None:
        if not isinstance(future, Future) and not asyncio.isfuture(future):
            need_result("from_future", "what it was given", future)
            raise TypeError(
                f"from_future: needs a future of asyncio or concurrent.futures, got {shown(future)}"
            )
        self._future: Any = future

    @property
    def holds(self) -> int:
        return 1

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        outlet = Outlet(downstream, node, scope, 1, "error")
        outlet.open()
        if not outlet.over:
            try:
                self._listen(partial(_tell, copy_context(), outlet), outlet)
            except Exception as error:  # its loop is closed, so that it will never be done
                outlet.complete(outlet.blame(error))

    def _listen(self, tell: Any, outlet: Outlet) -> None:
        future = self._future
        if not asyncio.isfuture(future):

            def done(future: Future[Any]) -> None:
                unlocked(future, partial(tell, future))

            future.add_done_callback(done)
            return
        loop: asyncio.AbstractEventLoop = future.get_loop()
        outlet.on_cancel(partial(_on, loop, future.remove_done_callback, tell))
        _on(loop, future.add_done_callback, tell)


def _on(loop: asyncio.AbstractEventLoop, call: Any, tell: Any) -> None:
    if running_loop() is loop:
        call(tell)
    elif not loop.is_closed() or call.__name__ == "add_done_callback":
        loop.call_soon_threadsafe(call, tell)


def _tell(context: Context, outlet: Outlet, future: Any) -> None:
    context.run(_told, outlet, future)


def _told(outlet: Outlet, future: Any) -> None:
    if future.cancelled():
        outlet.complete(outlet.blame(RuntimeError("the future was cancelled")))
        return
    error = future.exception()
    if error is not None:
        outlet.complete(outlet.blame(error if isinstance(error, Exception) else ended_by(error)))
        return
    result = future.result()
    if result is not None:
        outlet.offer(result)
    outlet.complete()
