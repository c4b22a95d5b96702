"""map_async: several calls in flight, of a coroutine function or on an executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from operators._kernel.checks import need_callable, need_count, need_methods
from operators._kernel.contract import Contract
from operators._kernel.kinds import Link
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators.concurrency._call import gives_awaitables
from operators.concurrency._loop_calls import LoopCalls
from operators.concurrency._map_async_stage import Calls, MapAsyncStage
from operators.concurrency._pool_calls import PlainCalls, PoolCalls
from operators.concurrency._taker import Taker


class MapAsync(Link):
    """fn of each item, with up to `concurrency` calls in flight.

    emits        the results, in the order of the items, or as they come where ordered=False
    backpressures  asks upstream for `concurrency` items, and for one more with each result that is
                 delivered; calls in flight and results that wait are never more than that
    completes    when upstream has and all results are delivered
    fails        when upstream does, or a call; other calls are cancelled, and their results discarded
    """

    __slots__ = ("_learnt", "concurrency", "executor", "fn", "gives_awaitables", "ordered")
    name = "map_async"
    contract = Contract.CONCURRENT
    asynchronous = True
    polled = True

    def __init__(
        self, fn: Callable[[Any], Any], concurrency: int, ordered: bool, executor: Executor | None
    ) -> None:
        need_callable("map_async", "fn", fn, coroutine=True)
        need_count("map_async", "concurrency", concurrency)
        self.gives_awaitables: bool = gives_awaitables(fn)
        if executor is not None:
            need_methods("map_async", "concurrent.futures.Executor", executor, "submit", "shutdown")
            if self.gives_awaitables:
                raise TypeError(
                    "map_async: a coroutine function runs on the event loop, not on executor="
                )
        self.fn: Callable[[Any], Any] = fn
        self.concurrency: int = concurrency
        self.ordered: bool = ordered
        self.executor: Executor | None = executor
        # Whether a plain function was seen to give an awaitable; true of all that follow, too.
        self._learnt: list[bool] = []

    @property
    def holds(self) -> int:
        return self.concurrency

    @property
    def details(self) -> str:
        return f"concurrency={self.concurrency}, {'ordered' if self.ordered else 'as they come'}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return MapAsyncStage(self._calls, self.concurrency, self.ordered, downstream, node, scope)

    def _calls(self, taker: Taker) -> Calls:
        if self.gives_awaitables:
            return LoopCalls(taker, self.fn, known=True)
        if self.executor is not None:
            return PoolCalls(taker, self.fn, self.executor, self.concurrency)
        return PlainCalls(taker, self.fn, self.concurrency, self._learnt)
