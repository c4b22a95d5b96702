"""checkpoint: how many items were given, and the rest of a flow from there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, overload

import pytest

from operators import Flow, ResumableFlow
from operators.custom import Contract, Step
from operators.schedulers import thread
from tests.operators.kit import probe


class Negative(Step[int, int]):
    name = "negative"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    body = "$item = -$item"


class Odd(Step[int, int]):
    name = "odd"
    contract = Contract.REPLACES
    body = """
if not $item % 2:
    skip
"""


Make = Callable[[], Flow[Any]]


async def _later(n: int) -> int:
    await asyncio.sleep(0)
    return -n


CHAINS: dict[str, Make] = {
    "a range": lambda: Flow.range(20),
    "a range, shuffled": lambda: Flow.range(40).shuffle(7, seed=1),
    "less than the buffer": lambda: Flow.range(5).shuffle(10, seed=1),
    "shuffled twice": lambda: Flow.range(40).shuffle(6, seed=2).shuffle(5, seed=3),
    "batches": lambda: Flow.range(41).map(str).shuffle(7, seed=1).map(int).buffer(4),
    "batches, of which the last is short": lambda: Flow.range(10).buffer(4),
    "what is left out": lambda: Flow.range(50).filter(lambda n: n % 3).shuffle(5, seed=4).skip(3).take(20),
    "several of each": lambda: Flow.of("abc", "", "de", "fghi").flat_map_iterable(list).shuffle(3, seed=5),
    "numbers": lambda: Flow.range(20).shuffle(4, seed=1).enumerate(10).starmap(lambda at, n: (n, at)),
    "what has gathered": lambda: Flow.range(20).scan(lambda a, b: a + b).pairwise(),
    "an operator of one's own": lambda: Flow.range(20).shuffle(3, seed=2).apply(Negative()).buffer(2),
    "with gaps": lambda: Flow.range(30).buffer(2, 3).map(sum).distinct(),
    "overlapping": lambda: Flow.range(20).buffer(3, 2),
    "weighed": lambda: Flow.range(20).buffer_weighted(9, lambda n: n),
    "a list": lambda: Flow.from_iterable(list(range(20))).take_while(lambda n: n < 15),
    "an iterable": lambda: Flow.from_iterable({n: n for n in range(20)}).skip_while(lambda n: n < 3),
}  # fmt: skip

CROSSING: dict[str, Callable[[ThreadPoolExecutor], Flow[Any]]] = {
    "calls": lambda pool: Flow.range(30).shuffle(5, seed=1).map_async(str, executor=pool),
    "calls in chunks": lambda pool: Flow.range(30).shuffle(5, seed=1).map_async(str, executor=pool, chunk=4),
    "tasks": lambda _: Flow.range(30).shuffle(5, seed=1).map_async(_later, concurrency=4).buffer(3),
    "calls of batches": lambda _: Flow.range(30).shuffle(5, seed=1).map_batches(list, max_size=4),
    "ahead of who takes them": lambda _: Flow.range(30).shuffle(5, seed=1).publish_on(thread(), prefetch=4),
}  # fmt: skip


def given(flow: Flow[Any], n: int) -> list[Any]:
    """Return the first n items, as somebody takes them who then stops."""
    items: list[Any] = []
    if n:
        for item in flow:
            items.append(item)
            if len(items) == n:
                break
    return items


def resumed_everywhere(make: Make, steps: int = 1) -> None:
    whole = list(make())
    for n in range(0, len(whole) + 1, steps):
        feed = make().checkpoint()
        first = given(feed, n)
        state = json.loads(json.dumps(feed.state()))
        assert state["given"] == n
        rest = make().checkpoint(state)
        assert first + list(rest) == whole, f"after {n}"
        assert rest.state()["given"] == len(whole)


@pytest.mark.parametrize("name", CHAINS)
def test_what_is_resumed_gives_just_what_was_not_given_in_the_same_order(name: str) -> None:
    resumed_everywhere(CHAINS[name])


@pytest.mark.parametrize("name", CROSSING)
def test_whatever_is_in_flight(name: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        resumed_everywhere(lambda: CROSSING[name](pool), steps=6)


@pytest.mark.parametrize("name", CHAINS)
def test_by_async_for_and_pushed_as_well(name: str) -> None:
    make = CHAINS[name]
    whole = list(make())
    n = len(whole) // 2

    async def main() -> list[Any]:
        feed, items = make().checkpoint(), list[Any]()
        async for item in feed:
            items.append(item)
            if len(items) == n:
                break
        rest = [item async for item in make().checkpoint(feed.state())]
        return items + rest

    if n:
        assert asyncio.run(main()) == whole
    feed = make().checkpoint()
    seen = probe(feed).request(n)
    assert feed.state()["given"] == len(seen.items) == n
    seen.cancel()
    seen = probe(make().checkpoint(feed.state()), len(whole))
    assert whole[n:] == seen.items


def test_a_position_can_be_resumed_from_again_and_again() -> None:
    make: Make = lambda: Flow.range(100).shuffle(9, seed=6).buffer(3)  # noqa: E731
    items: list[Any] = []
    state = None
    while True:
        feed = make().checkpoint(state)
        some = given(feed, 5)
        items += some
        state = feed.state()
        if len(some) < 5:
            break
    assert items == list(make())


def test_functions_are_not_called_again_for_what_was_given() -> None:
    called: list[int] = []

    def call(n: int) -> int:
        called.append(n)
        return n

    def make() -> Flow[Any]:
        return Flow.range(1_000).shuffle(10, seed=1).map(call).buffer(5)

    state = {**make().checkpoint().state(), "given": 150}
    assert sum(len(batch) for batch in make().checkpoint(state)) == 250
    assert len(called) == 250


class Records(Sequence[int]):
    """Counts which of its records were read."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        assert isinstance(index, int)
        if index >= self.n:
            raise IndexError
        self.read.append(index)
        return index


