"""Some of the items."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeGuard, overload

from typing_extensions import TypeIs, TypeVar

from operators._faces.face import Face, T_co, then
from operators.filtering.distinct import Distinct
from operators.filtering.distinct_until_changed import DistinctUntilChanged
from operators.filtering.filter import Filter
from operators.filtering.skip import Skip
from operators.filtering.skip_while import SkipWhile
from operators.filtering.take import Take
from operators.filtering.take_while import TakeWhile

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")


class Filtering(Face[T_co]):
    """filter and its kin."""

    __slots__ = ()

    @overload
    def filter(self, predicate: Callable[[T_co], TypeIs[R]]) -> Flow[R]: ...
    @overload
    def filter(self, predicate: Callable[[T_co], TypeGuard[R]]) -> Flow[R]: ...
    @overload
    def filter(self, predicate: Callable[[T_co], Any]) -> Flow[T_co]: ...
    def filter(self, predicate: Callable[[T_co], Any]) -> Flow[Any]:
        """Return a flow of the items for which `predicate` is true.

        For each item left out one more is asked for, so that request(n) brings n items.

        >>> list(Flow.range(6).filter(lambda n: n % 2))
        [1, 3, 5]
        """
        return then(self, Filter(predicate))

    def take(self, n: int) -> Flow[T_co]:
        """Return a flow of the first `n` items; it completes with the n-th, and never asks for more.

        With n=0 it completes before anything is asked for. Raises ValueError for n < 0.

        >>> list(Flow.range(100).take(3))
        [0, 1, 2]
        """
        return then(self, Take(n))

    def take_while(self, predicate: Callable[[T_co], Any]) -> Flow[T_co]:
        """Return a flow of the items before the first for which `predicate` is false.

        >>> list(Flow.of(1, 2, 9, 1).take_while(lambda n: n < 5))
        [1, 2]
        """
        return then(self, TakeWhile(predicate))

    def skip(self, n: int) -> Flow[T_co]:
        """Return a flow without the first `n` items, for which it asks once. Raises ValueError for n < 0.

        >>> list(Flow.range(5).skip(3))
        [3, 4]
        """
        return then(self, Skip(n))

    def skip_while(self, predicate: Callable[[T_co], Any]) -> Flow[T_co]:
        """Return a flow of the items from the first on for which `predicate` is false.

        >>> list(Flow.of(1, 2, 9, 1).skip_while(lambda n: n < 5))
        [9, 1]
        """
        return then(self, SkipWhile(predicate))

    def distinct(self, key: Callable[[T_co], Hashable] | None = None) -> Flow[T_co]:
        """Return a flow of the items whose `key` (the item itself) did not come before.

        It remembers every key it has seen: memory grows with the number of different keys. An item
        that cannot be hashed is an error.

        >>> list(Flow.of(1, 2, 1, 3).distinct())
        [1, 2, 3]
        """
        return then(self, Distinct(key))

    def distinct_until_changed(self, key: Callable[[T_co], Any] | None = None) -> Flow[T_co]:
        """Return a flow of the items whose `key` (the item itself) differs from the one before.

        >>> list(Flow.of(1, 1, 2, 1).distinct_until_changed())
        [1, 2, 1]
        """
        return then(self, DistinctUntilChanged(key))
