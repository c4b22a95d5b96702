"""map_async: several calls in flight, of a coroutine function or on an executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from operators._kernel.failures.checks import need_callable, need_choice, need_count, need_methods
from operators._kernel.failures.failure import brief
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.concurrency._batch_stage import ChunkStage
from operators.concurrency._batches import Bounds
from operators.concurrency._call import gives_awaitables
from operators.concurrency._chunk_fn import MOST, ChunkFn
from operators.concurrency._limit import FixedLimit, Limit
from operators.concurrency._loop_calls import LoopCalls
from operators.concurrency._map_async_stage import Calls, MapAsyncStage
from operators.concurrency._plain_calls import PlainCalls
from operators.concurrency._pool_calls import PoolCalls, makes_pool
from operators.concurrency._taker import Taker
from operators.concurrency.adaptive import Adaptive


class MapAsync(Link):
    """fn of each item, with up to `concurrency` calls in flight.

    emits        the results, in the order of the items, or as they come where ordered=False
    backpressures  asks upstream for `concurrency` items (as many as that is by now, where it adapts),
                 and for one more with each result that is delivered; calls in flight, items that wait for
                 one with the same key, and results that wait are never more than that; with chunk it is
                 for `concurrency + 1` chunks, and for as many as a chunk had when its last result is taken
    completes    when upstream has and all results are delivered
    fails        when upstream does, or a call, or key; other calls are cancelled, and their results discarded
    """

    __slots__ = (
        "_learnt",
        "chunk",
        "concurrency",
        "executor",
        "fn",
        "given",
        "gives_awaitables",
        "key",
        "ordered",
        "steady",
        "tries",
    )
    name = "map_async"
    contract = Contract.CONCURRENT
    asynchronous = True
    polled = True
    each = True
    remedy = "leave ordered=False out"

    def __init__(
        self,
        fn: Callable[[Any], Any],
        concurrency: int | Adaptive,
        ordered: bool,
        executor: Executor | Callable[[], Executor] | None,
        key: Callable[[Any], Any] | None = None,
        chunk: int | str | None = None,
        on_lost: str = "error",
        tries: int = 3,
    ) -> None:
        need_callable(self.name, "fn", fn, coroutine=True)
        if not isinstance(concurrency, Adaptive):
            need_count(self.name, "concurrency", concurrency)
        if key is not None:
            need_callable(self.name, "key", key)
        self.gives_awaitables: bool = gives_awaitables(fn)
        if executor is not None:
            if hasattr(executor, "get_executor"):  # a Client of Dask
                raise TypeError(
                    f"{self.name}: a {type(executor).__name__} is no concurrent.futures.Executor; "
                    "give its get_executor()"
                )
            if makes_pool(executor):
                need_callable(self.name, "executor", executor)
            else:
                need_methods(
                    self.name, "concurrent.futures.Executor", executor, "submit", "shutdown"
                )
            if self.gives_awaitables:
                raise TypeError(
                    f"{self.name}: a coroutine function runs on the event loop, not on executor="
                )
        self.fn: Callable[[Any], Any] = fn
        self.given: int | Adaptive = concurrency
        """The concurrency as it was given."""
        self.concurrency: int = (
            concurrency.most if isinstance(concurrency, Adaptive) else concurrency
        )
        self.ordered: bool = ordered
        self.steady: bool = ordered
        self.executor: Executor | Callable[[], Executor] | None = executor
        self._need_executors(chunk, on_lost, tries, key)
        self.chunk: int | str | None = chunk
        self.tries: int = tries if on_lost == "retry" else 0
        self.key: Callable[[Any], Any] | None = key
        # Whether a plain function was seen to give an awaitable; true of all that follow, too.
        self._learnt: list[bool] = []

    def _need_executors(
        self, chunk: int | str | None, on_lost: str, tries: int, key: object
    ) -> None:
        need_choice(self.name, "on_lost", on_lost, ("error", "retry"))
        need_count(self.name, "tries", tries)
        if chunk is None and on_lost == "error":
            return
        if self.executor is None:
            what = "chunk" if chunk is not None else 'on_lost="retry"'
            raise TypeError(
                f"{self.name}: {what} is for calls on an executor; give executor= as well"
            )
        if chunk is None:
            return
        if chunk != "auto":
            if isinstance(chunk, str):
                raise ValueError(f'{self.name}: chunk must be an int or "auto", got {brief(chunk)}')
            need_count(self.name, "chunk", chunk)
        if key is not None:
            raise TypeError(
                f"{self.name}: items of one chunk are one call; chunk does not go with key"
            )

    @property
    def holds(self) -> int:
        if self.chunk is None:
            return self.concurrency
        return (self.concurrency + 1) * (self.chunk if isinstance(self.chunk, int) else MOST)

    @property
    def details(self) -> str:
        by_key = "" if self.key is None else ", one at a time for each key"
        chunk = "" if self.chunk is None else f"chunk={self.chunk}, "
        order = "ordered" if self.ordered else "as they come"
        return f"{chunk}concurrency={self.given}, {order}{by_key}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        if self.chunk is not None:
            sized = self.chunk == "auto"
            bounds = Bounds(1 if sized else int(self.chunk), sized=sized)
            return ChunkStage(
                self._calls, self.limit(), self.ordered, bounds, downstream, node, scope
            )
        return MapAsyncStage(
            self._calls, self.limit(), self.ordered, self.key, downstream, node, scope
        )

    def limit(self) -> Limit:
        """Return the limit of one subscription."""
        given = self.given
        return given.limit() if isinstance(given, Adaptive) else FixedLimit(given)

    def _calls(self, taker: Taker) -> Calls:
        if self.gives_awaitables:
            return LoopCalls(taker, self.fn, known=True)
        if self.executor is not None:
            sent = self.fn if self.chunk is None else ChunkFn(self.fn)
            return PoolCalls(taker, sent, self.executor, self.concurrency, self.tries)
        return PlainCalls(taker, self.fn, self.concurrency, self._learnt)
