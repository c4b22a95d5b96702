"""What goes wrong around Observables."""

from __future__ import annotations

from functools import partial
from typing import Any

import reactivex
from reactivex import operators as rx_operators
from reactivex.scheduler import NewThreadScheduler
from reactivex.subject import Subject

from operators import BackpressureError, Flow
from operators.connectors import rx, values
from tests.connectors.kit import cancelled_after, eventually
from tests.operators.kit import probe


def it_sends_more_than_is_asked_for() -> str:
    sent: list[int] = []
    source = reactivex.range(0, 1_000).pipe(rx_operators.do_action(sent.append))
    seen = probe(rx.source(source, rx.SourceSettings(capacity=8)), 2)
    eventually(lambda: len(seen.items) == 2)
    eventually(lambda: len(sent) >= 10)
    assert len(sent) <= 11, len(sent)
    seen.cancel()
    return "its thread waits: what was asked for, `capacity`, and one in hand"


def it_cannot_wait() -> str:
    subject: Any = Subject()
    failed: list[Exception] = []
    flow = rx.source(subject, rx.SourceSettings(overflow="error", capacity=2))
    seen = probe(flow, 0)
    eventually(lambda: subject.observers)
    for n in range(4):
        subject.on_next(n)
    seen.request(4)
    eventually(lambda: seen.error is not None)
    failed.append(seen.error)
    assert isinstance(failed[0], BackpressureError)
    return 'with overflow="error": BackpressureError, after what waits'


def it_fails() -> str:
    flow = rx.source(reactivex.throw(OSError("gone")))
    try:
        flow.run()
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError


def cancel_while_it_waits() -> str:
    subject: Any = Subject()
    run = rx.source(subject).for_each(lambda _: None)
    cancelled_after(run, lambda: subject.observers)
    eventually(lambda: not subject.observers)
    return "the subscription is disposed of"


def the_observer_fails() -> str:
    class Observer:
        def on_next(self, item: int) -> None:
            raise OSError("disk full")

        def on_error(self, error: Exception) -> None:
            pass

        def on_completed(self) -> None:
            pass

    try:
        Flow.range(10).apply(rx.sink(Observer())).run()
    except OSError as error:
        return f"the flow fails: {type(error).__name__}: {error}"
    raise AssertionError


def _is_turn(at: int, n: int) -> bool:
    return n % 2 == at


def two_threads() -> str:
    one, two = (
        reactivex.range(at, 1_000).pipe(
            rx_operators.filter(partial(_is_turn, at)),
            rx_operators.subscribe_on(NewThreadScheduler()),
        )
        for at in range(2)
    )
    found = list(rx.source(reactivex.merge(one, two)).apply(values()))
    assert sorted(found) == list(range(1_000))
    return "each item once"


FAULTS = {
    "it sends more than is asked for": it_sends_more_than_is_asked_for,
    "it cannot wait": it_cannot_wait,
    "it fails": it_fails,
    "cancel while it waits": cancel_while_it_waits,
    "the observer fails": the_observer_fails,
    "two threads": two_threads,
}
