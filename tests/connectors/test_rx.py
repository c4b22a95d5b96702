"""Observables of reactivex, both ways."""

from __future__ import annotations

from typing import Any

import pytest
import reactivex
from reactivex.subject import ReplaySubject

from operators import Flow
from operators.connectors import Message, rx, values
from operators.connectors.extras import MissingExtraError


def test_it_is_subscribed_to_anew_for_each():
    flow = rx.source(reactivex.range(0, 500)).apply(values())
    assert list(flow) == list(flow) == list(range(500))


def test_a_subject_is_told_all_of_it():
    subject: Any = ReplaySubject()
    assert Flow.of(Message(1), 2).apply(rx.sink(subject)).run() == 2
    seen: list[Any] = []
    subject.subscribe(seen.append, on_completed=lambda: seen.append("over"))
    assert seen == [1, 2, "over"]


def test_a_subject_is_told_of_the_error():
    subject: Any = ReplaySubject()
    with pytest.raises(ZeroDivisionError):
        Flow.of(1, 0).map(lambda n: 1 // n).apply(rx.sink(subject)).run()
    seen: list[Any] = []
    subject.subscribe(seen.append, on_error=lambda error: seen.append(type(error)))
    assert seen[-1] is ZeroDivisionError


def test_as_an_observable_and_back():
    observable = rx.to_observable(Flow.range(100))
    assert list(rx.source(observable).apply(values())) == list(range(100))


def test_to_dispose_of_it_cancels():
    cancelled: list[str] = []
    observable = rx.to_observable(Flow.never().tap(on_cancel=lambda: cancelled.append("yes")))
    observable.subscribe(lambda _: None).dispose()
    assert cancelled == ["yes"]


def test_the_error_of_a_flow_is_the_observables():
    seen: list[Exception] = []
    rx.to_observable(Flow.error(KeyError("x"))).subscribe(on_error=seen.append)
    assert [type(error) for error in seen] == [KeyError]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "reactivex", None)
    with pytest.raises(MissingExtraError, match=r"'reactive-streams\[reactivex\]'"):
        rx.to_observable(Flow.range(2))


@pytest.mark.parametrize("wrong", [lambda: rx.source(3), lambda: rx.sink(3)])
def test_what_is_none_says_so(wrong: Any):
    with pytest.raises(TypeError, match=r"rx\.(source|sink)"):
        wrong()
