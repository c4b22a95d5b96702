"""One result of a whole flow, as a flow of one item: to be awaited, run, or gone on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators._kernel.failures.failure import NOTHING
from operators.results.all import All
from operators.results.any import AnyOf
from operators.results.collect import Collect
from operators.results.contains import Contains
from operators.results.count import Count
from operators.results.element_at import ElementAt
from operators.results.first import First
from operators.results.last import Last
from operators.results.max import Max
from operators.results.min import Min
from operators.results.single import Single
from operators.results.sum import Sum
from operators.results.to_dict import ToDict
from operators.results.to_list import ToList
from operators.results.to_set import ToSet

if TYPE_CHECKING:
    from operators.flow import Flow

A = TypeVar("A")
K = TypeVar("K")
U = TypeVar("U")
V = TypeVar("V")


class Results(Face[T_co]):
    """first, last, single, element_at, count, sum, min, max, to_list, to_dict, to_set, collect, ..."""

    __slots__ = ()

    @overload
    def first(self) -> Flow[T_co]: ...
    @overload
    def first(self, *, default: U) -> Flow[T_co | U]: ...
    def first(self, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the first item, after which upstream is cancelled; one item is asked for.

        A flow without items gives `default`, or else fails with a NoItemError.

        >>> Flow.range(3, 9).first().run()
        3
        >>> Flow.empty().first(default="none").run()
        'none'
        """
        return then(self, First(default))

    @overload
    def last(self) -> Flow[T_co]: ...
    @overload
    def last(self, *, default: U) -> Flow[T_co | U]: ...
    def last(self, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the last item; upstream is asked without bound.

        A flow without items gives `default`, or else fails with a NoItemError.

        >>> Flow.range(3, 9).last().run()
        8
        """
        return then(self, Last(default))

    @overload
    def single(self) -> Flow[T_co]: ...
    @overload
    def single(self, *, default: U) -> Flow[T_co | U]: ...
    def single(self, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the only item; at a second one it fails with a ManyItemsError.

        A flow without items gives `default`, or else fails with a NoItemError. Two items are asked for.

        >>> Flow.of("alone").single().run()
        'alone'
        """
        return then(self, Single(default))

    @overload
    def element_at(self, index: int) -> Flow[T_co]: ...
    @overload
    def element_at(self, index: int, *, default: U) -> Flow[T_co | U]: ...
    def element_at(self, index: int, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the item at `index`, counted from 0, after which upstream is cancelled.

        A flow with too few items gives `default`, or else fails with a NoItemError. No more items are
        asked for than come up to it. Raises ValueError for an index under 0.

        >>> Flow.of("a", "b", "c").element_at(1).run()
        'b'
        """
        return then(self, ElementAt(index, default))

    def count(self) -> Flow[int]:
        """Return a flow of the number of items; upstream is asked without bound.

        >>> Flow.range(9).count().run()
        9
        """
        return then(self, Count())

    @overload
    def sum(self: Face[int]) -> Flow[int]: ...
    @overload
    def sum(self: Face[float]) -> Flow[float]: ...
    @overload
    def sum(self) -> Flow[T_co | int]: ...
    @overload
    def sum(self, start: A) -> Flow[T_co | A]: ...
    def sum(self: Face[Any], start: Any = 0) -> Flow[Any]:
        """Return a flow of `start` and all items added up; upstream is asked without bound.

        A flow without items gives `start`.

        >>> Flow.range(5).sum().run(), Flow.of("b", "c").sum("a").run()
        (10, 'abc')
        """
        return then(self, Sum(start))

    @overload
    def min(self, key: Callable[[T_co], Any] | None = None) -> Flow[T_co]: ...
    @overload
    def min(self, key: Callable[[T_co], Any] | None = None, *, default: U) -> Flow[T_co | U]: ...
    def min(self, key: Callable[[T_co], Any] | None = None, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the smallest item, or that with the smallest key(item); the first of several.

        A flow without items gives `default`, or else fails with a NoItemError.

        >>> Flow.of(3, 1, 2).min().run(), Flow.of("bbb", "a").min(len).run()
        (1, 'a')
        """
        return then(self, Min(key, default))

    @overload
    def max(self, key: Callable[[T_co], Any] | None = None) -> Flow[T_co]: ...
    @overload
    def max(self, key: Callable[[T_co], Any] | None = None, *, default: U) -> Flow[T_co | U]: ...
    def max(self, key: Callable[[T_co], Any] | None = None, *, default: Any = NOTHING) -> Flow[Any]:
        """Return a flow of the largest item, or that with the largest key(item); the first of several.

        A flow without items gives `default`, or else fails with a NoItemError.

        >>> Flow.of(3, 1, 2).max().run(), Flow.of("bbb", "a").max(len).run()
        (3, 'bbb')
        """
        return then(self, Max(key, default))

    def to_list(self) -> Flow[list[T_co]]:
        """Return a flow of one list of all items; it holds them all.

        >>> Flow.range(3).to_list().run()
        [0, 1, 2]
        """
        return then(self, ToList())

    def to_set(self) -> Flow[set[T_co]]:
        """Return a flow of one set of all items; it holds them all.

        >>> Flow.of(1, 2, 1).to_set().run()
        {1, 2}
        """
        return then(self, ToSet())

    @overload
    def to_dict(self, key: Callable[[T_co], K]) -> Flow[dict[K, T_co]]: ...
    @overload
    def to_dict(self, key: Callable[[T_co], K], value: Callable[[T_co], V]) -> Flow[dict[K, V]]: ...
    def to_dict(
        self, key: Callable[[T_co], Any], value: Callable[[T_co], Any] | None = None
    ) -> Flow[Any]:
        """Return a flow of one dict of key(item): value(item), or of key(item): item; it holds them all.

        Of several items with one key the last one counts.

        >>> Flow.of("one", "two", "three").to_dict(len, str.upper).run()
        {3: 'TWO', 5: 'THREE'}
        """
        return then(self, ToDict(key, value))

    def collect(self, factory: Callable[[], A], add: Callable[[A, T_co], object]) -> Flow[A]:
        """Return a flow of what `factory()` makes, after add(it, item) for each item; it holds them all.

        Each run has one of its own.

        >>> Flow.of("b", "a", "b").collect(set, set.add).map(sorted).run()
        ['a', 'b']
        """
        return then(self, Collect(factory, add))

    def all(self, predicate: Callable[[T_co], object]) -> Flow[bool]:
        """Return a flow of whether predicate(item) is true for all items; False comes as soon as known.

        >>> Flow.range(5).all(lambda n: n < 3).run()
        False
        """
        return then(self, All(predicate))

    def any(self, predicate: Callable[[T_co], object]) -> Flow[bool]:
        """Return a flow of whether predicate(item) is true for an item; True comes as soon as known.

        >>> Flow.range(5).any(lambda n: n > 3).run()
        True
        """
        return then(self, AnyOf(predicate))

    def contains(self, value: object) -> Flow[bool]:
        """Return a flow of whether an item is, or equals, `value`; True comes as soon as known.

        Raises TypeError for None (§2.13).

        >>> Flow.range(10**9).contains(7).run()
        True
        """
        return then(self, Contains(value))
