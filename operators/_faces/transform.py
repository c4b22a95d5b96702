"""Other items of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators._kernel.failure import NOTHING
from operators.transform.buffer import Buffer
from operators.transform.enumerate import Enumerate
from operators.transform.flat_map_iterable import FlatMapIterable
from operators.transform.map import Map
from operators.transform.map_not_none import MapNotNone
from operators.transform.pairwise import Pairwise
from operators.transform.reduce import Reduce
from operators.transform.scan import Scan

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")
A = TypeVar("A")


class Transform(Face[T_co]):
    """map and its kin."""

    __slots__ = ()

    def map(self, fn: Callable[[T_co], R]) -> Flow[R]:
        """Return a flow of fn(item) for each item; request(n) passes through.

        >>> list(Flow.range(3).map(str))
        ['0', '1', '2']
        """
        return then(self, Map(fn))

    def map_not_none(self, fn: Callable[[T_co], R | None]) -> Flow[R]:
        """Return a flow of fn(item) for each item for which that is not None (§2.13).

        For each item left out one more is asked for, so that request(n) brings n items.

        >>> sizes = {"a": 1, "c": 3}
        >>> list(Flow.of("a", "b", "c").map_not_none(sizes.get))
        [1, 3]
        """
        return then(self, MapNotNone(fn))

    @overload
    def scan(self, fn: Callable[[T_co, T_co], T_co]) -> Flow[T_co]: ...
    @overload
    def scan(self, fn: Callable[[A, T_co], A], seed: A) -> Flow[A]: ...
    @overload
    def scan(self, fn: Callable[[A, T_co], A], *, seed_factory: Callable[[], A]) -> Flow[A]: ...
    def scan(
        self,
        fn: Callable[[Any, Any], Any],
        seed: Any = NOTHING,
        *,
        seed_factory: Callable[[], Any] | None = None,
    ) -> Flow[Any]:
        """Return a flow of the running results of a fold, one for each item.

        Without `seed` the first item is the first result; the seed itself is not emitted. Each run
        starts with a copy of a seed that is a list, a dict, a set or the like, and with what
        `seed_factory()` gives where that is given instead. Raises TypeError where both are.

        >>> import operator
        >>> list(Flow.of(1, 2, 3).scan(operator.add)), list(Flow.of(1, 2).scan(operator.add, 10))
        ([1, 3, 6], [11, 13])
        """
        return then(self, Scan(fn, seed, seed_factory))

    @overload
    def reduce(self, fn: Callable[[T_co, T_co], T_co]) -> Flow[T_co]: ...
    @overload
    def reduce(self, fn: Callable[[A, T_co], A], seed: A) -> Flow[A]: ...
    @overload
    def reduce(self, fn: Callable[[A, T_co], A], *, seed_factory: Callable[[], A]) -> Flow[A]: ...
    def reduce(
        self,
        fn: Callable[[Any, Any], Any],
        seed: Any = NOTHING,
        *,
        seed_factory: Callable[[], Any] | None = None,
    ) -> Flow[Any]:
        """Return a flow of one item: the result of a fold over all; upstream is asked without bound.

        Without `seed` the first item is the start, and no items give no result. Each run starts with a
        copy of a seed that is a list, a dict, a set or the like, and with what `seed_factory()` gives
        where that is given instead. Raises TypeError where both are.

        >>> Flow.range(5).reduce(lambda total, n: total + n).run()
        10
        """
        return then(self, Reduce(fn, seed, seed_factory))

    def enumerate(self, start: int = 0) -> Flow[tuple[int, T_co]]:
        """Return a flow of (number, item), the numbers going up from `start`.

        >>> list(Flow.of("a", "b").enumerate(1))
        [(1, 'a'), (2, 'b')]
        """
        return then(self, Enumerate(start))

    def pairwise(self) -> Flow[tuple[T_co, T_co]]:
        """Return a flow of (previous, item) for each item but the first.

        A first item that no other follows goes to on_discard.

        >>> list(Flow.of(1, 2, 3).pairwise())
        [(1, 2), (2, 3)]
        """
        return then(self, Pairwise())

    def buffer(self, size: int) -> Flow[list[T_co]]:
        """Return a flow of lists of `size` items, the last one perhaps shorter.

        request(n) asks upstream for n * size items. Raises ValueError for a size under 1.

        >>> list(Flow.range(5).buffer(2))
        [[0, 1], [2, 3], [4]]
        """
        return then(self, Buffer(size))

    def flat_map_iterable(self, fn: Callable[[T_co], Iterable[R]]) -> Flow[R]:
        """Return a flow of the items of the iterables fn(item), one iterable after another.

        One iterable is open at a time; the next item is asked for when there is demand for more.

        >>> list(Flow.of("ab", "c").flat_map_iterable(list))
        ['a', 'b', 'c']
        """
        return then(self, FlatMapIterable(fn))
