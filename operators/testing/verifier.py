"""The step verifier: what a flow is to do, step by step, each with a deadline."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from operators._kernel.failures.checks import need_callable, need_methods, need_seconds
from operators._kernel.failures.failure import brief
from operators._kernel.hosts.loops import running_loop
from operators._kernel.plan.node import call_site, short
from operators.testing import _patience
from operators.testing._diagnosis import Diagnosis
from operators.testing._inside import call_inside
from operators.testing._marks import marks_of, same_marks
from operators.testing._notation import Values, legible, length, parse, parse_demand, render
from operators.testing._steps import Doing, Failed, Step, Wait, alike, same
from operators.testing.subscriber import TestSubscriber
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from typing import Self

    from operators.testing._record import Signal
    from operators.testing.clock import VirtualClock
    from reactive_streams import Publisher

T = TypeVar("T")


def expect(
    flow: Publisher[T],
    *,
    request: int | None = None,
    clock: VirtualClock | None = None,
    deadline: float | None = None,
) -> Expectation[T]:
    """Return a verifier that subscribes to the flow with its first step, and checks step by step.

    In a plain function each step is done as it is called, and raises AssertionError where something else
    has come, or nothing within `deadline` seconds (10 by default). The message shows all signals so far,
    and on a timeout who waits for whom. With a `clock` the flow runs on the event loop of that clock, its
    seconds are virtual, and steps move it on (a day at most by default). In a coroutine steps are only
    noted, and done by `await`. Demand is what `request` says; without it, it is unbounded, unless the first
    step is `request`. After a failure, a cancel or an end nothing is left running.

    >>> from operators import Flow
    >>> from operators.testing import VirtualClock, expect
    >>> flow = Flow.of("a", "b").concat(Flow.error(ValueError("no more")))
    >>> steps = expect(flow, clock=VirtualClock()).request(2).next("a", "b")
    >>> steps.no_event(for_=5).request(1).error(ValueError).within(1).elapsed
    5.0
    """
    need_methods("expect", "Publisher", flow, "subscribe")
    if deadline is not None:
        need_seconds("expect", "deadline", deadline)
    return Expectation(flow, request, clock, deadline)


class Expectation(Generic[T]):
    """Steps that a flow is expected to take; see `expect`, which makes it."""

    def __init__(
        self,
        flow: Publisher[T],
        request: int | None,
        clock: VirtualClock | None,
        deadline: float | None,
    ) -> None:
        self._first = request
        self._clock = clock
        self._deadline = _patience.seconds_for(clock, deadline)
        self._diagnosis = Diagnosis(flow)
        self._seen: TestSubscriber[T] | None = None
        self._at = 0  # the place in the record behind the last signal that was expected
        self._begun = self._took = 0.0
        self._resumes = 0.0  # the time to which marbles have been read
        self._noted: list[Step] | None = [] if running_loop() is not None else None
        self._opens_loop = clock is not None and self._noted is None and not clock.has_loop

    # Steps ---------------------------------------------------------------------------------------

    def request(self, n: int) -> Self:
        """Ask for `n` more items."""
        if self._first is None and self._seen is None and not self._noted:
            self._first = 0

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            if seen.requested == UNBOUNDED:
                raise Failed(
                    "all items are asked for already, since the first step was no request; "
                    "expect(flow, request=0) begins with none"
                )
            me._act(lambda: seen.request(n))
            yield from ()

        return self._step(f"request({brief(n)})", do)

    def next(self, *items: T) -> Self:
        """Expect these items, one after another."""

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            for item in items:
                yield from me._item(seen, f"next {brief(item)}", partial(same, item))

        return self._step(f"next({', '.join(map(brief, items))})", do)

    def next_count(self, count: int) -> Self:
        """Expect so many items, whichever."""

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            for n in range(1, count + 1):
                yield from me._item(seen, f"item {n} of {count}", lambda _: True)

        return self._step(f"next_count({count})", do)

    def next_where(self, predicate: Callable[[T], object]) -> Self:
        """Expect an item for which the predicate gives something true."""
        need_callable("next_where", "predicate", predicate)

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            yield from me._item(seen, "an item for which the predicate holds", predicate)

        return self._step(f"next_where({getattr(predicate, '__name__', '...')})", do)

    def complete(self) -> Self:
        """Expect the completion."""

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            signal = yield from me._signal(seen, "complete")
            if signal.name != "on_complete":
                raise Failed.unlike("complete", signal)
            me._finish()

        return self._step("complete()", do)

    def error(
        self, kind: type[Exception] | Exception = Exception, match: str | None = None
    ) -> Self:
        """Expect an error of this kind, or one like this one; `match` is searched in its text."""
        named = kind.__name__ if isinstance(kind, type) else brief(kind)

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            signal = yield from me._signal(seen, f"error {named}")
            if signal.name != "on_error" or not alike(signal.value, kind):
                raise Failed.unlike(f"error {named}", signal)
            if match is not None and re.search(match, str(signal.value)) is None:
                raise Failed.unlike(f"an error that matches {match!r}", signal)
            me._finish()

        return self._step(f"error({named})", do)

    def no_event(self, for_: float) -> Self:
        """Expect neither an item nor an end for so many seconds."""
        need_seconds("no_event", "for_", for_)

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            if (yield Wait(lambda: me._ahead(seen) is not None, for_)):
                raise Failed.unlike(f"no event for {for_:g} seconds", me._ahead(seen))

        return self._step(f"no_event(for_={for_:g})", do)

    def marbles(
        self,
        text: str,
        *,
        values: Values | None = None,
        error: type[Exception] | Exception | None = None,
        tick: float = 1.0,
        demand: str | None = None,
    ) -> Self:
        """Expect the signals of `marbles(text)` from now on, each at its tick, and no others meanwhile.

        `demand` is asked for at the ticks of its own marbles: `^2` two items, `^*` all, `!` a cancel. `#` is
        any error, or one as `error` says. Needs a clock.

        >>> from operators import Flow
        >>> from operators.testing import VirtualClock, expect, marbles
        >>> flow = marbles("a-b-(cd)|").flow.map(str.upper)
        >>> expect(flow, clock=VirtualClock()).marbles("A--BC--D|", demand="^--^^--^*").elapsed
        8.0
        """
        expected = parse(text, values, error)
        asked = parse_demand(demand or "")
        if asked and self._first is None and self._seen is None and not self._noted:
            self._first = 0

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            if me._clock is None or me._noted is not None:
                raise Failed("needs a clock=, and a plain function")
            begun, at = max(me._resumes, seen.record.now()), me._at
            me._resumes = begun + length(text) * tick
            for mark in asked:
                yield Wait(_never, max(0.0, begun + mark.at * tick - seen.record.now()))
                act = seen.cancel if mark.name == "cancel" else partial(seen.request, mark.value)
                me._act(act)
            ticks = max([length(text) - 1, *(mark.at for mark in asked)])
            yield Wait(_never, max(0.0, begun + ticks * tick - seen.record.now()))
            signals = seen.signals[at:]
            me._at += len(signals)
            came = marks_of(signals, begun, tick)
            if not same_marks(came, expected):
                raise Failed(
                    f"expected  {text}\n{'got  ':>{len('expected  ')}}{render(came, legible)}"
                )
            if seen.ended or seen.cancelled:
                me._finish()

        return self._step(f"marbles({text!r})", do)

    def then(self, fn: Callable[[], object]) -> Self:
        """Call a function between two steps, which has a TestPublisher emit, say."""
        need_callable("then", "fn", fn)

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            me._act(fn)
            yield from ()

        return self._step(f"then({getattr(fn, '__name__', '...')})", do)

    def cancel(self) -> Self:
        """Cancel the subscription."""

        def do(me: Expectation[T], seen: TestSubscriber[T]) -> Doing:
            me._act(seen.cancel)
            me._finish()
            yield from ()

        return self._step("cancel()", do)

    def within(self, seconds: float) -> Self:
        """Expect that the step before has taken no longer than this; in a coroutine it is its deadline."""
        need_seconds("within", "seconds", seconds)
        if self._noted is None:
            if round(self._took - seconds, 9) > 0:  # the tick of a virtual clock
                raise self._failure(
                    f"within({seconds:g}): the step before took {self._took:.3f} seconds"
                )
        elif self._noted:
            self._noted[-1].deadline = seconds
        return self

    # What came -----------------------------------------------------------------------------------

    @property
    def items(self) -> list[T]:
        """The items so far, of which some may still be expected."""
        return [] if self._seen is None else self._seen.items

    @property
    def signals(self) -> list[Signal]:
        """All signals so far, up and down."""
        return [] if self._seen is None else self._seen.signals

    @property
    def elapsed(self) -> float:
        """Seconds from the subscription to the last signal; virtual ones with a clock."""
        signals = self.signals
        return signals[-1].at - self._begun if signals else 0.0

    def _ahead(self, seen: TestSubscriber[T]) -> Signal | None:
        """Return the next signal of the flow that no step has expected so far."""
        signals = seen.record.signals
        while self._at < len(signals):
            if signals[self._at].name in ("on_next", "on_error", "on_complete"):
                return signals[self._at]
            self._at += 1
        return None

    def _signal(self, seen: TestSubscriber[T], what: str) -> Generator[Wait, bool, Signal]:
        in_time = yield Wait(lambda: self._ahead(seen) is not None, None)
        signal = self._ahead(seen)
        if not in_time or signal is None:
            raise Failed(
                f"expected {what}, but nothing has come in time; {seen.waits_for}", late=True
            )
        self._at += 1
        return signal

    def _item(self, seen: TestSubscriber[T], what: str, fits: Callable[[T], object]) -> Doing:
        if self._ahead(seen) is None and seen.outstanding == 0:
            raise Failed(
                f"expected {what}, which nobody has asked for; {seen.waits_for}", late=True
            )
        signal = yield from self._signal(seen, what)
        if signal.name != "on_next" or not fits(signal.value):
            raise Failed.unlike(what, signal)

    # Doing ---------------------------------------------------------------------------------------

    def _step(self, text: str, do: Callable[[Expectation[T], TestSubscriber[T]], Doing]) -> Self:
        step = Step(text, _here(), do)
        if self._noted is not None:
            self._noted.append(step)
            return self
        if running_loop() is not None:
            raise RuntimeError(
                "expect: made in a plain function, and so it would block this event loop"
            )
        try:
            seen = self._subscribed()
            doing = self._begin(step, seen)
            waits = next(doing, None)
            while waits is not None:
                seconds = self._deadline if waits.seconds is None else waits.seconds
                in_time = _patience.wait(seen.record, self._clock, waits.true, seconds)
                waits = _on(doing, in_time)
        except BaseException as error:
            raise self._ended_by(error, step) from error.__cause__
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Do the steps that were noted, on the running loop; return the verifier."""
        if self._noted is None:
            raise RuntimeError(
                "expect: made in a plain function, where each step is done as it is called"
            )
        return self._do_noted(self._noted).__await__()

    async def _do_noted(self, steps: list[Step]) -> Self:
        while steps:
            step = steps.pop(0)
            try:
                seen = self._subscribed()
                doing = self._begin(step, seen)
                waits = next(doing, None)
                while waits is not None:
                    seconds = waits.seconds
                    if seconds is None:
                        seconds = self._deadline if step.deadline is None else step.deadline
                    in_time = await _patience.wait_on_loop(seen.record, waits.true, seconds)
                    waits = _on(doing, in_time)
            except BaseException as error:
                steps.clear()
                raise self._ended_by(error, step) from error.__cause__
        return self

    def _begin(self, step: Step, seen: TestSubscriber[T]) -> Doing:
        begun, at = seen.record.now(), self._at
        yield from step.do(self, seen)
        came = [s.at for s in seen.record.signals[at : self._at] if s.name != "request"]
        self._took = max(0.0, (came[-1] if came else seen.record.now()) - begun)
        if seen.violations:
            raise Failed("the flow has broken the rules: " + "; ".join(seen.violations))

    def _subscribed(self) -> TestSubscriber[T]:
        if self._seen is None:
            first = UNBOUNDED if self._first is None else self._first
            self._seen = seen = TestSubscriber[T](first, clock=self._clock, deadline=self._deadline)
            self._begun = seen.record.now()
            self._act(lambda: self._diagnosis.subscribe(seen))
        return self._seen

    def _act(self, fn: Callable[[], object]) -> None:
        if self._clock is None or self._noted is not None:
            fn()
        else:
            call_inside(self._clock, fn)

    def _ended_by(self, error: BaseException, step: Step) -> BaseException:
        if not isinstance(error, Failed):
            self._finish()
            return error
        text = f"{step.text}, at {step.where}: {error}"
        if error.late:
            loop = self._clock.loop() if self._clock is not None and self._clock.has_loop else None
            text += f"\n\nWho waits for whom:\n{self._diagnosis.told(loop)}"
        failure = self._failure(text)
        self._finish()
        return failure

    def _failure(self, text: str) -> AssertionError:
        picture = (
            "    (nothing)" if self._seen is None else self._seen.record.diagram("test", "flow")
        )
        return AssertionError(f"{text}\n\n{picture}")

    def _finish(self) -> None:
        seen = self._seen
        if seen is not None and seen.subscribed and not (seen.ended or seen.cancelled):
            self._act(seen.cancel)
        if self._opens_loop and self._clock is not None and self._clock.has_loop:
            self._clock.loop().wind_up()

    def __del__(self) -> None:
        if self._noted:
            warnings.warn("expect(...) was never awaited: nothing was checked", RuntimeWarning, 2)
        elif running_loop() is None or self._noted is not None:
            with suppress(Exception):
                self._finish()


def _here() -> str:
    return short(call_site())


def _never() -> bool:
    return False


def _on(doing: Doing, in_time: bool) -> Wait | None:
    try:
        return doing.send(in_time)
    except StopIteration:
        return None
