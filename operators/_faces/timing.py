"""Operators with time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, source, sources_only, then
from operators.filtering.take_until import TakeUntilTrue
from operators.schedulers import Scheduler
from operators.timing.buffer_time import BufferSizeOrTime, BufferTime
from operators.timing.debounce import Debounce
from operators.timing.delay import Delay
from operators.timing.delay_subscription import DelaySubscription
from operators.timing.interval import After, Interval
from operators.timing.keep_alive import KeepAlive
from operators.timing.sample import Sample
from operators.timing.skip_until import skip_until
from operators.timing.take_until import TakeUntil
from operators.timing.throttle_first import ThrottleFirst
from operators.timing.throttle_last import ThrottleLast
from operators.timing.time_interval import TimeInterval
from operators.timing.timeout import BackpressureTimeout, IdleTimeout, Timeout
from operators.timing.timestamp import Timestamp
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

U = TypeVar("U")


@sources_only
class Timing(Face[T_co]):
    """What time goes by in: seconds are of the scheduler's clock, or else of an event loop."""

    __slots__ = ()

    @classmethod
    def interval(
        cls, period: float, *, delay: float | None = None, scheduler: Scheduler | None = None
    ) -> Flow[int]:
        """Return a flow of 0, 1, 2, ..., one every `period` seconds, the first after `delay`, or a period.

        A tick that comes when nothing is asked for is a BackpressureError; `on_backpressure_drop` and the
        like, put after it, say what else is to be done. A loop has one tick waiting for it. Raises
        ValueError for a period of 0 or less.

        >>> list(Flow.interval(0.05).take(3))
        [0, 1, 2]
        """
        return source(Interval(period, delay, scheduler))

    @classmethod
    def timer(cls, seconds: float, *, scheduler: Scheduler | None = None) -> Flow[int]:
        """Return a flow of one item, 0, that comes in `seconds`, or when it is asked for later.

        Raises ValueError for seconds < 0.

        >>> list(Flow.timer(0.001))
        [0]
        """
        return source(After(seconds, scheduler))

    def delay(
        self, seconds: float, *, prefetch: int = 256, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow of the same items, each `seconds` later, and so is the end.

        At most `prefetch` items are on their way: upstream is asked for that many, and again when three
        quarters are delivered. An error comes at once, and what is on its way is discarded. Raises
        ValueError for seconds < 0 and for a prefetch under 1.

        >>> list(Flow.range(3).delay(0.001))
        [0, 1, 2]
        """
        return then(self, Delay(seconds, prefetch, scheduler))

    def delay_subscription(
        self, seconds: float, *, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow that subscribes to upstream `seconds` after it is subscribed to itself.

        That is done on the scheduler's worker, and so a source that runs inside of request may begin
        there. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).delay_subscription(0.001))
        [0, 1, 2]
        """
        return then(self, DelaySubscription(seconds, scheduler))

    def timeout(
        self,
        each: float | None = None,
        *,
        first: float | None = None,
        whole: float | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that fails with a TimeoutError where something takes too long.

        `each` is for an item, from when it is asked for, or the one before was delivered; `first` for the
        first item, if it may take another time; `whole` for all, from the subscription on. The time that
        is spent on an item downstream does not count, but for `whole`: see `idle_timeout` and
        `backpressure_timeout`. Raises TypeError without any of the three, ValueError for seconds < 0.

        >>> list(Flow.range(3).timeout(1))
        [0, 1, 2]
        >>> Flow.never().timeout(first=0.001).on_error_return("late").run()
        'late'
        """
        return then(self, Timeout(each, first, whole, scheduler))

    def idle_timeout(self, seconds: float, *, scheduler: Scheduler | None = None) -> Flow[T_co]:
        """Return a flow that fails with a TimeoutError where no item has passed for `seconds`.

        That may be for want of items, or of demand. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).idle_timeout(1))
        [0, 1, 2]
        """
        return then(self, IdleTimeout(seconds, scheduler))

    def backpressure_timeout(
        self, seconds: float, *, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow that fails with a TimeoutError where nothing was asked for for `seconds`.

        Time counts from the subscription, and from when all that was asked for is delivered. Raises
        ValueError for seconds < 0.

        >>> list(Flow.range(3).backpressure_timeout(1))
        [0, 1, 2]
        """
        return then(self, BackpressureTimeout(seconds, scheduler))

    def debounce(self, seconds: float, *, scheduler: Scheduler | None = None) -> Flow[T_co]:
        """Return a flow of the items after which nothing came for `seconds`, and of the last item.

        Upstream is asked without bound. An item whose time is over waits for demand, until another one
        takes its place; what is replaced goes to on_discard. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).debounce(0.1))
        [2]
        """
        return then(self, Debounce(seconds, scheduler))

    def sample(
        self, by: float | Publisher[Any], *, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow of the latest item every `by` seconds, or whenever the flow `by` gives an item.

        Where nothing new has come there is none; the latest comes with the end as well. Upstream is asked
        without bound. An item that is out waits for demand, until another one takes its place; what is
        replaced goes to on_discard. It completes when upstream does, or `by`. Raises ValueError for
        seconds of 0 or less.

        >>> list(Flow.range(3).sample(0.1))
        [2]
        """
        return then(self, Sample(by, scheduler))

    def throttle_first(self, seconds: float, *, scheduler: Scheduler | None = None) -> Flow[T_co]:
        """Return a flow without the items that come within `seconds` of the last that was let through.

        Another item is asked for in place of each. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).throttle_first(1))
        [0]
        """
        return then(self, ThrottleFirst(seconds, scheduler))

    def throttle_last(self, seconds: float, *, scheduler: Scheduler | None = None) -> Flow[T_co]:
        """Return a flow of the last of the items that come within `seconds` of the first of them.

        The time begins with an item, where `sample` has one after another; the last item comes with the end
        as well. Upstream is asked without bound. An item that is out waits for demand, until another one
        takes its place; what is replaced goes to on_discard. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).throttle_last(1))
        [2]
        """
        return then(self, ThrottleLast(seconds, scheduler))

    def buffer_time(
        self, seconds: float, *, capacity: int = 1024, scheduler: Scheduler | None = None
    ) -> Flow[list[T_co]]:
        """Return a flow of lists: of what came within each period of `seconds`, where something came.

        At most `capacity` items are held, in lists that wait for demand too: upstream is asked for no more
        than there is room for. The last list comes with the end. Raises ValueError for seconds of 0 or
        less, and for a capacity under 1.

        >>> list(Flow.range(3).buffer_time(1))
        [[0, 1, 2]]
        """
        return then(self, BufferTime(seconds, capacity, scheduler))

    def buffer_size_or_time(
        self, size: int, seconds: float, *, scheduler: Scheduler | None = None
    ) -> Flow[list[T_co]]:
        """Return a flow of lists of `size` items, or fewer where `seconds` have gone by since the first.

        A list waits for demand, and upstream is asked for no more than `size` items in all until that is
        delivered. The last list comes with the end. Raises ValueError for a size under 1, seconds < 0.

        >>> list(Flow.range(5).buffer_size_or_time(2, 1))
        [[0, 1], [2, 3], [4]]
        """
        return then(self, BufferSizeOrTime(size, seconds, scheduler))

    def take_until(
        self,
        end: float | Publisher[Any] | Callable[[T_co], object],
        *,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that completes after `end` seconds, when the flow `end` does something, or by a test.

        With a flow it completes when that gives an item, or completes; with a function at the first item
        for which that is true, which is the last one. Upstream is cancelled then. Raises ValueError for
        seconds < 0.

        >>> list(Flow.range(9).take_until(lambda n: n == 2))
        [0, 1, 2]
        >>> list(Flow.never().take_until(0.001))
        []
        >>> list(Flow.range(3).take_until(Flow.never()))
        [0, 1, 2]
        """
        if callable(end):
            return then(self, TakeUntilTrue(end))
        return then(self, TakeUntil(end, scheduler))

    def skip_until(
        self, begin: float | Publisher[Any], *, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow without the items that come before `begin` seconds have gone by.

        Or, where `begin` is a flow, before that has given an item or completed. Another item is asked for
        in place of each. Raises ValueError for seconds < 0.

        >>> list(Flow.range(3).skip_until(1))
        []
        >>> list(Flow.range(3).skip_until(Flow.of("now")))
        [0, 1, 2]
        """
        return then(self, skip_until(begin, scheduler))

    def keep_alive(
        self, seconds: float, fn: Callable[[], U], *, scheduler: Scheduler | None = None
    ) -> Flow[T_co | U]:
        """Return a flow with an item of fn() wherever none has come for `seconds`, while one is asked for.

        Upstream is asked for one item at a time. Raises ValueError for seconds of 0 or less.

        >>> list(Flow.timer(0.05).keep_alive(0.02, lambda: "still here"))[0]
        'still here'
        """
        return then(self, KeepAlive(seconds, fn, scheduler))

    def timestamp(self, *, scheduler: Scheduler | None = None) -> Flow[tuple[float, T_co]]:
        """Return a flow of pairs of a time and an item: the scheduler's clock when it came, in seconds.

        >>> [item for _, item in Flow.of("a", "b").timestamp()]
        ['a', 'b']
        """
        return then(self, Timestamp(scheduler))

    def time_interval(self, *, scheduler: Scheduler | None = None) -> Flow[tuple[float, T_co]]:
        """Return a flow of pairs: the seconds since the item before, or the subscription, and an item.

        >>> [seconds < 1 for seconds, item in Flow.of("a", "b").time_interval()]
        [True, True]
        """
        return then(self, TimeInterval(scheduler))
