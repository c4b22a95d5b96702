"""from_iterable, of, range, empty: items of the language's own iterables."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from types import GeneratorType
from typing import Any

from operators._kernel.failures.checks import flow_of, need_result, shown
from operators._kernel.failures.failure import used_up
from operators._kernel.kinds import IterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.subscription.demand import Claim

_OWN = frozenset([tuple, list, range, str, bytes, bytearray])


class FromIterable(IterableSource):
    """The items of an iterable.

    emits        the next item, for each item asked for
    backpressures  nothing is pulled from the iterable that was not asked for
    completes    with the last item where the end is known (range, sequences), else at the next pull
    fails        when the iterable does, or at the second subscription to a one-shot iterator
    """

    __slots__ = ("_claim", "_endless", "_items", "name", "never_none", "own")
    contract = Contract.ON_DEMAND
    steady = True

    def __init__(self, items: Iterable[Any], name: str = "from_iterable") -> None:
        self.name: str = name
        # Those of `of` were looked at, and a range or a text has none.
        self.never_none: bool = name != "from_iterable" or isinstance(items, (range, str, bytes))
        self._items = items
        # An iterator is its own iterator: it can be gone through once, by one Subscriber.
        own = type(items) in _OWN  # known without a look at their methods
        self._claim = None if own or not isinstance(items, Iterator) else Claim()
        self._endless = isinstance(items, range) and _uncountable(items)
        self.own: bool = own and not self._endless

    @property
    def details(self) -> str:
        if isinstance(self._items, range):
            return repr(self._items)
        if isinstance(self._items, tuple) and self.name != "from_iterable":
            return _counted(len(self._items)) if self._items else ""
        return type(self._items).__name__

    @property
    def sequence(self) -> Any:
        """The iterable itself: a sequence, where it is one of the language's own."""
        return self._items

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        if isinstance(self._items, range):
            return 0, Range(self._items[n:], self.name), 0
        if isinstance(self._items, Sequence):  # what comes first need not be looked at
            items: Sequence[Any] = self._items  # pyright: ignore[reportUnknownVariableType]
            return 0, FromIterable(Tail(items, n), self.name), 0
        return 0, self, n

    def iterator(self) -> Iterator[Any]:
        if self._claim is not None and not (self._claim.take() and not _is_over(self._items)):
            raise used_up(
                type(self._items),
                "give from_iterable something that can be iterated again, or use Flow.defer to make "
                "a new one for each Subscriber",
            )
        # One of a range that tells how much is left, and raises where that is no number of C's, is hidden.
        return chain(self._items) if self._endless else iter(self._items)


class Tail:
    """The items of a sequence from the n-th on, each of which is asked for by its index."""

    __slots__ = ("_items", "_n")

    def __init__(self, items: Sequence[Any], n: int) -> None:
        self._items = items
        self._n = n

    def __iter__(self) -> Iterator[Any]:
        items = self._items
        return (items[index] for index in range(self._n, len(items)))


class Of(FromIterable):
    """The given items.

    emits        the next of them, for each item asked for
    backpressures  gives out no item that was not asked for
    completes    with the last item; without any, at once
    fails        never
    """

    __slots__ = ()


class Range(FromIterable):
    """Whole numbers, one after another.

    emits        the next number, for each item asked for
    backpressures  gives out no number that was not asked for
    completes    with the last number; without any, at once
    fails        never
    """

    __slots__ = ()


class Empty(FromIterable):
    """No item, only the end.

    emits        nothing
    backpressures  demand has no effect
    completes    at once, without demand
    fails        never
    """

    __slots__ = ()


def _is_over(items: object) -> bool:
    # Most likely by another flow of it, made for the try before: it would be taken for one without items.
    return isinstance(items, GeneratorType) and items.gi_frame is None


def _uncountable(numbers: range) -> bool:
    try:
        return len(numbers) < 0
    except OverflowError:
        return True


def _counted(items: int) -> str:
    return "1 item" if items == 1 else f"{items:,} items"


def need_iterable(items: object) -> None:
    """Raise TypeError unless `items` can be iterated."""
    kind = type(items)
    if not isinstance(items, Iterable) and not hasattr(kind, "__getitem__"):
        need_result("from_iterable", "items", items)
        if inspect.isgeneratorfunction(items):
            hint = "call the generator function"
        elif isinstance(items, type):
            hint = "give an object of the class"
        else:
            hint = f"use {flow_of(items).removeprefix('Flow.')}"
        raise TypeError(f"from_iterable: needs an iterable, got {shown(items)}; {hint}")
