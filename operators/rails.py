"""Rails: a flow whose items are shared out among several chains of the same operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from typing_extensions import TypeVar

from operators._faces.face import Face, at, need_flow
from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.node import Node
from operators.splitting.divide import divided
from operators.splitting.parallel import Parallel

if TYPE_CHECKING:
    from operators.flow import Flow
    from operators.schedulers import Scheduler
    from reactive_streams import Publisher

T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")


class Rails(Generic[T_co]):
    """What `parallel` gives: operators that are put here run on each rail, until `sequential`.

    It is no flow: nobody can subscribe to it. Each rail is a chain of its own, with its own state.

    >>> rails = Flow.range(6).parallel(2).map(lambda n: n * n)
    >>> sorted(rails.sequential())
    [0, 1, 4, 9, 16, 25]
    """

    __slots__ = ("_many", "_prefetch", "_rail", "_upstream")

    def __init__(self, upstream: Face[Any], many: int, prefetch: int, rail: Flow[T_co]) -> None:
        self._upstream = upstream
        self._many = many
        self._prefetch = prefetch
        self._rail = rail

    def __repr__(self) -> str:
        return f"<Rails: {self._many} of {self._rail.node.title}>"

    def __getattr__(self, name: str) -> NoReturn:
        hint = f"apply(lambda rail: rail.{name}(...)) does that on each rail, " * (name[0] != "_")
        raise AttributeError(
            f"Rails have no {name}: {hint}sequential() makes one flow of them again"
        )

    def apply(self, build: Callable[[Flow[T_co]], Flow[R]]) -> Rails[R]:
        """Return the rails with the operators that `build` puts on one of them; they are put on each.

        `build` is called once, here. Raises TypeError where it gives no Flow, ValueError for one that does
        not begin with the rail: an operator that puts flows together (merge, concat, share, ...) belongs
        behind `sequential`.

        >>> rows = Flow.range(6).parallel(2).apply(lambda rail: rail.buffer(2))
        >>> sorted(n for row in rows.sequential() for n in row)
        [0, 1, 2, 3, 4, 5]
        """
        need_callable("parallel", "build", build)
        rail: Flow[R] = build(self._rail)
        need_flow("parallel", "build", rail)
        if rail.node.chain()[0].operator is not self._rail.node.chain()[0].operator:
            raise ValueError(
                f"parallel: what build gave, {rail.node!r}, is not a chain of operators on the rail; what "
                "puts flows together goes behind sequential()"
            )
        return Rails(self._upstream, self._many, self._prefetch, rail)

    def run_on(self, scheduler: Scheduler, *, prefetch: int = 2) -> Rails[T_co]:
        """Return the rails with what comes now running on a worker of `scheduler` for each.

        Up to `prefetch` items wait for it at each rail: few, since what waits at one no other can do, or more
        where an item takes less than a millisecond. Threads help where the work waits, or is done by
        code that lets other threads run meanwhile (numpy, zlib, hashlib, files); without a GIL they do
        for any: `docs/scale.md` has figures. Raises ValueError for a prefetch under 1.

        >>> from operators.schedulers import thread
        >>> rails = Flow.range(4).parallel(2).run_on(thread()).map(lambda n: n + 1)
        >>> sorted(rails.sequential())
        [1, 2, 3, 4]
        """
        return self.apply(lambda rail: rail.publish_on(scheduler, prefetch=prefetch))

    def map(self, fn: Callable[[T_co], R]) -> Rails[R]:
        """Return the rails with fn(item) in the place of each item.

        >>> sorted(Flow.range(3).parallel(2).map(str).sequential())
        ['0', '1', '2']
        """
        return self.apply(lambda rail: rail.map(fn))

    def filter(self, fn: Callable[[T_co], object]) -> Rails[T_co]:
        """Return the rails with those items for which fn gives something true.

        >>> sorted(Flow.range(5).parallel(2).filter(lambda n: n % 2).sequential())
        [1, 3]
        """
        return self.apply(lambda rail: rail.filter(fn))

    def flat_map(self, fn: Callable[[T_co], Publisher[R]]) -> Rails[R]:
        """Return the rails with the items of fn(item), of several of them at once on each rail.

        >>> sorted(Flow.of(1, 2).parallel(2).flat_map(Flow.range).sequential())
        [0, 0, 1]
        """
        return self.apply(lambda rail: rail.flat_map(fn))

    def tap(self, fn: Callable[[T_co], object]) -> Rails[T_co]:
        """Return the rails; fn is called with each item, where the rail runs.

        >>> seen = []
        >>> _ = Flow.range(3).parallel(2).tap(seen.append).sequential().run()
        >>> sorted(seen)
        [0, 1, 2]
        """
        return self.apply(lambda rail: rail.tap(fn))

    def reduce(self, fn: Callable[[T_co, T_co], T_co]) -> Rails[T_co]:
        """Return the rails with one result for each that had an item: what fn made of them all.

        >>> import operator
        >>> sum(Flow.range(10).parallel(2).reduce(operator.add).sequential())
        45
        """
        return self.apply(lambda rail: rail.reduce(fn))

    def sequential(self, *, prefetch: int = 32) -> Flow[T_co]:
        """Return one flow of what the rails give, as it comes: its order is not that of the items.

        Each rail runs up to `prefetch` results ahead; where several have some they take turns. Each run
        has rails of its own. It completes when all rails have; an error of one cancels the others; one of
        upstream is told to one rail, and the others complete. Raises ValueError for a prefetch under 1.

        >>> len(list(Flow.range(100).parallel(4).sequential()))
        100
        """
        operator = Parallel(
            self._upstream.node, self._many, self._prefetch, self._rail.node, prefetch
        )
        return at(self._upstream, Node(operator))


def laid(upstream: Face[T_co], many: int, prefetch: int) -> Rails[T_co]:
    """Return rails without operators; raises what `divided` does."""
    root = divided("parallel", upstream.node, many, prefetch, None)[0]
    return Rails(upstream, many, prefetch, at(upstream, root))
