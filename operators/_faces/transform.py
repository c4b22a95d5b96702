"""Other items of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar, TypeVarTuple

from operators._faces.face import Face, T_co, then
from operators._kernel.failures.failure import NOTHING
from operators.transform.buffer import buffer
from operators.transform.buffer_weighted import BufferWeighted
from operators.transform.enumerate import Enumerate
from operators.transform.flat_map_iterable import FlatMapIterable
from operators.transform.map import Map
from operators.transform.map_not_none import MapNotNone
from operators.transform.materialize import Dematerialize, Materialize, Signal
from operators.transform.pairwise import Pairwise
from operators.transform.reduce import Reduce
from operators.transform.scan import Scan
from operators.transform.shuffle import Shuffle
from operators.transform.starmap import Starmap

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")
A = TypeVar("A")
Ts = TypeVarTuple("Ts")


class Transform(Face[T_co]):
    """map and its kin."""

    __slots__ = ()

    def map(self, fn: Callable[[T_co], R]) -> Flow[R]:
        """Return a flow of fn(item) for each item; request(n) passes through.

        >>> list(Flow.range(3).map(str))
        ['0', '1', '2']
        """
        return then(self, Map(fn))

    def starmap(self: Face[tuple[*Ts]], fn: Callable[[*Ts], R]) -> Flow[R]:
        """Return a flow of fn(*item) for each item, which is a tuple; request(n) passes through.

        >>> list(Flow.of((2, 3), (3, 2)).starmap(pow))
        [8, 9]
        """
        return then(self, Starmap(fn))

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

    def buffer(self, size: int, skip: int | None = None) -> Flow[list[T_co]]:
        """Return a flow of lists of `size` items, the last one perhaps shorter.

        With `skip` a list begins at every so many items: fewer than `size`, and lists share items; more,
        and items between lists are left out. request(n) asks upstream for the items of n lists, and what is
        between them. Raises ValueError for a size or a skip under 1.

        >>> list(Flow.range(5).buffer(2))
        [[0, 1], [2, 3], [4]]
        >>> list(Flow.range(4).buffer(3, 1))
        [[0, 1, 2], [1, 2, 3], [2, 3], [3]]
        """
        return then(self, buffer(size, skip))

    def shuffle(self, buffer: int = 1_000, *, seed: int | None = None) -> Flow[T_co]:
        """Return a flow of the same items in another order: each is drawn from `buffer` of them.

        So an item comes at most `buffer` places earlier than it would, and may come any number later. The
        first waits for `buffer` items, and at the end those that are left come, as they are drawn. With a
        seed the order is the same each time, on every machine; without, each run has another. Raises
        ValueError for a buffer under 1, TypeError for a seed that is no int.

        >>> list(Flow.range(8).shuffle(3, seed=1))
        [0, 2, 4, 3, 1, 7, 5, 6]
        """
        return then(self, Shuffle(buffer, seed))

    def flat_map_iterable(self, fn: Callable[[T_co], Iterable[R]]) -> Flow[R]:
        """Return a flow of the items of the iterables fn(item), one iterable after another.

        One iterable is open at a time; the next item is asked for when there is demand for more.

        >>> list(Flow.of("ab", "c").flat_map_iterable(list))
        ['a', 'b', 'c']
        """
        return then(self, FlatMapIterable(fn))

    def buffer_weighted(self, limit: float, weight: Callable[[T_co], float]) -> Flow[list[T_co]]:
        """Return a flow of lists of items, as many each as weigh at most `limit` together by weight(item).

        An item that weighs more is alone in its list. A list comes when its weight is the limit, or with the
        next item that would be too much. Raises ValueError for a limit of 0 or less.

        >>> list(Flow.of("aaa", "b", "cc", "dddddd").buffer_weighted(4, len))
        [['aaa', 'b'], ['cc'], ['dddddd']]
        """
        return then(self, BufferWeighted(limit, weight))

    def materialize(self) -> Flow[Signal[T_co]]:
        """Return a flow of this one's signals: OnNext(item) for each item, then OnComplete or OnError.

        It completes after the last of them, which waits for demand like an item.

        >>> list(Flow.of(1).materialize())
        [OnNext(item=1), OnComplete()]
        """
        return then(self, Materialize())

    def dematerialize(self: Face[Signal[A]]) -> Flow[A]:
        """Return the flow whose signals this one's items are: it ends as an OnComplete or OnError says.

        An item that is no signal fails the flow with a TypeError.

        >>> from operators import OnComplete, OnNext
        >>> list(Flow.of(OnNext(1), OnComplete(), OnNext(2)).dematerialize())
        [1]
        """
        return then(self, Dematerialize())
