"""Some of the items."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Never, TypeGuard, overload

from typing_extensions import TypeIs, TypeVar

from operators._faces.face import Face, T_co, then
from operators.filtering.cast import Cast
from operators.filtering.distinct import Distinct
from operators.filtering.distinct_until_changed import DistinctUntilChanged
from operators.filtering.filter import Filter
from operators.filtering.if_empty import DefaultIfEmpty, SwitchIfEmpty
from operators.filtering.ignore_elements import IgnoreElements
from operators.filtering.of_type import OfType
from operators.filtering.skip import Skip
from operators.filtering.skip_last import SkipLast
from operators.filtering.skip_while import SkipWhile
from operators.filtering.take import Take
from operators.filtering.take_last import TakeLast
from operators.filtering.take_while import TakeWhile
from operators.sources.publisher import as_node
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")
U = TypeVar("U")


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

    def take_last(self, n: int) -> Flow[T_co]:
        """Return a flow of the last `n` items, which come when upstream has completed.

        Upstream is asked without bound; n items are kept. Raises ValueError for n < 0.

        >>> list(Flow.range(9).take_last(2))
        [7, 8]
        """
        return then(self, TakeLast(n))

    def skip_last(self, n: int) -> Flow[T_co]:
        """Return a flow of all items but the last `n`: each comes when n more have.

        The first request asks upstream for n items more. Those that are left out at the end go to
        on_discard. Raises ValueError for n < 0.

        >>> list(Flow.range(5).skip_last(2))
        [0, 1, 2]
        """
        return then(self, SkipLast(n))

    def ignore_elements(self) -> Flow[Never]:
        """Return a flow of no item, which ends as upstream does; upstream is asked without bound.

        >>> list(Flow.of(1, 2).tap(print).ignore_elements())
        1
        2
        []
        """
        return then(self, IgnoreElements())

    def default_if_empty(self, value: U) -> Flow[T_co | U]:
        """Return the same flow, or one of `value` where it has no items.

        Raises TypeError for None (§2.13).

        >>> list(Flow.empty().default_if_empty("none"))
        ['none']
        """
        return then(self, DefaultIfEmpty(value))

    def switch_if_empty(self, other: Publisher[U]) -> Flow[T_co | U]:
        """Return the same flow, or `other` where it has no items.

        The other flow is subscribed to only then, and when there is demand.

        >>> list(Flow.empty().switch_if_empty(Flow.of(7, 8)))
        [7, 8]
        """
        return then(self, SwitchIfEmpty(as_node("switch_if_empty", "other", other)))

    @overload
    def of_type(self, kind: type[R]) -> Flow[R]: ...
    @overload
    def of_type(self, kind: tuple[type[R], ...]) -> Flow[R]: ...
    def of_type(self, kind: Any) -> Flow[Any]:
        """Return a flow of the items that are instances of `kind`, a class or a tuple of some.

        >>> list(Flow.of(1, "a", 2).of_type(int))
        [1, 2]
        """
        return then(self, OfType(kind))

    @overload
    def cast(self, kind: type[R]) -> Flow[R]: ...
    @overload
    def cast(self, kind: tuple[type[R], ...]) -> Flow[R]: ...
    def cast(self, kind: Any) -> Flow[Any]:
        """Return the same flow, of which each item has to be an instance of `kind`.

        `kind` is a class or a tuple of some; an item that is none of it fails the flow with a TypeError.

        >>> list(Flow.of(1, 2).cast(int))
        [1, 2]
        """
        return then(self, Cast(kind))
