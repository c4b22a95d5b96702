"""window: a flow for each n items."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow, GroupError, OneShotError
from operators._kernel.failures.failure import drop_error
from tests.operators.kit import Handmade, probe


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
def test_n_items_each(n: int):
    items = list(range(14))
    windows = Flow.from_iterable(items).window(n, prefetch=4)

    assert list(windows.concat_map(lambda window: window.to_list())) == [
        items[at : at + n] for at in range(0, 14, n)
    ]


def test_a_window_begins_with_its_first_item_and_ends_with_its_last():
    upstream = Handmade()
    outer = probe(Flow.from_publisher(upstream).window(2), 99)
    assert outer.items == []
    upstream.emit("a")
    first = probe(outer.items[0], 99)
    assert (first.items, first.ended) == (["a"], False)
    upstream.emit("b")
    assert (first.items, first.completed) == (["a", "b"], True)
    assert len(outer.items) == 1


def test_what_a_window_that_was_left_would_get_is_discarded():
    discarded: list[Any] = []
    flow = Flow.range(8).window(4).flat_map(lambda window: window.take(1))

    assert list(flow.on_discard(discarded.append)) == [0, 4]
    assert sorted(discarded) == [1, 2, 3, 5, 6, 7]


def test_a_window_goes_on_when_nobody_wants_new_ones():
    upstream = Handmade()
    outer = probe(Flow.from_publisher(upstream).window(3), 1)
    upstream.emit(0)
    first = probe(outer.items[0], 99)
    outer.cancel()
    upstream.emit(1, 2)

    assert (first.items, first.completed, upstream.cancels) == ([0, 1, 2], True, 1)


def test_a_window_that_nobody_subscribes_to_is_an_error():
    with pytest.raises(
        GroupError, match="the flow of 'window 1' holds 3 items and has no Subscriber"
    ):
        list(Flow.range(100).window(3, prefetch=4, stall=0.05))


def test_one_that_was_discarded_says_so_and_that_is_no_news_after_a_cancel(dropped: Any):
    """Who joins windows is perhaps about to subscribe to one, as its Subscriber cancels elsewhere."""
    upstream = Handmade()
    windows: list[Any] = []
    joined = Flow.from_publisher(upstream).window(2).tap(windows.append).buffer(9)
    seen = probe(joined, 1)
    upstream.emit(1)
    seen.cancel()

    error = probe(windows[0], 1).error
    assert isinstance(error, OneShotError)
    assert str(error) == "this window was discarded with the flow that gave it"
    drop_error(error, "in concat_map, which was over")
    assert dropped.errors == []
