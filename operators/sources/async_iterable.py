"""from_async_iterable: items of an async iterable."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator
from types import AsyncGeneratorType
from typing import Any

from operators._kernel.failures.checks import flow_of, need_result, shown
from operators._kernel.failures.failure import used_up
from operators._kernel.kinds import AsyncIterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.subscription.demand import Claim


def need_async_iterable(items: object) -> None:
    """Raise TypeError unless `items` can be iterated by `async for`."""
    if not isinstance(items, AsyncIterable):
        need_result("from_async_iterable", "items", items)
        if inspect.isasyncgenfunction(items):
            hint = "call the async generator function"
        else:
            hint = f"use {flow_of(items).removeprefix('Flow.')}"
        raise TypeError(f"from_async_iterable: needs an async iterable, got {shown(items)}; {hint}")


class FromAsyncIterable(AsyncIterableSource):
    """The items of an async iterable, run on the running event loop or on the library's own.

    emits        the next item, for each item asked for
    backpressures  nothing is pulled from the async iterable that was not asked for
    completes    when the async iterable ends, which is known at the next pull
    fails        when the async iterable does, or at the second subscription to a one-shot iterator
    """

    __slots__ = ("_claim", "_items")
    name = "from_async_iterable"
    contract = Contract.ON_DEMAND
    steady = True

    def __init__(self, items: AsyncIterable[Any]) -> None:
        self._items = items
        self._claim = Claim() if isinstance(items, AsyncIterator) else None

    @property
    def details(self) -> str:
        return type(self._items).__name__

    def aiterator(self) -> AsyncIterator[Any]:
        items: Any = self._items
        over = isinstance(items, AsyncGeneratorType) and items.ag_frame is None
        if self._claim is not None and not (self._claim.take() and not over):
            raise used_up(type(self._items), "use Flow.defer to make a new one for each Subscriber")
        return aiter(self._items)
