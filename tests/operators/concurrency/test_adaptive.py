"""adaptive: a concurrency that follows how long calls take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from operators import Flow, adaptive
from operators.testing import VirtualClock
from tests.operators.concurrency.server import ALONE, SHAPES, TARGET, follower, percentile, run
from tests.operators.kit import Handmade, notes, probe, soon

FIXED = (24, 32, 36, 40, 64)


@cache
def best(shape: str, first: int, last: int) -> float:
    """Return the calls a second with the best of the limits that stay."""
    return max(run(limit, last, shape).rate(first, last) for limit in FIXED)


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_after_200_calls_it_is_within_15_percent_of_the_best_fixed_limit(shape: str) -> None:
    server = run(follower(), 1_500, shape)
    assert server.rate(200, 1_500) >= 0.85 * best(shape, 200, 1_500)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_first_200_calls_are_hardly_slower_although_it_knows_nothing_yet(shape: str) -> None:
    server = run(follower(), 200, shape)
    # The first of the seven rounds that they take is of 11, the geometric mean of the bounds.
    assert server.rate(0, 200) >= 0.82 * best(shape, 0, 200)
    assert server.slowest_of_a_hundred() < TARGET


@pytest.mark.parametrize("shape", SHAPES)
def test_of_a_hundred_calls_one_at_most_takes_longer_than_the_target(shape: str) -> None:
    assert run(follower(), 1_500, shape).slowest_of_a_hundred() < TARGET


def knee_of(when: float) -> int:
    return 32 if when < 10 else 12 if when < 30 else 64


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_it_follows_a_knee_that_moves(shape: str) -> None:
    server = run(follower(), 14_000, shape, knee_of)
    for since, until, knee in ((4, 10, 32), (14, 30, 12), (34, 45, 64)):
        calls = server.between(since, until)
        assert len(calls) / (until - since) >= 0.8 * knee / ALONE, f"a knee of {knee}"
        assert percentile(calls) < TARGET, f"a knee of {knee}"


def test_it_follows_calls_that_become_slower_by_themselves() -> None:
    clock, busy, most = VirtualClock(), 0, 0

    async def call(n: int) -> int:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.1 if clock.now() < 5 else 0.3)
        busy -= 1
        return n

    async def main() -> float:
        limit = adaptive(2, 16, target_latency=2)
        since = 0.0
        async for n in Flow.range(4_000).map_async(call, concurrency=limit):
            if n == 3_000:
                since = clock.now()
        return 999 / (clock.now() - since)

    # With 16 at once it would be 53 a second.
    assert clock.run(main()) > 40
    assert most == 16


def test_where_the_first_calls_are_too_many_already_it_goes_back_at_once() -> None:
    limits: list[int] = []
    server = run(adaptive(1, 128, target_latency=TARGET, initial=96, on_change=limits.append), 400)
    assert min(limits[:3]) <= 32, "a server that can do 32 takes three times as long for 96"
    assert server.rate(200, 400) >= 0.85 * best("linear", 200, 400)


def test_the_limit_keeps_within_its_bounds() -> None:
    limits: list[int] = []
    clock = VirtualClock()

    async def call(n: int) -> int:
        await asyncio.sleep(0.5 if n < 500 else 0.001)
        return n

    async def main() -> None:
        limit = adaptive(3, 20, target_latency=0.1, initial=5, on_change=limits.append)
        assert [n async for n in Flow.range(2_000).map_async(call, concurrency=limit)]

    clock.run(main())
    assert min(limits) == 3
    assert max(limits) == 20


def test_upstream_is_asked_for_no_more_than_the_limit_is_by_now() -> None:
    source = Handmade(range(10_000))
    clock = VirtualClock()
    limits = [4]

    async def main() -> None:
        limit = adaptive(1, 16, target_latency=9, initial=4, on_change=limits.append)

        async def call(n: int) -> int:
            await asyncio.sleep(1)
            return n

        reader = probe(Flow.from_publisher(source).map_async(call, concurrency=limit))
        assert source.asked == 4
        for _ in range(300):
            reader.request(1)
            await soon(lambda: True)
            await asyncio.sleep(0.05)
            assert source.asked - len(reader.items) <= max(limits)
        assert max(limits) > 8
        reader.cancel()

    clock.run(main())


def test_no_more_calls_begin_than_the_limit_is_by_now_whatever_was_asked_for() -> None:
    source = Handmade()
    clock = VirtualClock()
    busy: list[int] = []

    async def main() -> None:
        limits = [8]

        async def call(n: int) -> int:
            busy.append(n)
            await asyncio.sleep(5)
            assert len(busy) <= limits[-1] + 8  # those that had begun when it was more
            busy.remove(n)
            return n

        limit = adaptive(1, 8, target_latency=1, initial=8, on_change=limits.append)
        reader = probe(Flow.from_publisher(source).map_async(call, concurrency=limit), 999)
        given = 0
        while given < 200:
            while given < source.asked and given < 200:
                source.emit(given)
                given += 1
            await asyncio.sleep(1)
        source.complete()
        while not reader.ended:  # noqa: ASYNC110 - it is the time that is to go on
            await asyncio.sleep(1)
        assert reader.items == list(range(200))
        assert min(limits) == 1

    clock.run(main())


def test_by_key_as_well() -> None:
    clock, log = VirtualClock(), list[int]()

    async def call(n: int) -> int:
        await asyncio.sleep((n % 3) / 10)
        log.append(n)
        return n

    async def main() -> None:
        limit = adaptive(1, 8, target_latency=1)
        flow = Flow.range(100).map_async(call, concurrency=limit, key=lambda n: n % 2)
        assert [n async for n in flow] == list(range(100))

    clock.run(main())
    assert [n for n in log if n % 2] == list(range(1, 100, 2))


def test_on_threads_and_for_batches() -> None:
    limit = adaptive(1, 4, target_latency=1)
    assert list(Flow.range(200).map_async(str, concurrency=limit)) == [str(n) for n in range(200)]
    flow = Flow.range(200).map_batches(list, max_size=7, concurrency=limit)
    assert list(flow) == list(range(200))
    assert "concurrency=adaptive(1, 4, target_latency=1)" in str(flow.describe())


def test_batches_of_other_sizes_are_no_sign_of_too_many() -> None:
    """A batch of 32 takes longer than one of 1 or 2; nobody waits for anybody."""
    clock, limits = VirtualClock(), list[int]()

    async def call(batch: list[int]) -> list[int]:
        await asyncio.sleep(0.01 * len(batch))
        return batch

    async def bursts() -> Any:
        for n in range(6_000):
            if n % 300 == 0:
                await asyncio.sleep(0.3)
            yield n

    async def main() -> None:
        limit = adaptive(1, 8, target_latency=1, initial=2, on_change=limits.append)
        flow = Flow.from_async_iterable(bursts()).map_batches(call, concurrency=limit)
        assert [n async for n in flow] == list(range(6_000))

    clock.run(main())
    assert max(limits) == 8


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: adaptive(0, 4, target_latency=1), ValueError, "min must be at least 1"),
        (lambda: adaptive(5, 4, target_latency=1), ValueError, "max must be at least min, 5, got 4"),
        (lambda: adaptive(1, 4, target_latency=0), ValueError, "target_latency must be more than 0"),
        (lambda: adaptive(1, 4, target_latency="1"), TypeError, "target_latency must be a number"),  # type: ignore[arg-type]
        (lambda: adaptive(2, 4, target_latency=1, initial=5), ValueError, "initial must lie in 2..4"),
        (lambda: adaptive(2, 4, target_latency=1, on_change=5), TypeError, "on_change must be"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_wrong_arguments(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"adaptive: {message}"):
        make()


def test_what_fails_ends_the_flow_and_names_its_item() -> None:
    def call(n: int) -> int:
        return 1 // (n - 5)

    reader = probe(Flow.range(9).map_async(call, concurrency=adaptive(1, 2, target_latency=1)), 99)
    assert "item: 5" in notes(reader.until_end().error)
