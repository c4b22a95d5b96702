"""What the checkers infer for errors, demand, threads and the life of a flow; never run."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Literal, assert_type

from operators import Flow
from operators.schedulers import Scheduler, event_loop, executor, immediate, thread
from reactive_streams import Publisher


def errors(numbers: Flow[int], spare: Publisher[bytes]) -> None:
    def fall_back(error: Exception) -> Flow[str]:
        return Flow.of(str(error))

    assert_type(numbers.on_error_return(-1), Flow[int])
    assert_type(numbers.on_error_return("none"), Flow[int | str])
    assert_type(numbers.on_error_resume(fall_back), Flow[int | str])
    assert_type(numbers.on_error_resume(lambda error: Flow.of(1, 2)), Flow[int])
    assert_type(numbers.on_error_resume(lambda error: spare), Flow[int | bytes])
    assert_type(numbers.retry(), Flow[int])
    assert_type(numbers.retry(3), Flow[int])


def demand(
    words: Flow[str], overflow: Literal["error", "drop_newest", "drop_oldest", "block"]
) -> None:
    lost: list[str] = []
    assert_type(words.limit_rate(8), Flow[str])
    assert_type(words.on_backpressure_buffer(), Flow[str])
    assert_type(words.on_backpressure_buffer(8, overflow="drop_oldest"), Flow[str])
    assert_type(words.on_backpressure_buffer(8, overflow=overflow, on_drop=lost.append), Flow[str])
    assert_type(words.on_backpressure_drop(), Flow[str])
    assert_type(words.on_backpressure_drop(lost.append), Flow[str])
    assert_type(words.on_backpressure_latest(), Flow[str])
    assert_type(words.on_backpressure_latest(lambda word: lost.append(word)), Flow[str])


class Service:
    """Somebody's object with calls of both kinds."""

    async def __call__(self, word: str) -> float:
        return len(word) / 2

    async def fetch(self, word: str) -> bytes:
        return word.encode()

    def count(self, word: str) -> int:
        return len(word)


async def fetch(word: str, seconds: float = 1.0) -> bytes:
    await asyncio.sleep(seconds)
    return word.encode()


def count(word: str) -> int:
    return len(word)


def several_calls(words: Flow[str], service: Service, pool: Executor) -> None:
    # A coroutine function gives its result, not a coroutine.
    assert_type(words.map_async(fetch), Flow[bytes])
    assert_type(words.map_async(fetch, concurrency=4, ordered=False), Flow[bytes])
    assert_type(words.map_async(partial(fetch, seconds=2.0)), Flow[bytes])
    assert_type(words.map_async(service), Flow[float])
    assert_type(words.map_async(service.fetch), Flow[bytes])
    assert_type(words.map_async(fetch).map(bytes.decode), Flow[str])
    # A plain one gives what it gives, with or without an executor.
    assert_type(words.map_async(count), Flow[int])
    assert_type(words.map_async(str.upper, concurrency=2), Flow[str])
    assert_type(words.map_async(count, executor=pool), Flow[int])
    assert_type(words.map_async(service.count, executor=pool, ordered=False), Flow[int])
    assert_type(words.map_async(lambda word: len(word)), Flow[int])


def several_calls_of_either_kind(words: Flow[str], fn: Callable[[str], Awaitable[int]]) -> None:
    assert_type(words.map_async(fn), Flow[int])


def threads(words: Flow[str], scheduler: Scheduler, pool: Executor) -> None:
    assert_type(words.publish_on(scheduler), Flow[str])
    assert_type(words.publish_on(thread(), prefetch=8), Flow[str])
    assert_type(words.publish_on(event_loop()), Flow[str])
    assert_type(words.subscribe_on(executor(pool)), Flow[str])
    assert_type(words.subscribe_on(immediate()), Flow[str])


def looking_on(words: Flow[str]) -> None:
    seen: list[str] = []
    requests: list[int] = []
    failures: list[Exception] = []
    assert_type(words.tap(print), Flow[str])
    assert_type(words.tap(seen.append), Flow[str])
    assert_type(words.tap(lambda word: word.upper()), Flow[str])
    assert_type(
        words.tap(
            on_error=failures.append,
            on_complete=lambda: seen.append("end"),
            on_request=requests.append,
            on_cancel=seen.clear,
        ),
        Flow[str],
    )
    assert_type(words.on_finally(seen.clear), Flow[str])
    assert_type(words.named("the words"), Flow[str])


def discarding(words: Flow[str]) -> None:
    left: list[str] = []

    def put_back(item: object) -> None:
        left.append(str(item))

    # What is held above may be something else than what comes out: here strings, not numbers.
    assert_type(words.publish_on(thread()).map(len).on_discard(left.append), Flow[int])
    assert_type(words.map(len).on_discard(put_back), Flow[int])


def count_by(words: Flow[str], size: int, *, least: int = 0) -> Flow[int]:
    return words.buffer(size).map(len).filter(lambda n: n >= least)


def only_text(flow: Flow[object]) -> Flow[str]:
    return flow.map(str)


def piping(words: Flow[str], numbers: Flow[int]) -> None:
    assert_type(words.pipe(count_by, 3), Flow[int])
    assert_type(words.pipe(count_by, 3, least=1), Flow[int])
    assert_type(words.pipe(count_by, size=3), Flow[int])
    # A Flow[int] is a Flow[object].
    assert_type(numbers.pipe(only_text), Flow[str])
    assert_type(numbers.pipe(lambda flow: flow.map(str)), Flow[str])
    assert_type(numbers.pipe(lambda flow: flow.zip(flow.skip(1))), Flow[tuple[int, int]])


def a_long_chain() -> None:
    assert_type(
        Flow.range(100)
        .filter(lambda n: n % 2)
        .map(lambda n: n / 2)
        .enumerate()
        .pairwise()
        .take_while(lambda pair: pair[1][1] < 20)
        .buffer(4)
        .flat_map_iterable(lambda pairs: pairs)
        .scan(lambda total, pair: total + pair[0][1] * pair[1][0], 0.0)
        .zip(Flow.of("a", "b"))
        .on_error_return((0.0, ""))
        .map_async(lambda pair: f"{pair[1]}={pair[0]:.2f}")
        .map(str.encode),
        Flow[bytes],
    )
