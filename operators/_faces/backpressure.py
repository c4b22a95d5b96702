"""What to do with items that come faster than they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators._kernel.links.valve import Valve
from operators.backpressure.batch_while_waiting import BatchWhileWaiting
from operators.backpressure.conflate import Conflate
from operators.backpressure.extrapolate import Extrapolate
from operators.backpressure.limit_rate import CapDemand, LimitRate
from operators.backpressure.on_backpressure import (
    OnBackpressureBuffer,
    OnBackpressureDrop,
    OnBackpressureLatest,
)
from operators.backpressure.shed import Shed
from operators.backpressure.throttle import Throttle
from operators.backpressure.valve import ValveOperator
from operators.schedulers import Scheduler

if TYPE_CHECKING:
    from operators.flow import Flow

A = TypeVar("A")


class Backpressure(Face[T_co]):
    """limit_rate, on_backpressure_*, throttle and shed."""

    __slots__ = ()

    def limit_rate(self, batch: int) -> Flow[T_co]:
        """Return a flow that asks upstream for at most `batch` items at a time.

        It asks again when three quarters have come, never for more than was asked of it. Raises
        ValueError for a batch under 1.

        >>> asked = []
        >>> list(Flow.range(5).tap(on_request=asked.append).limit_rate(2).reduce(max)), asked
        ([4], [2, 2, 2])
        """
        return then(self, LimitRate(batch))

    def on_backpressure_buffer(
        self,
        capacity: int = 256,
        *,
        overflow: Literal["error", "drop_newest", "drop_oldest", "block"] = "error",
        on_drop: Callable[[T_co], object] | None = None,
    ) -> Flow[T_co]:
        """Return a flow that takes all that comes, and keeps up to `capacity` items for demand.

        When that is full, `overflow` decides: "error" fails with a BackpressureError, "drop_newest" and
        "drop_oldest" drop an item, which goes to `on_drop` or else to on_discard, and "block" holds
        upstream back: it is asked for no more than there is room for. What was asked for and comes while
        an earlier item is still being delivered waits too, and counts.

        >>> list(Flow.range(3).on_backpressure_buffer(8))
        [0, 1, 2]
        """
        return then(self, OnBackpressureBuffer(capacity, overflow, on_drop))

    def on_backpressure_drop(self, on_drop: Callable[[T_co], object] | None = None) -> Flow[T_co]:
        """Return a flow that takes all that comes and drops what nobody asked for.

        It keeps nothing: an item is delivered if, when it comes, it has been asked for and no other item
        is being delivered. Else it is dropped, and goes to `on_drop`, or else to on_discard.

        >>> Flow.range(3).on_backpressure_drop().for_each(print).result()
        0
        1
        2
        >>> dropped = []
        >>> list(Flow.range(3).on_backpressure_drop(dropped.append)), dropped
        ([], [0, 1, 2])
        """
        return then(self, OnBackpressureDrop(on_drop))

    def on_backpressure_latest(self, on_drop: Callable[[T_co], object] | None = None) -> Flow[T_co]:
        """Return a flow that takes all that comes and keeps, for demand, the latest item only.

        It keeps one item, however many were asked for and however slowly they are delivered. An item that
        is replaced goes to `on_drop`, or else to on_discard.

        >>> list(Flow.range(3).on_backpressure_latest())
        [2]
        """
        return then(self, OnBackpressureLatest(on_drop))

    def throttle(
        self,
        rate: float | Callable[[], float],
        *,
        burst: float = 1.0,
        cost: Callable[[T_co], float] | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow of the same items, at most `rate` a second; none is dropped.

        A bucket has `burst` tokens at first, and gets `rate` more each second, up to `burst`. Each item
        takes one, or cost(item); it waits until there are so many, or the bucket is full where it takes
        more than that, which leaves a debt. Upstream is asked for one item at a time. Where `rate` is a
        function it is called for each item, and every tenth of a second while one waits; 0 holds all back.
        A clock that is late by more than `burst` tokens' time loses what was over: for a rate of more than
        some hundred a second let `burst` be what comes in 10 ms or more.
        Raises ValueError for a rate or burst of 0 or less; a cost or rate under 0 is an error of the flow.

        >>> list(Flow.range(3).throttle(1000))
        [0, 1, 2]
        >>> list(Flow.of("a", "bbb").throttle(1000, burst=10, cost=len))
        ['a', 'bbb']
        """
        return then(self, Throttle(rate, burst, cost, scheduler))

    def shed(
        self,
        capacity: int = 256,
        *,
        target: float | None = None,
        interval: float | None = None,
        priority: Callable[[T_co], Any] | None = None,
        age: float | None = None,
        on_drop: Callable[[T_co], object] | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that takes all that comes, and drops what is least worth it under load.

        With a `target`, where all that was taken in an `interval` (20 times the target) has waited longer
        than so many seconds, all that has is dropped when its turn comes, until in an interval there is
        none: what is let through has waited little, and short bursts are let through (in the manner of
        CoDel). With an `age` whatever has waited longer than so many seconds is dropped then. When more
        than `capacity` items wait, the one of the lowest priority(item) is dropped, the oldest of those
        that are equal. What is dropped is counted, and goes to `on_drop`, or else to on_discard. Raises
        TypeError without any of the three.

        >>> dropped = []
        >>> flow = Flow.of(3, 1, 2).shed(2, priority=lambda n: n, on_drop=dropped.append)
        >>> list(flow), dropped
        ([3, 2], [1])
        """
        return then(self, Shed(capacity, target, interval, priority, age, on_drop, scheduler))

    def cap_demand(self, most: int) -> Flow[T_co]:
        """Return a flow that asks upstream for at most `most` items at a time.

        It asks again when all of them have come (limit_rate does so sooner), never for more than was asked
        of it. Raises ValueError for most under 1.

        >>> asked = []
        >>> list(Flow.range(5).tap(on_request=asked.append).cap_demand(2).count()), asked
        ([5], [2, 2, 2])
        """
        return then(self, CapDemand(most))

    def valve(self, valve: Valve, *, prefetch: int = 32) -> Flow[T_co]:
        """Return a flow of which no item passes while `valve` is paused; what has come waits.

        Upstream is asked for `prefetch` items ahead, and for no more meanwhile. One valve may be that of
        many flows. Raises ValueError for a prefetch under 1.

        >>> from operators import Valve
        >>> valve, seen = Valve(), []
        >>> valve.pause()
        >>> run = Flow.range(3).valve(valve).for_each(seen.append)
        >>> seen
        []
        >>> valve.resume()
        >>> run.result(), seen
        (None, [0, 1, 2])
        """
        return then(self, ValveOperator(valve, prefetch))

    @overload
    def conflate(self, fn: Callable[[T_co, T_co], T_co]) -> Flow[T_co]: ...
    @overload
    def conflate(self, fn: Callable[[A, T_co], A], seed: Callable[[T_co], A]) -> Flow[A]: ...
    def conflate(
        self, fn: Callable[[Any, Any], Any], seed: Callable[[Any], Any] | None = None
    ) -> Flow[Any]:
        """Return a flow that takes all that comes; items for which there is no demand become one, by fn.

        With `seed` the first of them is seed(item), and fn(it, item) adds another. It keeps one item.

        >>> list(Flow.range(5).conflate(lambda so_far, n: so_far + n))
        [10]
        """
        return then(self, Conflate(fn, seed))

    def batch_while_waiting(self, size: int) -> Flow[list[T_co]]:
        """Return a flow of lists of what has come until there was demand: one item to `size` of them.

        A quick consumer gets lists of one, a slow one longer lists; nothing is lost, and upstream is asked
        for no more than `size` items. Raises ValueError for a size under 1.

        >>> list(Flow.range(5).batch_while_waiting(3))
        [[0, 1, 2], [3, 4]]
        """
        return then(self, BatchWhileWaiting(size))

    def extrapolate(self, fn: Callable[[T_co], Iterable[T_co]]) -> Flow[T_co]:
        """Return a flow that, where there is demand and no item, goes on with those of fn(last item).

        A new item comes before them, and takes their place; nothing comes before the first. Who asks
        without bound gets as many as fn's iterable has.

        >>> from itertools import repeat
        >>> list(Flow.of(1, 2).extrapolate(repeat))
        [1, 2]
        """
        return then(self, Extrapolate(fn))
