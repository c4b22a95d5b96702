"""The ledger: it adds up only where every item is accounted for, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from operators.testing import Ledger, ledger


def test_what_a_loop_leaves_is_discarded():
    with ledger() as book:
        flow = book.produces(Flow.range(1000)).publish_on(immediate(), prefetch=4)
        for _ in book.delivers(flow):
            break
    assert (book.produced, book.delivered, book.discarded) == ([0, 1, 2, 3], [0], [1, 2, 3])
    assert book.lost == [1, 2, 3]


def test_what_is_dropped():
    with ledger() as book:
        flow = book.produces(Flow.from_publisher(Flow.range(10))).on_backpressure_buffer(
            2, overflow="drop_oldest", on_drop=book.drop
        )
        list(book.delivers(flow))
    assert len(book.delivered) + len(book.dropped) == 10


def test_in_lists_and_over_threads():
    async def slow(items: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return items

    with ledger() as book:
        flow = book.produces(Flow.range(1000)).publish_on(thread()).buffer(7).map_async(slow)
        for count, _ in enumerate(book.delivers(flow)):
            if count == 3:
                break
    assert len(book.produced) > 28


def test_items_that_come_out_twice():
    with ledger() as book:
        list(book.delivers(book.produces(Flow.range(5)).pairwise()))


def test_results_that_stand_for_items():
    def square(n: int) -> dict[str, int]:
        return {"of": n, "is": n * n}

    with ledger(key=lambda item: item["of"] if isinstance(item, dict) else item) as book:
        list(book.delivers(book.produces(Flow.range(5)).map(square)))


def test_items_without_a_hash():
    class Plain:
        __hash__ = None  # type: ignore[assignment]

    items = [Plain(), Plain()]
    with ledger() as book:
        list(book.delivers(book.produces(Flow.from_iterable(items))))


def test_an_item_that_became_others():
    book = Ledger()
    book.made("whole")
    assert book.became("whole", ["half", "other half"]) == ["half", "other half"]
    book.delivered.append("half")
    book.drop("other half")
    book.check()


@pytest.mark.parametrize(
    ("delivered", "dropped", "discarded", "why"),
    [
        ([1], [], [2], "neither delivered, nor dropped, nor discarded: 3"),
        ([1, 2, 3], [3], [], "delivered and lost, lost twice, or never produced: 3"),
        ([1, 2], [3], [3], "lost twice, or never produced: 3"),
        ([1, 2, 3, 4], [], [], "never produced: 4"),
    ],
)
def test_it_bites(delivered: Any, dropped: Any, discarded: Any, why: str):
    book = Ledger()
    book.produced += [1, 2, 3]
    book.delivered += delivered
    book.dropped += dropped
    book.discarded += discarded
    with pytest.raises(AssertionError, match=why) as caught:
        book.check(0)
    assert "produced 3, delivered" in str(caught.value)


def test_the_with_bites_but_not_over_an_error():
    with pytest.raises(AssertionError, match="and 90 more"), ledger(seconds=0) as book:
        book.produced += range(100)
    with pytest.raises(KeyError), ledger(seconds=0) as book:
        raise KeyError(book.made(7))
