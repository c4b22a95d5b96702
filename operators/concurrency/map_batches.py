"""map_batches: a function of a batch, called with what is there when a worker is free."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from copy import copy
from dataclasses import replace
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_seconds, shown
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.concurrency._batch_fn import batch_fn
from operators.concurrency._batch_stage import BatchStage
from operators.concurrency._batches import Bounds
from operators.concurrency.adaptive import Adaptive
from operators.concurrency.map_async import MapAsync
from operators.schedulers.choice import timed


class MapBatches(MapAsync):
    """What fn gives for lists of items, result by result.

    emits        the results one by one, in the order of the items, or as batches come where ordered=False
    backpressures  asks upstream for `concurrency + 1` times `max_size` items, and for as many as a
                 batch had when its last result is delivered; it holds no more than that
    completes    when upstream has and all results are delivered
    fails        when upstream does, or a call, or weight, or with an error that is a result; other
                 calls are cancelled, and their results discarded
    """

    __slots__ = ("bisect", "bounds")
    name = "map_batches"
    contract = Contract.PREFETCH

    def __init__(
        self,
        fn: Callable[[Any], Any],
        bounds: Bounds,
        concurrency: int | Adaptive,
        ordered: bool,
        executor: Executor | Callable[[], Executor] | None,
        bisect: bool,
        on_lost: str = "error",
        tries: int = 3,
    ) -> None:
        super().__init__(fn, concurrency, ordered, executor, on_lost=on_lost, tries=tries)
        need_count(self.name, "max_size", bounds.max_size)
        need_seconds(self.name, "max_wait", bounds.max_wait)
        bounds = replace(bounds, scheduler=timed(self.name, bounds.scheduler))
        if (bounds.weight is None) != (bounds.max_weight is None):
            raise TypeError(f"{self.name}: max_weight and weight go together")
        if bounds.weight is not None:
            need_callable(self.name, "weight", bounds.weight)
            self._need_weight(bounds.max_weight)
        self.bounds: Bounds = bounds
        self.bisect: bool = bisect
        self.fn: Callable[[Any], Any] = batch_fn(
            self.name, fn, awaited=self.gives_awaitables, bisect=bisect
        )

    def _need_weight(self, most: Any) -> None:
        if isinstance(most, bool) or not isinstance(most, (int, float)):
            raise TypeError(f"{self.name}: max_weight must be a number, got {shown(most)}")
        if not most > 0:
            raise ValueError(f"{self.name}: max_weight must be greater than 0, got {most!r}")

    def of(
        self, fn: Callable[[list[Any]], Any], weigh: Callable[[Callable[[Any], float]], Any]
    ) -> MapBatches:
        """Return the same operator of another function, and with what `weigh` gives for its weight."""
        other = copy(self)
        other.fn = fn
        other._learnt = []
        if self.bounds.weight is not None:
            other.bounds = replace(self.bounds, weight=weigh(self.bounds.weight))
        return other

    @property
    def holds(self) -> int:
        return (self.concurrency + 1) * self.bounds.max_size

    @property
    def details(self) -> str:
        bounds = self.bounds
        weight = "" if bounds.max_weight is None else f", max_weight={bounds.max_weight}"
        wait = f", max_wait={bounds.max_wait}" if bounds.max_wait else ""
        return f"max_size={bounds.max_size}{weight}{wait}, {super().details}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return BatchStage(
            self._calls, self.limit(), self.ordered, self.bounds, downstream, node, scope
        )  # fmt: skip
