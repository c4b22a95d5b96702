"""switch_if_empty: another flow in place of one without items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from tests.operators.kit import BAD_REQUESTS, APulled, Handmade, Pulled, probe
from tests.operators.ways import fails, gives


def other(*items: int) -> Flow[int]:
    return Flow.of(*items)


def test_the_other_where_there_are_no_items_everywhere():
    gives(lambda f: f.switch_if_empty(other(7, 8)), [], [7, 8])
    gives(lambda f: f.switch_if_empty(other(7, 8)), [0], [0])
    gives(lambda f: f.switch_if_empty(other(7, 8)), range(3), [0, 1, 2])
    gives(lambda f: f.switch_if_empty(other()), [], [])
    gives(lambda f: f.filter(lambda n: n > 9).switch_if_empty(other(7)).map(str), range(3), ["7"])
    gives(
        lambda f: f.switch_if_empty(Flow.empty()).switch_if_empty(other(7)).switch_if_empty(other(8)),
        [], [7],
    )  # fmt: skip


def test_of_every_kind_everywhere():
    gives(lambda f: f.switch_if_empty(Flow.from_publisher(Handmade([7, 8]))), [], [7, 8])
    gives(lambda f: f.switch_if_empty(Flow.from_async_iterable(APulled([7, 8]))), [], [7, 8])
    gives(lambda f: f.switch_if_empty(Handmade([7, 8])), [], [7, 8])


def test_an_error_is_no_empty_flow():
    fails(lambda f: f.switch_if_empty(other(7)), [], KeyError, error=KeyError())
    fails(lambda f: f.switch_if_empty(other(7)), [1], KeyError, [1], error=KeyError())
    fails(lambda f: f.switch_if_empty(other(7).concat(Flow.error(KeyError()))), [], KeyError, [7])


def test_the_other_is_opened_only_then_and_when_there_is_demand():
    for empty in (Flow.empty(), Flow.from_publisher(Handmade([]))):
        pulled = Pulled([7, 8, 9])
        seen = probe(empty.switch_if_empty(Flow.from_iterable(pulled)))
        assert (pulled.opened, seen.signals) == (0, [("on_subscribe", None)])
        seen.request(2)
        assert (pulled.pulled, seen.items) == (2, [7, 8])
        seen.cancel()
        assert pulled.closed == 1

    pulled = Pulled([7])
    assert list(Flow.of(1).switch_if_empty(Flow.from_iterable(pulled))) == [1]
    assert pulled.opened == 0


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 4))
def test_the_other_is_asked_for_what_is_outstanding(asked: list[int], before: int):
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).switch_if_empty(Flow.from_publisher(second)))
    for n in asked[:before]:
        seen.request(n)
    assert first.asked == sum(asked[:before])
    first.complete()
    for n in asked[before:]:
        seen.request(n)
    assert second.asked == sum(asked)
    second.emit(*range(second.asked))
    assert seen.items == list(range(sum(asked)))
    assert seen.violations == []


@pytest.mark.parametrize(("bad", "kind"), BAD_REQUESTS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bad_request_is_answered(bad: Any, kind: type[Exception], when: str):
    first = Handmade()
    seen = probe(Flow.from_publisher(first).switch_if_empty(Flow.from_publisher(Handmade())))
    if when == "after":
        first.complete()
    seen.request(bad)
    assert isinstance(seen.error, kind)
    assert "3.9" in str(seen.error)


def test_a_cancel_before_the_other_is_opened_and_after():
    second = Handmade()
    seen = probe(Flow.from_publisher(Handmade([])).switch_if_empty(Flow.from_publisher(second)))
    seen.cancel()
    seen.request(1)
    assert (second.subscriber, seen.signals) == (None, [("on_subscribe", None)])

    first, second = Handmade([]), Handmade()
    seen = probe(Flow.from_publisher(first).switch_if_empty(Flow.from_publisher(second)), 1)
    seen.cancel()
    assert second.cancels == 1


def test_an_async_loop_that_is_left_closes_the_other():
    taking = APulled([7, 8, 9])

    async def go() -> None:
        async for item in Flow.empty().switch_if_empty(Flow.from_async_iterable(taking)):
            assert item == 7
            break

    asyncio.run(go())
    assert taking.closed == 1
