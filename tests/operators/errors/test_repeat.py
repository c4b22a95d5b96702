"""repeat: a flow again and again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators import Flow, OneShotError
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import BAD_REQUESTS, Handmade, Pulled, notes, probe
from tests.operators.ways import CONSUMERS


class Again:
    """A Publisher that gives another Handmade to each Subscriber."""

    def __init__(self, items: list[int] | None = None, fails: int | None = None) -> None:
        self._items = items
        self._fails = fails
        self.runs: list[Handmade] = []

    def subscribe(self, subscriber: Any) -> None:
        error = KeyError("lost") if len(self.runs) == self._fails else None
        run = Handmade(None if self._items is None else list(self._items), error)
        self.runs.append(run)
        run.subscribe(subscriber)


def sources(items: list[int]) -> list[Flow[int]]:
    return [
        Flow.from_iterable(items),
        Flow.from_iterable(Pulled(items)),
        Flow.from_publisher(Again(items)),
        Flow.defer(lambda: Flow.from_async_iterable(_async(items))),
    ]


async def _async(items: list[int]) -> Any:
    for item in items:
        yield item


@pytest.mark.parametrize("way", CONSUMERS)
@pytest.mark.parametrize("times", [0, 1, 3])
def test_so_many_runs_everywhere(way: str, times: int):
    for items in ([], [1], [1, 2, 3]):
        for flow in sources(items):
            assert CONSUMERS[way](flow.repeat(times)) == (items * times, None)


def test_without_a_number_it_goes_on():
    for flow in sources([1, 2]):
        assert list(flow.repeat().take(5)) == [1, 2, 1, 2, 1]


@pytest.mark.parametrize("way", CONSUMERS)
def test_until(way: str):
    for items in ([], [1, 2]):
        for flow in sources(items):
            runs = iter([False, False, True])
            assert CONSUMERS[way](flow.repeat(until=runs.__next__)) == (
                items * 3,
                None,
            )
            assert CONSUMERS[way](flow.repeat(2, until=lambda: False)) == (items * 2, None)
            assert CONSUMERS[way](flow.repeat(until=lambda: True)) == (items, None)


def test_an_until_that_fails():
    for flow in sources([1]):
        seen = probe(flow.repeat(until=lambda: 1 // 0), 5).until_end()
        assert seen.items == [1]
        assert isinstance(seen.error, ZeroDivisionError)
        assert "in repeat, written at" in notes(seen.error)


def test_an_error_ends_it():
    flow = Flow.from_publisher(Again([1], fails=2))
    seen = probe(flow.repeat(5), UNBOUNDED).until_end()
    assert seen.items == [1, 1, 1]
    assert isinstance(seen.error, KeyError)


def test_the_end_comes_with_the_last_item_of_the_last_run():
    seen = probe(Flow.of(1, 2).repeat(2), 4)
    assert seen.signals[-2:] == [("on_next", 2), ("on_complete", None)]
    again = Again([1, 2])
    seen = probe(Flow.from_publisher(again).repeat(2), 4)
    assert seen.signals[-2:] == [("on_next", 2), ("on_complete", None)]


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.lists(st.one_of(st.integers(1, 9), st.just(UNBOUNDED)), min_size=1, max_size=8),
)
@settings(max_examples=200, deadline=None)
def test_a_run_is_asked_for_what_is_outstanding(sizes: list[int], asked: list[int]):
    again = Again()
    seen = probe(Flow.from_publisher(again).repeat(len(sizes)))
    requests, total, produced, number = iter(asked), 0, 0, 0
    for number, size in enumerate(sizes, 1):
        left = size
        while True:
            outstanding = total - produced if total < UNBOUNDED else UNBOUNDED
            if len(again.runs) == number:
                assert min(again.runs[-1].asked, UNBOUNDED) == _open(again.runs[-1], outstanding)
                step = min(left, outstanding)
                again.runs[-1].emit(*range(step))
                left -= step
                produced += step
                if not left:
                    again.runs[-1].complete()
                    break
            n = next(requests, None)
            if n is None:
                assert len(seen.items) == produced
                seen.cancel()
                return
            seen.request(n)
            total = min(total + n, UNBOUNDED)
    assert seen.completed
    assert len(seen.items) == sum(sizes)


def _open(run: Handmade, outstanding: int) -> int:
    return outstanding if outstanding == UNBOUNDED else outstanding + run.emitted


@pytest.mark.parametrize(("bad", "kind"), BAD_REQUESTS)
def test_a_bad_request_is_answered(bad: Any, kind: type[Exception]):
    for flow in sources([1, 2]):
        seen = probe(flow.repeat(3)).request(3).until_items(3).request(bad).until_end()
        assert isinstance(seen.error, kind)


def test_a_one_shot_source_says_so_at_the_second_run():
    flow = Flow.from_iterable(iter([1, 2])).repeat(2)
    with pytest.raises(OneShotError, match="one-shot source"):
        list(flow)


def test_a_cancel_ends_the_run():
    again = Again()
    seen = probe(Flow.from_publisher(again).repeat(), 1)
    again.runs[0].complete()
    seen.cancel()
    assert [run.cancels for run in again.runs] == [0, 1]


def test_a_chain_of_them():
    assert list(Flow.of(1).repeat(2).repeat(3).map(str).repeat(2)) == ["1"] * 12


def test_with_a_pause_each_run_begins_some_time_after_the_one_before_to_the_tick():
    clock, begun = VirtualClock(), list[float]()

    def begin() -> Flow[int]:
        begun.append(clock.now())
        return Flow.of(len(begun))

    seen = probe(Flow.defer(begin).repeat(3, pause=2, scheduler=clock), 99)
    clock.advance(1.999_999_999)
    assert (begun, seen.items) == ([0], [1])
    clock.advance(0.000_000_001)
    assert (begun, seen.items) == ([0, 2], [1, 2])
    clock.advance(9)
    assert (begun, seen.items, seen.completed) == ([0, 2, 4], [1, 2, 3], True)
    assert clock.pending == 0


def test_a_cancel_in_a_pause_leaves_nothing_pending():
    clock = VirtualClock()
    seen = probe(Flow.of(1).repeat(pause=2, scheduler=clock), 99)
    assert clock.pending == 1
    seen.cancel()
    assert clock.pending == 0
