"""dematerialize: what signals stand for."""

from __future__ import annotations

from operators import Flow, OnComplete, OnError, OnNext
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def test_the_flow_that_was_materialized_everywhere():
    gives(lambda f: f.materialize().dematerialize(), [1, 2], [1, 2])
    gives(lambda f: f.materialize().dematerialize(), [], [])
    lost = KeyError("lost")
    build = lambda f: f.concat(Flow.error(lost)).materialize().dematerialize()  # noqa: E731
    assert fails(build, [1], KeyError, [1]) is lost


def test_the_end_is_where_a_signal_says_so():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).dematerialize(), 5)
    publisher.emit(OnNext(1), OnComplete())
    assert seen.signals[1:] == [("on_next", 1), ("on_complete", None)]
    assert (publisher.cancels, publisher.requests) == (1, [5])
    lost = KeyError("lost")
    assert (
        fails(lambda f: f.dematerialize(), [OnNext(1), OnError(lost), OnNext(2)], KeyError, [1])
        is lost
    )
    gives(lambda f: f.dematerialize(), [OnNext(1)], [1])


def test_what_is_no_signal_is_an_error():
    error = fails(lambda f: f.dematerialize(), [OnNext(1), 7], TypeError, [1])
    assert "needs signals (OnNext, OnError, OnComplete), got 7 (int)" in str(error)
    assert "in dematerialize, written at" in notes(error)
