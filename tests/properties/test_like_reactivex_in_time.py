"""Operators with time give what those of reactivex give, at the same second, on the same signals.

Both run in virtual time over the same marbles. What two schedulers do first of what is due at the very
same time is nobody's promise, and so nothing is: signals of a first source come at even seconds, all that
is measured from them, and those of another one, at odd ones. Where reactivex means something else, the
case says what, and `but` makes of its signals what ours are. Two are not here: a list of
buffer_size_or_time has its seconds from its first item on, where theirs has them from the list before;
and an error of what concat_map reads from is told once the flow that is on is over, where theirs is at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import reactivex
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import operators as rx
from reactivex.disposable import CompositeDisposable
from reactivex.scheduler import VirtualTimeScheduler

from operators import Flow
from operators.testing import TestSubscriber, VirtualClock, marbles
from operators.testing._notation import parse

LONG = 1000.0

Signal = tuple[float, str, Any]


class Boom(Exception):
    pass


@dataclass
class Ours:
    """Our sources over marbles, and the clock."""

    clock: VirtualClock
    texts: tuple[str, ...]

    def source(self, number: int) -> Flow[Any]:
        return self.made(self.texts[number])

    def made(self, text: str) -> Flow[Any]:
        return Flow.from_publisher(marbles(text, values=int, error=Boom(), clock=self.clock))


@dataclass
class Theirs:
    """Those of reactivex over the same marbles, and its scheduler."""

    clock: VirtualTimeScheduler
    texts: tuple[str, ...]

    def source(self, number: int) -> Any:
        return self.made(self.texts[number])

    def made(self, text: str) -> Any:
        def subscribe(observer: Any, _: Any = None) -> Any:
            calls = {"on_complete": lambda _: observer.on_completed()}
            calls |= {"on_next": observer.on_next, "on_error": observer.on_error}

            def due(mark: Any) -> Callable[..., None]:
                return lambda *_: calls[mark.name](mark.value)

            return CompositeDisposable(
                [
                    self.clock.schedule_relative(mark.at, due(mark))
                    for mark in parse(text, int, Boom())
                ]
            )

        return reactivex.create(subscribe)


@dataclass(frozen=True)
class Pair:
    """One operator in both libraries, over sources, with an odd number of seconds."""

    ours: Callable[[Ours, int], Flow[Any]]
    theirs: Callable[[Theirs, int], Any]
    but: Callable[[list[Signal], tuple[str, ...]], list[Signal]] = lambda signals, texts: signals


def _ends(text: str) -> tuple[int, str]:
    return (len(text) - 1, text[-1]) if text[-1] in "|#" else (10**9, "")


def _over_when_one_is_empty(signals: list[Signal], texts: tuple[str, ...]) -> list[Signal]:
    """Ours is over as soon as no tuple can come any more; theirs when all are, or with the next item."""
    empty = [_ends(text)[0] for text in texts if text.strip("-") == "|"]
    if not empty:
        return signals
    before = [signal for signal in signals if signal[0] < min(empty)]
    return before or [(float(min(empty)), "completed", None)]


def _latest_with_the_end(signals: list[Signal], texts: tuple[str, ...]) -> list[Signal]:
    """Ours gives what is left, and completes, with the end itself; theirs at the next sample."""
    at, end = _ends(texts[0])
    if end != "|":
        return signals
    return [(min(time, at), kind, value) for time, kind, value in signals]


def _later(seconds: int) -> str:
    return "-" * seconds * 2 + "-3-4---5-|"


def _once(item: int) -> str:
    return "-" * item + f"{item}|"


PAIRS: dict[str, Pair] = {
    "combine_latest": Pair(
        lambda ours, n: ours.source(0).combine_latest(ours.source(1)),
        lambda theirs, n: reactivex.combine_latest(theirs.source(0), theirs.source(1)),
        _over_when_one_is_empty,
    ),
    "with_latest_from": Pair(
        lambda ours, n: ours.source(0).with_latest_from(ours.source(1)),
        lambda theirs, n: theirs.source(0).pipe(rx.with_latest_from(theirs.source(1))),
        _over_when_one_is_empty,
    ),
    "switch_map": Pair(
        lambda ours, n: ours.source(0).switch_map(lambda k: ours.made(_later(k))),
        lambda theirs, n: theirs.source(0).pipe(
            rx.switch_map(lambda k: theirs.made(_later(k)))
        ),
    ),
    "flat_map": Pair(
        lambda ours, n: ours.source(0).flat_map(lambda k: ours.made(_once(k))),
        lambda theirs, n: theirs.source(0).pipe(
            rx.flat_map(lambda k: theirs.made(_once(k)))
        ),
    ),
    "merge": Pair(
        lambda ours, n: ours.source(0).merge(ours.source(1)),
        lambda theirs, n: theirs.source(0).pipe(rx.merge(theirs.source(1))),
    ),
    "race": Pair(
        lambda ours, n: ours.source(0).race(ours.source(1)),
        lambda theirs, n: theirs.source(0).pipe(rx.amb(theirs.source(1))),
    ),
    "debounce": Pair(
        lambda ours, n: ours.source(0).debounce(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.debounce(n)),
    ),
    "sample": Pair(
        # From one second on, every second one: theirs has the time of a source of its own too.
        lambda ours, n: ours.source(0).sample(Flow.interval(2 * n, delay=n, scheduler=ours.clock)),
        lambda theirs, n: theirs.source(0).pipe(rx.sample(reactivex.timer(n, 2 * n))),
        _latest_with_the_end,
    ),
    "timeout": Pair(
        lambda ours, n: ours.source(0).timeout(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.timeout(n)),
    ),
    "throttle_first": Pair(
        lambda ours, n: ours.source(0).throttle_first(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.throttle_first(n)),
    ),
    "delay": Pair(
        lambda ours, n: ours.source(0).delay(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.delay(n)),
    ),
    "delay_subscription": Pair(
        lambda ours, n: ours.source(0).delay_subscription(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.delay_subscription(n)),
    ),
    "take_until": Pair(
        lambda ours, n: ours.source(0).take_until(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.take_until_with_time(n)),
    ),
    "skip_until": Pair(
        lambda ours, n: ours.source(0).skip_until(n, scheduler=ours.clock),
        lambda theirs, n: theirs.source(0).pipe(rx.skip_until_with_time(n)),
    ),
    "retry": Pair(
        lambda ours, n: ours.source(0).retry(1),
        lambda theirs, n: theirs.source(0).pipe(rx.retry(2)),
    ),
}  # fmt: skip


def ours(name: str, texts: tuple[str, ...], n: int) -> list[Signal]:
    clock = VirtualClock()
    seen = TestSubscriber[Any](clock=clock)
    PAIRS[name].ours(Ours(clock, texts), n).subscribe(seen)
    seen.request(2**63 - 1)
    clock.advance(LONG)
    seen.cancel()
    kinds = {"on_next": "next", "on_complete": "completed", "on_error": "failed"}
    return [
        (signal.at, kinds[signal.name], signal.value if signal.name == "on_next" else None)
        for signal in seen.signals
        if signal.name in kinds
    ]


def reference(name: str, texts: tuple[str, ...], n: int) -> list[Signal]:
    clock = VirtualTimeScheduler(0)
    seen: list[Signal] = []

    def note(kind: str, value: Any = None) -> None:
        seen.append((float(clock.clock), kind, value))

    PAIRS[name].theirs(Theirs(clock, texts), n).subscribe(
        on_next=lambda item: note("next", item),
        on_error=lambda error: note("failed"),
        on_completed=lambda: note("completed"),
        scheduler=clock,
    )
    clock.advance_to(LONG)
    return PAIRS[name].but(seen, texts)


def texts_of(offset: int) -> st.SearchStrategy[str]:
    """Marbles whose signals are an even number of seconds apart, and after an offset."""
    signal = st.tuples(st.integers(0, 3), st.sampled_from("123"))
    return st.tuples(st.lists(signal, max_size=6), st.integers(0, 3), st.sampled_from("|#")).map(
        lambda made: (
            "-" * offset
            + "".join("-" + "--" * gap + item for gap, item in made[0])
            + "-"
            + "--" * made[1]
            + made[2]
        )
    )


@pytest.mark.parametrize("name", PAIRS)
@given(texts=st.tuples(texts_of(1), texts_of(0)), n=st.sampled_from([1, 3, 5]))
@settings(max_examples=60, deadline=None)
def test_the_same_signals_at_the_same_time(name: str, texts: tuple[str, ...], n: int):
    assert ours(name, texts, n) == reference(name, texts, n)


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch):
    texts = ("--1--2----3---|", "|")
    assert ours("debounce", texts, 3) == reference("debounce", texts, 3)
    pair = PAIRS["debounce"]
    monkeypatch.setitem(
        PAIRS,
        "debounce",
        Pair(lambda ours, n: ours.source(0).throttle_last(n, scheduler=ours.clock), pair.theirs),
    )
    assert ours("debounce", texts, 3) != reference("debounce", texts, 3)
