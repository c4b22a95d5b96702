"""materialize: signals as items."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow, OnComplete, OnError, OnNext
from tests.operators.kit import BAD_REQUESTS, Handmade, notes, probe
from tests.operators.ways import gives


def test_all_signals_everywhere():
    gives(lambda f: f.materialize(), [1, 2], [OnNext(1), OnNext(2), OnComplete()])
    gives(lambda f: f.materialize(), [], [OnComplete()])
    lost = KeyError("lost")
    gives(lambda f: f.concat(Flow.error(lost)).materialize(), [1], [OnNext(1), OnError(lost)])
    gives(
        lambda f: f.materialize().materialize(), [1],
        [OnNext(OnNext(1)), OnNext(OnComplete()), OnComplete()],
    )  # fmt: skip


def test_an_error_keeps_its_notes():
    *_, last = Flow.of(0).map(lambda n: 1 // n).materialize()
    assert isinstance(last, OnError)
    assert "in map, written at" in notes(last.error)


def test_signals_that_are_items_are_items():
    gives(lambda f: f.materialize(), [OnComplete()], [OnNext(OnComplete()), OnComplete()])


def test_demand_passes_and_the_last_signal_waits():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).materialize()).request(2)
    assert publisher.requests == [2]
    publisher.emit(1, 2)
    publisher.complete()
    assert not seen.ended
    seen.request(1)
    assert seen.signals[-2:] == [("on_next", OnComplete()), ("on_complete", None)]

    seen = probe(Flow.range(2).materialize()).request(2)
    assert not seen.ended
    seen.request(1)
    assert seen.completed


@pytest.mark.parametrize(("bad", "kind"), BAD_REQUESTS)
def test_a_bad_request_is_an_error(bad: Any, kind: type[Exception]):
    for flow in (Flow.range(5), Flow.from_publisher(Handmade(range(5)))):
        seen = probe(flow.materialize(), 1).request(bad)
        assert isinstance(seen.error, kind)


def test_a_cancel_while_the_last_signal_waits():
    publisher = Handmade([1])
    seen = probe(Flow.from_publisher(publisher).materialize(), 1)
    seen.cancel()
    seen.request(5)
    assert seen.items == [OnNext(1)]
    assert not seen.ended
