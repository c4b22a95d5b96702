"""What the checkers infer for errors, demand, threads and the life of a flow; never run."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Literal, assert_type

from operators import (
    Attempt,
    Backoff,
    CircuitBreaker,
    Flow,
    KillSwitch,
    ResumableFlow,
    Valve,
    adaptive,
)
from operators.custom import Stage
from operators.schedulers import Scheduler, event_loop, executor, immediate, thread
from reactive_streams import Publisher


def errors(
    numbers: Flow[int], spare: Publisher[bytes], told: list[Attempt], breaker: CircuitBreaker
) -> None:
    def fall_back(error: Exception) -> Flow[str]:
        return Flow.of(str(error))

    assert_type(numbers.on_error_return(-1), Flow[int])
    assert_type(numbers.on_error_return("none"), Flow[int | str])
    assert_type(numbers.on_error_resume(fall_back), Flow[int | str])
    assert_type(numbers.on_error_resume(lambda error: Flow.of(1, 2)), Flow[int])
    assert_type(numbers.on_error_resume(lambda error: spare), Flow[int | bytes])
    assert_type(numbers.retry(), Flow[int])
    assert_type(numbers.retry(3), Flow[int])
    assert_type(numbers.restart(1), Flow[int])
    assert_type(numbers.restart(Backoff(1), times=3, on_restart=told.append), Flow[int])
    assert_type(numbers.circuit_breaker(breaker), Flow[int])
    assert_type(numbers.circuit_breaker(breaker, fallback=lambda error: spare), Flow[int | bytes])
    assert_type(numbers.kill_switch(KillSwitch()), Flow[int])
    assert_type(numbers.retry(on=OSError, backoff=0.5), Flow[int])
    assert_type(numbers.retry(on=(OSError, KeyError), backoff=Backoff(1, jitter=0.5)), Flow[int])
    assert_type(numbers.retry(on=lambda error: bool(error.args), on_retry=told.append), Flow[int])


def demand(
    words: Flow[str], overflow: Literal["error", "drop_newest", "drop_oldest", "block"]
) -> None:
    lost: list[str] = []
    assert_type(words.limit_rate(8), Flow[str])
    assert_type(words.throttle(20, burst=5, cost=len), Flow[str])
    assert_type(words.throttle(lambda: 2.5), Flow[str])
    assert_type(words.shed(8, target=0.1, age=2, priority=len, on_drop=lost.append), Flow[str])
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
    assert_type(words.map_async(fetch, key=lambda word: word[0]), Flow[bytes])
    assert_type(words.map_async(len, key=str.lower), Flow[int])
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
    assert_type(words.map_async(count, executor=pool, chunk=8), Flow[int])
    assert_type(
        words.map_async(len, executor=lambda: pool, chunk="auto", on_lost="retry"), Flow[int]
    )
    assert_type(words.map_async(fetch, concurrency=adaptive(1, 8, target_latency=1)), Flow[bytes])


async def embed(words: list[str]) -> list[bytes]:
    return [word.encode() for word in words]


def lengths(words: list[str]) -> list[int]:
    return [len(word) for word in words]


def some_lengths(words: list[str]) -> list[int | Exception]:
    return [len(word) or ValueError(word) for word in words]


def batches(words: Flow[str], pool: Executor, clock: Scheduler) -> None:
    assert_type(words.map_batches(embed), Flow[bytes])
    assert_type(words.map_batches(embed, max_weight=512, weight=len, max_wait=0.01), Flow[bytes])
    assert_type(words.map_batches(lengths, max_size=8, concurrency=2, ordered=False), Flow[int])
    assert_type(words.map_batches(lengths, executor=pool, bisect=True, scheduler=clock), Flow[int])
    assert_type(words.map_batches(lambda batch: [len(word) for word in batch]), Flow[int])
    assert_type(words.map_batches(some_lengths), Flow[int])


def several_calls_of_either_kind(words: Flow[str], fn: Callable[[str], Awaitable[int]]) -> None:
    assert_type(words.map_async(fn), Flow[int])


def threads(words: Flow[str], scheduler: Scheduler, pool: Executor) -> None:
    assert_type(words.publish_on(scheduler), Flow[str])
    assert_type(words.publish_on(thread(), prefetch=8), Flow[str])
    assert_type(words.publish_on(event_loop()), Flow[str])
    assert_type(words.subscribe_on(executor(pool)), Flow[str])
    assert_type(words.subscribe_on(immediate()), Flow[str])
    assert_type(words.cancel_on(immediate()), Flow[str])


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
    assert_type(words.watch(stall=5.0), Flow[str])
    assert_type(words.checkpoint(), ResumableFlow[str])
    assert_type(words.checkpoint({}).state(), dict[str, Any])


def discarding(words: Flow[str]) -> None:
    left: list[str] = []

    def put_back(item: object) -> None:
        left.append(str(item))

    # What is held above may be something else than what comes out: here strings, not numbers.
    assert_type(words.publish_on(thread()).map(len).on_discard(left.append), Flow[int])
    assert_type(words.map(len).on_discard(put_back), Flow[int])


class Lengths(Stage[str, int]):
    """An operator of somebody's own."""

    def on_push(self, item: str) -> None:
        self.push(len(item))


def count_by(words: Flow[str], size: int, *, least: int = 0) -> Flow[int]:
    return words.buffer(size).map(len).filter(lambda n: n >= least)


def only_text(flow: Flow[object]) -> Flow[str]:
    return flow.map(str)


def piping(words: Flow[str], numbers: Flow[int]) -> None:
    assert_type(words.apply(Lengths()), Flow[int])
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


def sure_of_errors(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.on_error_map(lambda error: ValueError(error)), Flow[int])
    assert_type(
        words.map(int).skip_errors(lambda letter: print(letter.item, letter.error)), Flow[int]
    )
    assert_type(numbers.repeat(3), Flow[int])
    assert_type(numbers.repeat(until=lambda: True), Flow[int])
    assert_type(numbers.on_start(lambda: print("start")), Flow[int])
    assert_type(numbers.on_terminate(lambda: None), Flow[int])


def one(n: int) -> list[int]:
    return [n]


def gathered(so_far: list[int], n: int) -> list[int]:
    return [*so_far, n]


def shaping_demand(numbers: Flow[int], valve: Valve) -> None:
    assert_type(numbers.cap_demand(8), Flow[int])
    assert_type(numbers.valve(valve), Flow[int])
    assert_type(numbers.conflate(max), Flow[int])
    assert_type(numbers.conflate(gathered, one), Flow[list[int]])
    assert_type(numbers.batch_while_waiting(8), Flow[list[int]])
    assert_type(numbers.extrapolate(lambda n: [n]), Flow[int])
