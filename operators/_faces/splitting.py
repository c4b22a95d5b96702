"""Several flows out of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from typing_extensions import TypeVar

from operators._faces.face import KINDS, Face, T_co, at, derived_class, need_face, then
from operators._kernel.plan.node import Node
from operators.multicast.also_to import AlsoTo, WireTap
from operators.multicast.publish import Broadcast, Publish
from operators.rails import Rails, laid
from operators.schedulers import Scheduler
from operators.splitting.divide import divided
from operators.splitting.group_by import GroupBy
from operators.splitting.window import Window, WindowTime, WindowUntil

if TYPE_CHECKING:
    from operators.flow import Flow
    from operators.grouped import GroupedFlow
    from reactive_streams import Subscriber

K = TypeVar("K")


class Splitting(Face[T_co]):
    """group_by, window; broadcast, balance, partition, parallel, also_to."""

    __slots__ = ()

    def group_by(
        self,
        key: Callable[[T_co], K],
        *,
        groups: int = 1024,
        prefetch: int = 256,
        most: int | None = None,
        idle: float | None = None,
        until: Callable[[T_co], bool] | None = None,
        stall: float = 5.0,
        scheduler: Scheduler | None = None,
    ) -> Flow[GroupedFlow[T_co, K]]:
        """Return a flow of a flow for each key, which has it as its `key`; for `flat_map`, mostly.

        At most `prefetch` items wait in all groups together. A group ends after `most` items, when nothing
        has come for it for `idle` seconds, with the item for which `until` is true, or when its Subscriber
        leaves; its key may come again, with a new group. With more than `groups` at once the flow fails.

        All groups have to be subscribed to: the items of one that is not take the places of all others.
        Where these have nothing for `stall` seconds, since nothing can come, that is a GroupError which
        names the group and how many are open.

        >>> list(
        ...     Flow.range(6)
        ...     .group_by(lambda n: n % 2, most=2)
        ...     .flat_map(lambda group: group.reduce(int.__add__).map(lambda n: (group.key, n)))
        ... )
        [(0, 2), (1, 4), (0, 4), (1, 5)]
        """
        operator = GroupBy(
            KINDS["group_by"], key, groups, prefetch, most, idle, until, stall, scheduler
        )
        return then(self, operator)

    def window(
        self,
        n: int,
        *,
        prefetch: int = 256,
        stall: float = 5.0,
        scheduler: Scheduler | None = None,
    ) -> Flow[Flow[T_co]]:
        """Return a flow of flows of `n` items each; the last may have less.

        At most `prefetch` items wait in all windows together. Each window is to be subscribed to; where one
        that is not keeps the others from going on for `stall` seconds, that is a GroupError. What a window
        whose Subscriber has left would still get is discarded.

        >>> list(Flow.range(5).window(2).concat_map(lambda items: items.reduce(int.__add__)))
        [1, 5, 4]
        """
        return then(self, Window(derived_class(self), n, prefetch, stall, scheduler))

    def window_until(
        self,
        predicate: Callable[[T_co], bool],
        *,
        prefetch: int = 256,
        stall: float = 5.0,
        scheduler: Scheduler | None = None,
    ) -> Flow[Flow[T_co]]:
        """Return a flow of flows, each of which ends with an item for which `predicate` is true.

        >>> list(
        ...     Flow.of(1, 2, 0, 3, 0, 4)
        ...     .window_until(lambda n: n == 0)
        ...     .concat_map(lambda items: items.reduce(int.__add__))
        ... )
        [3, 3, 4]
        """
        return then(self, WindowUntil(derived_class(self), predicate, prefetch, stall, scheduler))

    def window_time(
        self,
        seconds: float,
        *,
        most: int | None = None,
        prefetch: int = 256,
        stall: float = 5.0,
        scheduler: Scheduler | None = None,
    ) -> Flow[Flow[T_co]]:
        """Return a flow of flows, one for each `seconds` since the subscription in which an item came.

        A window ends after `most` items as well, and another one goes on for the rest of the time. The
        seconds are those of `scheduler`, or else of the running event loop, or of the library's own.

        >>> list(Flow.range(5).window_time(10.0).flat_map(lambda items: items.reduce(int.__add__)))
        [10]
        """
        make = derived_class(self)
        return then(self, WindowTime(make, seconds, most, prefetch, stall, scheduler))

    def broadcast(self, n: int, *, prefetch: int = 256) -> tuple[Flow[T_co], ...]:
        """Return `n` flows that all have all items; they begin when all of them are subscribed to.

        The slowest sets the pace: up to `prefetch` items wait for it. One that leaves is waited for no more;
        when the last has left, upstream is cancelled. As long as one of them has no Subscriber the others
        wait, which `watch` says. For loops one after the other there is `cache()`, where not all may come
        `share()`.

        >>> numbers, squares = Flow.range(3).broadcast(2)
        >>> run = numbers.for_each(print)
        >>> list(squares.map(lambda n: n * n))
        0
        1
        2
        [0, 1, 4]
        """
        need_face("broadcast", self)
        publish = Node(Publish("broadcast", self.node, prefetch, "hold", None))
        operator = Broadcast("broadcast", publish, n, 0.0, None)
        return tuple(at(self, Node(operator)) for _ in range(n))

    def balance(self, n: int, *, prefetch: int = 256) -> tuple[Flow[T_co], ...]:
        """Return `n` flows among which the items are shared out: each goes to whoever wants one.

        They begin when all are subscribed to, and wait until then, which `watch` says. Up to `prefetch` items
        wait for all of them together.

        >>> left, right = Flow.range(4).balance(2)
        >>> run = left.for_each(lambda n: print("left", n))
        >>> _ = right.for_each(lambda n: print("right", n))
        right 0
        left 1
        right 2
        left 3
        """
        need_face("balance", self)
        return tuple(at(self, node) for node in divided("balance", self.node, n, prefetch, None))

    def partition(
        self, fn: Callable[[T_co], int], n: int = 2, *, prefetch: int = 256
    ) -> tuple[Flow[T_co], ...]:
        """Return `n` flows; each item goes to the one whose number, from 0 on, `fn` gives.

        With a predicate, the first flow has what it is false for and the second what it is true for. They
        begin when all are subscribed to. Up to `prefetch` items wait for all together, and so the one that an
        item is for sets the pace; what is for one that has left is discarded. As long as one of them has no
        Subscriber the others wait, which `watch` says: a loop over one, and then a loop over the other, never
        begins. For one of them alone there is `filter`; where some may not be wanted, a `filter` each over
        `share()`.

        >>> even, odd = Flow.range(5).partition(lambda n: n % 2)
        >>> run = even.for_each(lambda n: print("even", n))
        >>> list(odd)
        even 0
        even 2
        even 4
        [1, 3]
        """
        need_face("partition", self)
        return tuple(at(self, node) for node in divided("partition", self.node, n, prefetch, fn))

    def parallel(self, n: int, *, prefetch: int = 32) -> Rails[T_co]:
        """Return `n` rails among which the items are shared out: each goes to whichever wants one.

        What is put on the rails (`run_on`, `map`, `filter`, `apply`, ...) runs on each of them, on a worker
        of its own after `run_on(scheduler)`; `sequential()` makes one flow of them again, in the order in
        which results come. Up to `prefetch` items wait for all rails together. Where one function is all
        that there is to do, `map_async` does it in order, and on processes too. Raises ValueError for an n
        or a prefetch under 1.

        >>> from operators.schedulers import thread
        >>> squares = Flow.range(5).parallel(2).run_on(thread()).map(lambda n: n * n)
        >>> sorted(squares.filter(lambda n: n % 2 == 0).sequential())
        [0, 4, 16]
        """
        need_face("parallel", self)
        return laid(self, n, prefetch)

    def also_to(self, subscriber: Subscriber[T_co], *, prefetch: int = 256) -> Flow[T_co]:
        """Return the same flow, whose items a second Subscriber gets as well, each time that it is run.

        The slower of the two sets the pace: up to `prefetch` items wait for it, so that the other may be that
        far ahead; with prefetch=1 they go step by step. When downstream leaves, the other completes with
        what it has; when that leaves, downstream goes on.

        >>> from operators.testing import TestSubscriber
        >>> other = TestSubscriber(request=3)
        >>> list(Flow.range(3).also_to(other)), other.items
        ([0, 1, 2], [0, 1, 2])
        """
        need_face("also_to", self)
        return at(self, Node(AlsoTo("also_to", self.node, subscriber, prefetch)))

    def wire_tap(self, subscriber: Subscriber[T_co], *, prefetch: int = 256) -> Flow[T_co]:
        """Return the same flow, whose items a second Subscriber gets as far as it asks for them in time.

        It never slows the flow down: what it has not asked for is dropped for it.

        >>> from operators.testing import TestSubscriber
        >>> other = TestSubscriber(request=1)
        >>> list(Flow.range(3).wire_tap(other)), other.items
        ([0, 1, 2], [0])
        """
        need_face("wire_tap", self)
        return at(self, Node(WireTap("wire_tap", self.node, subscriber, prefetch)))
