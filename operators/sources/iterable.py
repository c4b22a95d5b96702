"""from_iterable, of, range, empty: items of the language's own iterables."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from operators._kernel.checks import flow_of, need_result, shown
from operators._kernel.contract import Contract
from operators._kernel.demand import Claim
from operators._kernel.failure import used_up
from operators._kernel.kinds import IterableSource


class FromIterable(IterableSource):
    """The items of an iterable.

    emits        the next item, for each item asked for
    backpressures  nothing is pulled from the iterable that was not asked for
    completes    with the last item where the end is known (range, sequences), else at the next pull
    fails        when the iterable does, or at the second subscription to a one-shot iterator
    """

    __slots__ = ("_claim", "_items", "name", "never_none")
    contract = Contract.ON_DEMAND

    def __init__(self, items: Iterable[Any], name: str = "from_iterable") -> None:
        self.name: str = name
        # Those of `of` were looked at, and a range or a text has none.
        self.never_none: bool = name != "from_iterable" or isinstance(items, (range, str, bytes))
        self._items = items
        # An iterator is its own iterator: it can be gone through once, by one Subscriber.
        self._claim = Claim() if isinstance(items, Iterator) else None

    @property
    def details(self) -> str:
        if isinstance(self._items, range):
            return repr(self._items)
        if isinstance(self._items, tuple) and self.name != "from_iterable":
            return _counted(len(self._items)) if self._items else ""
        return type(self._items).__name__

    def iterator(self) -> Iterator[Any]:
        if self._claim is not None and not self._claim.take():
            raise used_up(
                type(self._items),
                "give from_iterable something that can be iterated again, or use Flow.defer to make "
                "a new one for each Subscriber",
            )
        return iter(self._items)


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
