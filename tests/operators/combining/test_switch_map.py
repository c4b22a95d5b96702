"""switch_map: the flow of the latest item, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_a_later_item_ends_the_flow_of_the_one_before():
    upstream, inners = Handmade(), {n: Handmade() for n in range(2)}
    flow = Flow.from_publisher(upstream).switch_map(lambda n: Flow.from_publisher(inners[n]))
    seen = probe(flow, 99)
    upstream.emit(0)
    inners[0].emit("a")
    upstream.emit(1)
    inners[1].emit("b")

    assert seen.items == ["a", "b"]
    assert (inners[0].cancels, inners[1].cancels) == (1, 0)


def test_what_waits_of_the_one_before_is_discarded():
    upstream, discarded = Handmade(), list[Any]()
    flow = Flow.from_publisher(upstream).switch_map(lambda n: Flow.of(f"{n}a", f"{n}b"))
    seen = probe(flow.on_discard(discarded.append), 1)
    upstream.emit(0, 1)
    seen.request(9)

    assert (seen.items, discarded) == (["0a", "1a", "1b"], ["0b"])


def test_an_inner_flow_is_asked_for_its_prefetch():
    inner = Handmade()
    seen = probe(Flow.of(0).switch_map(lambda n: Flow.from_publisher(inner), prefetch=4), 0)
    assert inner.asked == 4
    inner.emit(0, 1, 2, 3)
    seen.request(3)
    assert inner.asked == 7


def test_it_completes_when_upstream_and_the_latest_have():
    upstream, inner = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(upstream).switch_map(lambda n: Flow.from_publisher(inner)), 9)
    upstream.emit(0)
    upstream.complete()
    assert not seen.ended
    inner.complete()
    assert seen.completed
    assert list(Flow[int].empty().switch_map(Flow.of)) == []


def test_the_latest_answers_in_time():
    clock = VirtualClock()
    words = Flow.interval(1.0, scheduler=clock).on_backpressure_buffer().take(3)
    flow = words.switch_map(lambda n: Flow.timer(n * 0.9, scheduler=clock).map(lambda _: n))
    seen = probe(flow, 99)
    clock.advance(60.0)
    assert seen.items == [0, 1, 2]


def test_an_error_of_the_inner_flow_ends_it_all():
    upstream = Handmade()
    seen = probe(Flow.from_publisher(upstream).switch_map(lambda n: Flow.error(KeyError())), 9)
    upstream.emit(0)
    assert isinstance(seen.error, KeyError)
    assert upstream.cancels


def test_what_is_no_flow_is_an_error_that_says_so():
    with pytest.raises(TypeError, match="switch_map: fn must give a Flow or a Publisher"):
        list(Flow.of(1).switch_map(lambda n: n))  # type: ignore[arg-type, return-value]