def test_of_a_sequence_only_what_is_needed_is_read() -> None:
    records = Records(10_000)
    flow = Flow.from_iterable(records).shuffle(20, seed=1)
    whole = list(flow)
    state = {**flow.checkpoint().state(), "given": 9_000}
    records.read.clear()
    assert list(flow.checkpoint(state)) == whole[9_000:]
    assert records.read[0] > 8_500, "the oldest of 20 items that are held"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Flow.range(3).shuffle(2), "checkpoint: shuffle, written at .*; give it a seed"),
        (lambda: Flow.range(3).map_async(_later, ordered=False), "map_async.*; leave ordered=False out"),
        (lambda: Flow.range(3).merge(Flow.range(2)), "checkpoint: flows, written at"),
        (lambda: Flow.range(3).apply(Odd()), "checkpoint: odd, written at"),
        (lambda: Flow.interval(1), "checkpoint: interval, .*may give other items the next time"),
        (lambda: Flow.range(3).delay(0.1).map(str), "checkpoint: delay"),
        (lambda: Flow.range(3).on_backpressure_latest(), "checkpoint: on_backpressure"),
    ],
)  # fmt: skip
def test_where_a_number_is_no_position_it_is_refused(make: Make, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make().checkpoint()


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ("5", TypeError, "a state is what state\\(\\) has returned, got"),
        ({}, ValueError, "a state of version 1 is needed"),
        ({"version": 1, "given": -1}, ValueError, "'given' of a state is a number of items"),
        ({"version": 1, "given": True}, ValueError, "'given' of a state is a number of items"),
        ({"version": 1, "given": 1}, ValueError, "its 'flow' is a list of operators"),
        (Flow.range(3).checkpoint().state(), ValueError, "of 1 operators, and this one is of 2"),
        (
            Flow.range(3).shuffle(2, seed=2).checkpoint().state(),
            ValueError,
            "it has shuffle.*seed=2\\) where this one has shuffle.*seed=1\\), written at",
        ),
    ],
)
def test_the_state_of_another_flow_is_refused(
    state: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Flow.range(3).shuffle(2, seed=1).checkpoint(state)


def test_a_source_that_gives_less_than_before_is_told() -> None:
    state = {**Flow.range(90).shuffle(5, seed=1).checkpoint().state(), "given": 80}
    with pytest.raises(RuntimeError, match="upstream ended before its item 79"):
        list(Flow.range(60).shuffle(5, seed=1).checkpoint(state))


def test_what_is_added_to_it_is_a_plain_flow() -> None:
    feed = Flow.range(3).checkpoint()
    assert type(feed) is ResumableFlow
    assert type(feed.map(str)) is Flow
    assert list(feed.map(str)) == ["0", "1", "2"]
    assert feed.state() == {"version": 1, "given": 3, "flow": ["range"]}
