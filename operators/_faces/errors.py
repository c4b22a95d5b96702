"""What to do about errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, at, need_face, then
from operators._kernel.plan.node import Node
from operators.errors.backoff import Attempt, Backoff
from operators.errors.circuit_breaker import CircuitBreaker, CircuitBreakerOperator
from operators.errors.on_error_map import OnErrorMap
from operators.errors.on_error_resume import OnErrorResume, on_error_return
from operators.errors.repeat import Repeat, Runs
from operators.errors.restart import Restart
from operators.errors.retry import retry
from operators.errors.skip_errors import DeadLetter, SkipErrors, spared
from operators.schedulers import Scheduler
from reactive_streams import UNBOUNDED, Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

U = TypeVar("U")


class Errors(Face[T_co]):
    """on_error_*, skip_errors, retry, repeat, restart, circuit_breaker."""

    __slots__ = ()

    def on_error_return(self, value: U) -> Flow[T_co | U]:
        """Return a flow that, instead of failing, ends with `value`, when there is demand for it.

        Raises TypeError for None (§2.13).

        >>> list(Flow.of("1", "x").map(int).on_error_return(-1))
        [1, -1]
        """
        return then(self, on_error_return(value))

    def on_error_resume(self, fn: Callable[[Exception], Publisher[U]]) -> Flow[T_co | U]:
        """Return a flow that, instead of failing, goes on with the flow fn(error).

        That flow is asked for what is left of the demand; its own error is passed on.

        >>> list(Flow.of("1", "x").map(int).on_error_resume(lambda error: Flow.of(7, 8)))
        [1, 7, 8]
        """
        return then(self, OnErrorResume(fn))

    def retry(
        self,
        times: int = 1_000_000,
        *,
        on: type[Exception]
        | tuple[type[Exception], ...]
        | Callable[[Exception], object]
        | None = None,
        backoff: Backoff | float | None = None,
        on_retry: Callable[[Attempt], object] | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that subscribes anew after an error, up to `times` times; for ever with UNBOUNDED.

        Without a `backoff` the next try begins at once: where what fails is outside, give both. It begins
        when what the try before has left to clean up is over, awaits included.

        What was emitted before stays emitted; a new try is asked for what is left of the demand. `on` says
        after which errors: a class, a tuple of classes, or a function of the error; others are passed on.
        `backoff` is a Backoff, or the seconds of each pause; after a pause the next try begins on the
        scheduler's worker. `on_retry` is called before each pause with the Attempt: its number, the error
        and the seconds. Raises ValueError for times < 0.

        >>> tries = iter([0, 0, 1])
        >>> Flow.defer(lambda: Flow.of(1 // next(tries))).retry(2).run()
        1
        >>> from operators import Backoff
        >>> tries = iter([0, 0, 1])
        >>> flow = Flow.defer(lambda: Flow.of(1 // next(tries)))
        >>> told = []
        >>> flow.retry(on=ZeroDivisionError, backoff=Backoff(0.001), on_retry=told.append).run()
        1
        >>> [(attempt.number, attempt.pause) for attempt in told]
        [(1, 0.001), (2, 0.002)]
        """
        return then(self, retry(times, on, backoff, on_retry, scheduler))

    def on_error_map(self, fn: Callable[[Exception], Exception]) -> Flow[T_co]:
        """Return a flow that fails with fn(error) where this one fails; the error is its `__cause__`.

        >>> Flow.error(KeyError("id")).on_error_map(lambda error: ValueError("no such id")).run()
        Traceback (most recent call last):
        ...
        ValueError: no such id
        """
        return then(self, OnErrorMap(fn))

    def skip_errors(self, to: Callable[[DeadLetter], object]) -> Flow[T_co]:
        """Return a flow that leaves out an item for which an operator right above fails, and goes on.

        The item, as it came into that operator, and the error go to `to` as a DeadLetter. What is meant are
        the operators right above that work item by item: map, starmap, map_not_none, filter, of_type,
        cast, tap of items, flat_map_iterable, flat_map, concat_map, map_async and map_batches, up to the
        first other one; a batch that fails fails for each of its items. What fails further up, such as the
        source, still ends the flow, and so does a `key` of map_async or a `weight` of map_batches.
        Raises TypeError where it stands behind none of them.

        >>> dead = []
        >>> list(Flow.of("1", "x", "3").map(int).skip_errors(dead.append))
        [1, 3]
        >>> [letter.item for letter in dead]
        ['x']
        """
        need_face("skip_errors", self)
        last, above = spared(self.node)
        return at(self, Node(SkipErrors(to, above), last))

    def repeat(
        self,
        times: int = UNBOUNDED,
        *,
        until: Callable[[], object] | None = None,
        pause: float = 0.0,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that is subscribed to anew when it has completed: `times` runs in all.

        It ends earlier where `until()`, asked before each further run, is true. A run is asked for what
        the one before has left over of the demand. With a `pause` each run begins so many seconds after
        the one before has ended, on the scheduler's worker. Raises ValueError for times < 0 or pause < 0.

        >>> list(Flow.of(1, 2).repeat(3))
        [1, 2, 1, 2, 1, 2]
        """
        need_face("repeat", self)
        return at(self, Node(Repeat(), Node(Runs(self.node, times, until, pause, scheduler))))

    def restart(
        self,
        backoff: Backoff | float,
        *,
        times: int = UNBOUNDED,
        on_restart: Callable[[Attempt], object] | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return a flow that subscribes anew whenever upstream ends, by an error or without one.

        For sources that are to run for as long as the program does: a connection, the tail of a file.
        `backoff` is a Backoff, or the seconds of each pause; the pauses begin with the first one again
        after a run that has lasted for the longest of them (`most`). Up to `times` times; then, or when
        its budget is spent, the end is passed on. `on_restart` is called before each pause with the
        Attempt; its error is None where upstream has completed. A new run begins on the scheduler's worker,
        when what the one before has left to clean up is over.
        Raises ValueError for times < 0.

        >>> from operators import Backoff
        >>> list(Flow.of("a", "b").restart(Backoff(0.001), times=2))
        ['a', 'b', 'a', 'b', 'a', 'b']
        """
        return then(self, Restart(backoff, times, on_restart, scheduler))

    def circuit_breaker(
        self,
        breaker: CircuitBreaker,
        *,
        fallback: Callable[[Exception], Publisher[U]] | None = None,
    ) -> Flow[T_co | U]:
        """Return a flow whose runs the breaker counts, and which is not begun where that is open.

        Then it fails with a CircuitOpenError. With a `fallback` it goes on with the flow fallback(error)
        instead of failing, after an error of upstream too; that is asked for what is left of the demand.

        >>> from operators import CircuitBreaker
        >>> breaker = CircuitBreaker(failures=1)
        >>> flow = (
        ...     Flow.of("1", "x").map(int).circuit_breaker(breaker, fallback=lambda _: Flow.of(-1))
        ... )
        >>> list(flow), list(flow)
        ([1, -1], [-1])
        """
        return then(self, CircuitBreakerOperator(breaker, fallback))
