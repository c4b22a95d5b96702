"""on_finally: something to do at the end, whatever the end."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, eventually, probe


@pytest.mark.parametrize("error", [None, KeyError("lost")])
def test_once_after_the_end(error: Exception | None):
    log: list[str] = []
    flow = Flow.from_publisher(Handmade("a", error)).on_finally(lambda: log.append("over"))
    seen = probe(
        flow.tap(
            on_error=lambda _: log.append("error"), on_complete=lambda: log.append("complete")
        ),
        1,
    )
    seen.cancel()

    assert log == ["complete" if error is None else "error", "over"]


def test_once_at_a_cancel():
    log: list[str] = []
    seen = probe(Flow.never().on_finally(lambda: log.append("over")))
    assert log == []
    seen.cancel()
    seen.cancel()
    assert log == ["over"]


def test_at_a_bad_request():
    log: list[str] = []
    probe(Flow.of(1).on_finally(lambda: log.append("over"))).request(0)
    assert log == ["over"]


def test_above_and_below_take():
    log: list[str] = []
    flow = Flow.range(9).on_finally(lambda: log.append("above")).take(1)
    assert list(flow.on_finally(lambda: log.append("below"))) == [0]

    assert log == ["above", "below"]


def test_when_a_loop_is_left():
    log: list[str] = []
    for _ in Flow.range(9).on_finally(lambda: log.append("over")):
        break
    assert log == ["over"]
    for _ in Flow.range(9).publish_on(thread()).on_finally(lambda: log.append("far")):
        break
    eventually(lambda: log == ["over", "far"])


def test_what_it_raises_goes_to_the_hook(dropped: Any):
    seen = probe(Flow.of(1).on_finally(lambda: 1 / 0), 1)

    dropped.take(ZeroDivisionError)
    assert seen.completed


def test_each_subscriber_has_its_own_end():
    log: list[str] = []
    flow = Flow.of(1).on_finally(lambda: log.append("over"))
    list(flow)
    list(flow)
    assert log == ["over", "over"]
