"""BatchFn: a function of a batch, and what it gives for each item."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from operators._kernel.failures.failure import kind_of
from operators._kernel.hosts.loops import running_loop
from operators.concurrency._call import wants_a_loop

_UNORDERED = (dict, set, frozenset, str, bytes)


class BatchFn:
    """Gives a list with one result for each item; an Exception in it is what became of that item.

    It has a list of its own, with which it may do as it likes. With `bisect`, a batch that fails is
    called in halves, each of them again if that fails. It can be pickled where the function can.
    """

    __slots__ = ("bisect", "by", "fn")

    def __init__(self, by: str, fn: Callable[[Any], Any], bisect: bool) -> None:
        self.by = by
        self.fn = fn
        self.bisect = bisect

    def __call__(self, items: list[Any]) -> Any:
        try:
            made = self._listed(self.fn(list(items)))
        except Exception as error:
            if comes_again(error):
                raise
            return self._in_halves(items, error)
        if inspect.isawaitable(made):
            return self._waited(made, items)
        return self._checked(made, items)

    async def _waited(self, made: Any, items: list[Any]) -> list[Any]:
        try:
            made = self._listed(await made)
        except Exception as error:
            return await _list(self._in_halves(items, error))
        return self._checked(made, items)

    def _in_halves(self, items: list[Any], error: Exception) -> Any:
        if not self.bisect:
            raise error
        if len(items) == 1:
            return [error]
        middle = len(items) // 2
        first = self(items[:middle])
        if inspect.isawaitable(first):
            return self._then(first, items[middle:])
        second = self(items[middle:])
        return self._after(first, second) if inspect.isawaitable(second) else first + second

    async def _then(self, first: Any, rest: list[Any]) -> list[Any]:
        return await _list(first) + await _list(self(rest))

    async def _after(self, first: list[Any], second: Any) -> list[Any]:
        return first + await _list(second)

    def _listed(self, made: Any) -> Any:
        if type(made) is list or isinstance(made, _UNORDERED) or inspect.isawaitable(made):
            return made  # pyright: ignore[reportUnknownVariableType]
        return list(made) if hasattr(made, "__iter__") else made

    def _checked(self, made: Any, items: list[Any]) -> list[Any]:
        if not isinstance(made, list):
            raise TypeError(
                f"{self.by}: fn gave a {kind_of(made)} for a batch of {len(items)}; "
                "let it give a list with one result for each item, in their order"
            )
        results: list[Any] = made  # pyright: ignore[reportUnknownVariableType]
        if len(results) != len(items):
            raise ValueError(
                f"{self.by}: fn gave {len(results)} results for a batch of {len(items)}; "
                "let it give one for each item, in their order"
            )
        return results


class AsyncBatchFn(BatchFn):
    """The same, of a function that is known to give something to be awaited."""

    __slots__ = ()

    async def __call__(self, items: list[Any]) -> Any:
        return await self._waited(self._made(items), items)

    async def _made(self, items: list[Any]) -> Any:
        return await self.fn(list(items))


async def _list(made: Any) -> list[Any]:
    results: list[Any] = (await made) if inspect.isawaitable(made) else made
    return results


def comes_again(error: Exception) -> bool:
    """Whether a function has failed for the want of a loop, and is to be called again where one runs."""
    return type(error) is RuntimeError and running_loop() is None and wants_a_loop(error)


def batch_fn(by: str, fn: Callable[[Any], Any], *, awaited: bool, bisect: bool) -> BatchFn:
    """Return the function of a batch as a stage calls it."""
    return (AsyncBatchFn if awaited else BatchFn)(by, fn, bisect)
