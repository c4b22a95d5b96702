"""One flow of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, need_face, then
from operators._kernel.node import Node
from operators.combining.concat_map import ConcatMap, given
from operators.combining.flat_map import FlatMap
from operators.combining.zip import Zip
from operators.sources.flows import FromFlows, InARow
from operators.sources.publisher import as_node
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

    @overload
    def zip(self, *, prefetch: int = 32) -> Flow[tuple[T_co]]: ...
    @overload
    def zip(self, a: Publisher[A], /, *, prefetch: int = 32) -> Flow[tuple[T_co, A]]: ...
    @overload
    def zip(
        self, a: Publisher[A], b: Publisher[B], /, *, prefetch: int = 32
    ) -> Flow[tuple[T_co, A, B]]: ...
    @overload
    def zip(
        self, a: Publisher[A], b: Publisher[B], c: Publisher[C], /, *, prefetch: int = 32
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
    ) -> Flow[tuple[T_co, A, B, C, D]]: ...
    @overload
    def zip(self, *others: Publisher[U], prefetch: int = 32) -> Flow[tuple[T_co | U, ...]]: ...
    def zip(self, *others: Publisher[Any], prefetch: int = 32) -> Flow[Any]:
        """Return a flow of tuples of the n-th items of all flows.

        Each flow is asked for `prefetch` items ahead. It completes as soon as no further tuple can be
        made, and cancels the flows that go on.

        >>> list(Flow.of(1, 2, 3).zip(Flow.of("a", "b")))
        [(1, 'a'), (2, 'b')]
        """
        need_face("zip", self)
        nodes = tuple(as_node("zip", "others", other) for other in others)
        return then(self, Zip(nodes, prefetch))

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
        flat = isinstance(mine, FlatMap) and mine.prefetch == prefetch
        flows = self._together("merge", others, FromFlows, flat)
        return _flow(Node(FlatMap(given, flows.count, prefetch, "merge"), Node(flows)))

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
        return _flow(Node(ConcatMap(given, "concat"), Node(flows)))

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


def _flow(node: Node) -> Flow[Any]:
    from operators.flow import Flow

    return Flow(node)
