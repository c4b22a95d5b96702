"""Marbles: a flow in time as a line of text, as a source and as what is expected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_seconds,
    need_subscriber,
    need_text,
)
from operators._kernel.hosts.loops import running_loop
from operators._kernel.subscription.demand import Demand, demand_error, plain
from operators._kernel.subscription.drain import Drain
from operators.flow import Flow
from operators.schedulers import event_loop
from operators.testing._inside import inside
from operators.testing._loop import VirtualLoop
from operators.testing._marks import marks_of, same_marks
from operators.testing._notation import (
    MarbleError,
    Mark,
    Values,
    length,
    parse,
    parse_demand,
    render,
)
from operators.testing._timeline import ticks as ticks_of
from operators.testing.clock import VirtualClock
from operators.testing.subscriber import TestSubscriber

if TYPE_CHECKING:
    from reactive_streams import Publisher, Subscriber

T = TypeVar("T")


def marbles(
    text: str,
    *,
    values: Values | None = None,
    error: Exception | None = None,
    clock: VirtualClock | None = None,
    tick: float = 1.0,
) -> Marbles[Any]:
    """Return marbles: a Publisher that signals as the text says, on demand, and that equals other marbles.

    One character is one tick of `tick` seconds, after the subscription: `-` nothing, `|` the completion,
    `#` the error, anything else an item, `(cd)` several signals at the tick of the parenthesis, which takes
    as many ticks as characters; `[cd]` the same in one tick; `(12,go)` items of several letters. Spaces are
    not counted. An item is its letters, or what `values` has for them, a mapping or a function. Time is
    that of the `clock`; without one that of a clock's event loop, where such a one runs; else everything is
    due at once. What is due and not asked for waits. Raises ValueError for what is no marbles.

    >>> from operators import Flow
    >>> from operators.testing import marbles
    >>> list(Flow.from_publisher(marbles("a-b-(cd)|")))
    ['a', 'b', 'c', 'd']
    >>> Flow.from_publisher(marbles("1-2-(34)|", values=int)).map(lambda n: n + 1).to_marbles()
    '2-3-(45)|'
    """
    need_text("marbles", "text", text)
    need_seconds("marbles", "tick", tick)
    return Marbles(text, values, error or MarbleError("#"), clock, tick)


class Marbles(Generic[T]):
    """Signals at ticks; see `marbles`, which makes them."""

    def __init__(
        self,
        text: str,
        values: Values | None,
        error: Exception,
        clock: VirtualClock | None,
        tick: float,
    ) -> None:
        self.text: str = text
        self.marks: tuple[Mark, ...] = tuple(parse(text, values, error))
        self.ticks: int = length(text)
        """How many ticks the text takes."""
        self._clock = clock
        self._tick = tick
        self._last: _Playing | None = None

    def subscribe(self, subscriber: Subscriber[T]) -> None:
        """Play the marbles from their beginning for a Subscriber."""
        need_subscriber("marbles.subscribe", subscriber)
        self._last = _Playing(self.marks, subscriber, self._time(), self._tick)
        self._last.begin()

    def _time(self) -> Any:
        if self._clock is not None:
            return self._clock
        return event_loop() if isinstance(running_loop(), VirtualLoop) else None

    @property
    def flow(self) -> Flow[T]:
        """The flow that has this source."""
        return Flow.from_publisher(self)

    @property
    def demand(self) -> str:
        """What the last Subscriber has asked for: `^n` a request, `^*` an unbounded one, `!` a cancel."""
        return "" if self._last is None else render(self._last.asked)

    def __eq__(self, other: object) -> bool:
        """Whether these are the same signals at the same ticks; in a text items are letters, errors any."""
        if isinstance(other, str):
            return same_marks(self.marks, parse(other, None, None))
        if not isinstance(other, Marbles):
            return NotImplemented
        return same_marks(self.marks, other.marks)

    def __repr__(self) -> str:
        return f"marbles({self.text!r})"


class _Playing:
    """The marbles for one Subscriber."""

    def __init__(self, marks: tuple[Mark, ...], subscriber: Any, time: Any, tick: float) -> None:
        self._marks = marks
        self._subscriber = subscriber
        self._time = time
        self._tick = tick
        self._worker = None if time is None else time.worker()
        self._begun = 0.0 if time is None else time.now()
        self._due: deque[Mark] = deque()
        self._demand = Demand()
        self._drain = Drain()
        self._over = False
        self.asked: list[Mark] = []

    def begin(self) -> None:
        """Subscribe, and have time go on."""
        self._subscriber.on_subscribe(self)
        for mark in self._marks:
            if self._worker is None:
                self._comes(mark)
            elif not self._over:
                self._worker.schedule(partial(self._comes, mark), mark.at * self._tick)

    def _comes(self, mark: Mark) -> None:
        self._due.append(mark)
        self._go()

    def request(self, n: int) -> None:
        """Have so many items more, when they are due."""
        n = plain(n)
        bad = demand_error(n)
        if bad is not None:
            self._due.appendleft(Mark(0, "on_error", bad))
        else:
            self._note("request", n)
            self._demand.add(n)
        self._go()

    def cancel(self) -> None:
        """Have no more."""
        if not self._over:
            self._note("cancel", None)
            self._end()

    def _note(self, name: str, value: Any) -> None:
        passed = 0.0 if self._time is None else self._time.now() - self._begun
        self.asked.append(
            Mark(int(ticks_of("time", passed) // ticks_of("tick", self._tick)), name, value)
        )

    def _go(self) -> None:
        if self._drain.enter():
            self._turn()
            while self._drain.again():
                self._turn()

    def _turn(self) -> None:
        while self._due and not self._over:
            mark = self._due[0]
            if mark.name == "on_next" and not self._demand.take(1):
                return
            self._due.popleft()
            if mark.name == "on_next":
                self._subscriber.on_next(mark.value)
                continue
            self._end()
            if mark.name == "on_complete":
                self._subscriber.on_complete()
            else:
                self._subscriber.on_error(mark.value)

    def _end(self) -> None:
        self._over = True
        if self._worker is not None:
            self._worker.close()


def to_marbles(
    flow: Publisher[Any],
    *,
    show: Callable[[Any], str] = str,
    clock: VirtualClock | None = None,
    tick: float = 1.0,
    demand: str = "^*",
    most: int = 1000,
) -> str:
    """Run a flow in virtual time, and return its signals as marbles; see `Flow.to_marbles`."""
    need_seconds("to_marbles", "tick", tick, least=1e-9)
    need_callable("to_marbles", "show", show)
    need_count("to_marbles", "most", most)
    clock = VirtualClock() if clock is None else clock
    seen = TestSubscriber[Any](clock=clock)
    begun = clock.now()
    with inside(clock, "to_marbles") as run:
        run(lambda: flow.subscribe(seen))
        for mark in parse_demand(demand):
            clock.advance_to(begun + mark.at * tick)
            if seen.ended:
                break
            run(seen.cancel if mark.name == "cancel" else partial(seen.request, mark.value))
        clock.advance(0)
        while not (seen.ended or seen.cancelled) and (due := clock.next_due) is not None:
            if due > begun + most * tick:
                break
            clock.advance_to(due)
        if not (seen.ended or seen.cancelled):
            run(seen.cancel)
    return render(marks_of(seen.signals, begun, tick), show)
