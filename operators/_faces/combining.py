"""One flow of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, at, derived_class, need_face, then
from operators._kernel.plan.node import Node
from operators.combining.combine_latest import CombineLatest
from operators.combining.concat import Concat
from operators.combining.concat_map import ConcatMap
from operators.combining.flat_map import ConcatMapEager, FlatMap
from operators.combining.interleave import Interleave
from operators.combining.merge import Merge
from operators.combining.merge_sorted import MergeSorted
from operators.combining.race import Race
from operators.combining.start_with import start_with
from operators.combining.switch_map import SwitchMap
from operators.combining.switch_on_first import SwitchOnFirst
from operators.combining.with_latest_from import WithLatestFrom
from operators.combining.zip import StrictZip, Zip, ZipLongest
from operators.sources.flows import FromFlows, InARow
from operators.sources.publisher import as_node
from operators.transform.expand import Expand
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")
U = TypeVar("U")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Combining(Face[T_co]):
    """flat_map, zip, merge, concat."""

    __slots__ = ()

    def flat_map(
        self, fn: Callable[[T_co], Publisher[R]], *, concurrency: int = 16, prefetch: int = 32
    ) -> Flow[R]:
        """Return a flow of the items of the flows fn(item), up to `concurrency` of them at once.

        Items come as the inner flows have them, who take turns of up to `prefetch` items. It holds at
        most concurrency * (prefetch + 1) items. Raises ValueError where one of the two is under 1.

        >>> list(Flow.of(1, 2).flat_map(lambda n: Flow.of(n, n * 10)))
        [1, 10, 2, 20]
        """
        return then(self, FlatMap(fn, concurrency, prefetch))

    def concat_map(self, fn: Callable[[T_co], Publisher[R]]) -> Flow[R]:
        """Return a flow of the items of the flows fn(item), one flow after another.

        Demand that one inner flow leaves over goes on to the next.

        >>> list(Flow.of(2, 3).concat_map(lambda n: Flow.range(n)))
        [0, 1, 0, 1, 2]
        """
        return then(self, ConcatMap(fn))

    def switch_map(self, fn: Callable[[T_co], Publisher[R]], *, prefetch: int = 32) -> Flow[R]:
        """Return a flow of the items of the flow fn(item), until there is a later item.

        The flow of the item before is cancelled then, and what waits of it discarded. Upstream is asked
        without bound, the inner flow for `prefetch` items. Raises ValueError where that is under 1.

        >>> list(Flow.of(1, 2).switch_map(lambda n: Flow.of(n * 10, n * 10 + 1)))
        [20, 21]
        """
        return then(self, SwitchMap(fn, prefetch))

    def switch_on_first(
        self, fn: Callable[[T_co, Flow[T_co]], Publisher[R]], *, prefetch: int = 32
    ) -> Flow[R]:
        """Return the flow fn(first, flow): what is to be done with the flow is decided by its first item.

        The flow that `fn` is given has all items, the first one too, and takes one Subscriber. Up to
        `prefetch` items wait for it; ValueError where that is under 1. When the flow that `fn` makes is
        over, or leaves the one that it was given, upstream is cancelled. Without a first item `fn` is not
        called, and the end of upstream is passed on.

        >>> def parsed(header, lines):
        ...     return lines.skip(1).map(str.upper if header == "upper" else str.lower)
        >>> list(Flow.of("upper", "Ab", "cD").switch_on_first(parsed))
        ['AB', 'CD']
        """
        return then(self, SwitchOnFirst(derived_class(self), fn, prefetch))

    def combine_latest(self, *others: Publisher[Any], prefetch: int = 32) -> Flow[tuple[Any, ...]]:
        """Return a flow of tuples of the latest item of this and of each other flow.

        There is one for each item of any of them, once all have had one. Each is asked for `prefetch` items,
        and again when three quarters of theirs are emitted. Raises ValueError where that is under 1.

        >>> list(Flow.of(1, 2).combine_latest(Flow.of("a", "b")))
        [(2, 'a'), (2, 'b')]
        """
        return then(self, CombineLatest(others, prefetch))

    def with_latest_from(self, *others: Publisher[Any]) -> Flow[tuple[Any, ...]]:
        """Return a flow of tuples of each item and the latest item of each other flow.

        Items that come before all others have had one are discarded. Upstream is asked for an item when one
        is wanted, the others without bound.

        >>> list(Flow.of(1, 2).with_latest_from(Flow.of("a", "b")))
        [(1, 'b'), (2, 'b')]
        """
        return then(self, WithLatestFrom(others))

    def race(self, *others: Publisher[T_co]) -> Flow[T_co]:
        """Return the flow of these that has an item, or an end, first; the others are cancelled then.

        All are asked for what is asked for, until that one is known.

        >>> list(Flow.never().race(Flow.of(1, 2)))
        [1, 2]
        """
        return then(self, Race(others))

    @overload
    def zip(self, *, prefetch: int = 32, strict: bool = False) -> Flow[tuple[T_co]]: ...
    @overload
    def zip(
        self, a: Publisher[A], /, *, prefetch: int = 32, strict: bool = False
    ) -> Flow[tuple[T_co, A]]: ...
    @overload
    def zip(
        self, a: Publisher[A], b: Publisher[B], /, *, prefetch: int = 32, strict: bool = False
    ) -> Flow[tuple[T_co, A, B]]: ...
    @overload
    def zip(
        self,
        a: Publisher[A],
        b: Publisher[B],
        c: Publisher[C],
        /,
        *,
        prefetch: int = 32,
        strict: bool = False,
    ) -> Flow[tuple[T_co, A, B, C]]: ...
    @overload
    def zip(
        self,
        a: Publisher[A],
        b: Publisher[B],
        c: Publisher[C],
        d: Publisher[D],
        /,
        *,
        prefetch: int = 32,
        strict: bool = False,
    ) -> Flow[tuple[T_co, A, B, C, D]]: ...
    @overload
    def zip(
        self, *others: Publisher[U], prefetch: int = 32, strict: bool = False
    ) -> Flow[tuple[T_co | U, ...]]: ...
    def zip(self, *others: Publisher[Any], prefetch: int = 32, strict: bool = False) -> Flow[Any]:
        """Return a flow of tuples of the n-th items of all flows.

        Each flow is asked for `prefetch` items ahead. It completes as soon as no further tuple can be
        made, and cancels the flows that go on; with `strict` it fails with a ValueError where one is over
        before another.

        >>> list(Flow.of(1, 2, 3).zip(Flow.of("a", "b")))
        [(1, 'a'), (2, 'b')]
        """
        nodes = _nodes("zip", self, others)
        return then(self, StrictZip(nodes, prefetch) if strict else Zip(nodes, prefetch))

    @overload
    def zip_longest(
        self, a: Publisher[A], /, *, prefetch: int = 32
    ) -> Flow[tuple[T_co | None, A | None]]: ...
    @overload
    def zip_longest(
        self, a: Publisher[A], /, *, fillvalue: U, prefetch: int = 32
    ) -> Flow[tuple[T_co | U, A | U]]: ...
    @overload
    def zip_longest(
        self, a: Publisher[A], b: Publisher[B], /, *, prefetch: int = 32
    ) -> Flow[tuple[T_co | None, A | None, B | None]]: ...
    @overload
    def zip_longest(
        self, a: Publisher[A], b: Publisher[B], /, *, fillvalue: U, prefetch: int = 32
    ) -> Flow[tuple[T_co | U, A | U, B | U]]: ...
    @overload
    def zip_longest(
        self, *others: Publisher[A], fillvalue: U, prefetch: int = 32
    ) -> Flow[tuple[T_co | A | U, ...]]: ...
    @overload
    def zip_longest(
        self, *others: Publisher[A], prefetch: int = 32
    ) -> Flow[tuple[T_co | A | None, ...]]: ...
    def zip_longest(
        self, *others: Publisher[Any], fillvalue: Any = None, prefetch: int = 32
    ) -> Flow[Any]:
        """Return a flow of tuples of the n-th items of all flows, up to the end of the longest.

        `fillvalue` stands where a flow has no item any more. Each flow is asked for `prefetch` items ahead.

        >>> list(Flow.of(1, 2, 3).zip_longest(Flow.of("a"), fillvalue="-"))
        [(1, 'a'), (2, '-'), (3, '-')]
        """
        return then(self, ZipLongest(_nodes("zip_longest", self, others), prefetch, fillvalue))

    def merge_sorted(
        self,
        *others: Publisher[U],
        key: Callable[[T_co | U], Any] | None = None,
        prefetch: int = 32,
    ) -> Flow[T_co | U]:
        """Return a flow of the items of flows that are in order each, in order, by `key` if given.

        Of items that are the same that of the earlier flow comes first. An item comes when each flow has one,
        or is over. Each flow is asked for `prefetch` items ahead.

        >>> list(Flow.of(1, 4, 5).merge_sorted(Flow.of(2, 3, 6)))
        [1, 2, 3, 4, 5, 6]
        """
        return then(self, MergeSorted(_nodes("merge_sorted", self, others), key, prefetch))

    def interleave(
        self, *others: Publisher[U], size: int = 1, prefetch: int = 32
    ) -> Flow[T_co | U]:
        """Return a flow of `size` items of each flow in turn, up to the end of all.

        It waits for the flow whose turn it is; one that is over is left out. Each is asked for `prefetch`
        items ahead. Raises ValueError for a size under 1.

        >>> list(Flow.of(1, 2, 3).interleave(Flow.of("a", "b")))
        [1, 'a', 2, 'b', 3]
        """
        return then(self, Interleave(_nodes("interleave", self, others), size, prefetch))

    def start_with(self, *items: U) -> Flow[T_co | U]:
        """Return a flow of `items`, then this one's; none of them may be None (§2.13).

        >>> list(Flow.of(1, 2).start_with(0))
        [0, 1, 2]
        """
        need_face("start_with", self)
        return at(self, start_with(items, self.node))

    def concat_map_eager(
        self, fn: Callable[[T_co], Publisher[R]], *, concurrency: int = 16, prefetch: int = 32
    ) -> Flow[R]:
        """Return a flow of the items of the flows fn(item) in order, up to `concurrency` of them begun.

        Flows that wait for their turn are asked for `prefetch` items ahead; it holds at most
        concurrency * (prefetch + 1) items. Raises ValueError where one of the two is under 1.

        >>> list(Flow.of(2, 3).concat_map_eager(lambda n: Flow.range(n)))
        [0, 1, 0, 1, 2]
        """
        return then(self, ConcatMapEager(fn, concurrency, prefetch))

    def expand(
        self, fn: Callable[[T_co], Publisher[T_co]], *, capacity: int = 65_536
    ) -> Flow[T_co]:
        """Return a flow of the items, then of those of fn(item) for each of them, and so on, by levels.

        A flow without items ends its branch. Up to `capacity` items that were emitted wait for fn; one more
        fails with a BackpressureError. Raises ValueError for a capacity under 1.

        >>> list(Flow.of(8).expand(lambda n: Flow.of(n // 2, n // 4) if n > 2 else Flow.empty()))
        [8, 4, 2, 2, 1]
        """
        need_face("expand", self)
        return at(self, Node(Expand(self.node, fn, capacity)))

    @overload
    def merge(self, *, prefetch: int = 32) -> Flow[T_co]: ...
    @overload
    def merge(self, a: Publisher[A], /, *, prefetch: int = 32) -> Flow[T_co | A]: ...
    @overload
    def merge(
        self, a: Publisher[A], b: Publisher[B], /, *, prefetch: int = 32
    ) -> Flow[T_co | A | B]: ...
    @overload
    def merge(
        self, a: Publisher[A], b: Publisher[B], c: Publisher[C], /, *, prefetch: int = 32
    ) -> Flow[T_co | A | B | C]: ...
    @overload
    def merge(
        self,
        a: Publisher[A],
        b: Publisher[B],
        c: Publisher[C],
        d: Publisher[D],
        /,
        *,
        prefetch: int = 32,
    ) -> Flow[T_co | A | B | C | D]: ...
    @overload
    def merge(self, *others: Publisher[U], prefetch: int = 32) -> Flow[T_co | U]: ...
    def merge(self, *others: Publisher[Any], prefetch: int = 32) -> Flow[Any]:
        """Return a flow of the items of all flows, as they come; none starves another.

        The flows take turns of up to `prefetch` items, and each is asked for so many ahead.

        >>> sorted(Flow.of(1, 2).merge(Flow.of(3), Flow.of(4)))
        [1, 2, 3, 4]
        """
        need_face("merge", self)
        mine = self.node.operator
        flat = isinstance(mine, Merge) and mine.prefetch == prefetch
        flows = self._together("merge", others, FromFlows, flat)
        return _flow(Node(Merge(flows.count, prefetch), Node(flows)))

    @overload
    def concat(self) -> Flow[T_co]: ...
    @overload
    def concat(self, a: Publisher[A], /) -> Flow[T_co | A]: ...
    @overload
    def concat(self, a: Publisher[A], b: Publisher[B], /) -> Flow[T_co | A | B]: ...
    @overload
    def concat(
        self, a: Publisher[A], b: Publisher[B], c: Publisher[C], /
    ) -> Flow[T_co | A | B | C]: ...
    @overload
    def concat(
        self, a: Publisher[A], b: Publisher[B], c: Publisher[C], d: Publisher[D], /
    ) -> Flow[T_co | A | B | C | D]: ...
    @overload
    def concat(self, *others: Publisher[U]) -> Flow[T_co | U]: ...
    def concat(self, *others: Publisher[Any]) -> Flow[Any]:
        """Return a flow of the items of all flows, one flow after another.

        A flow is subscribed to when the one before has completed and there is demand for more.

        >>> list(Flow.of(1, 2).concat(Flow.of(3), Flow.of(4)))
        [1, 2, 3, 4]
        """
        need_face("concat", self)
        flows = self._together("concat", others, InARow, True)
        return _flow(Node(Concat(), Node(flows)))

    def _together(
        self, name: str, others: tuple[Any, ...], kind: type[FromFlows], joins: bool
    ) -> FromFlows:
        # A chain of concats (or merges) is one of all their flows, however long it grows.
        added = tuple(as_node(name, "others", other) for other in others)
        node = self.node
        source = node.upstream
        if joins and source is not None and type(source.operator) is kind and not node.label:
            joined: FromFlows = kind(added, source.operator)
            return joined
        return kind((node, *added))


def _nodes(name: str, face: Any, others: tuple[Any, ...]) -> tuple[Node, ...]:
    need_face(name, face)
    return tuple(as_node(name, "others", other) for other in others)


def _flow(node: Node) -> Flow[Any]:
    from operators.flow import Flow

    return Flow(node)
