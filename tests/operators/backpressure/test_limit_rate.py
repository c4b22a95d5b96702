"""limit_rate: large demand in small batches."""

from __future__ import annotations

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_it_asks_in_batches_and_again_at_three_quarters():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).limit_rate(8)).request(20)
    assert publisher.requests == [8]
    publisher.emit(*range(5))
    assert publisher.requests == [8]
    publisher.emit(5)
    assert publisher.requests == [8, 6]
    publisher.emit(*range(6, 12))
    assert publisher.requests == [8, 6, 6]
    publisher.emit(*range(12, 20))
    assert publisher.asked == 20
    assert seen.items == list(range(20))


def test_never_more_than_was_asked_of_it():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).limit_rate(8)).request(3)
    assert publisher.requests == [3]
    seen.request(2)
    assert publisher.requests == [3, 2]
    seen.request(9)
    assert publisher.asked == 8


def test_unbounded_demand_is_cut_too():
    publisher = Handmade(range(100))
    seen = probe(Flow.from_publisher(publisher).limit_rate(4), UNBOUNDED)

    assert seen.items == list(range(100))
    assert max(publisher.requests) == 4
    assert publisher.asked <= 104


def test_one_at_a_time():
    publisher = Handmade(range(10))
    assert list(Flow.from_publisher(publisher).limit_rate(1)) == list(range(10))
    assert set(publisher.requests) == {1}


def test_it_holds_nothing_back():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).limit_rate(100), 3)
    publisher.emit("a")
    assert seen.items == ["a"]


def test_across_threads():
    flow = Flow.range(500).subscribe_on(thread()).limit_rate(7)
    seen = probe(flow, 1, each=1).until_end()

    assert seen.items == list(range(500))
    assert seen.violations == []
