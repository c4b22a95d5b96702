# type: ignore  # noqa: PGH003 - all of it is wrong; the test reads it without this line
# ruff: noqa: F841
"""What the checkers must not let pass; never run.

Both of them have to see an error in each line that ends with `rejected`, and in no other; the test
beside this file has them read a copy of it without its first line.
"""

from typing import Any, Literal, assert_type

from operators import AsyncEmitter, Emitter, Flow, as_processor
from operators.schedulers import thread
from reactive_streams import UNBOUNDED, Processor, Publisher, Subscription


class Words:
    """A Subscriber[str]."""

    def on_subscribe(self, subscription: Subscription) -> None:
        subscription.request(UNBOUNDED)

    def on_next(self, item: str) -> None: ...

    def on_error(self, error: Exception) -> None: ...

    def on_complete(self) -> None: ...


class Deaf:
    """No Subscriber, for it lacks `on_error`."""

    def on_subscribe(self, subscription: Subscription) -> None: ...

    def on_next(self, item: int) -> None: ...

    def on_complete(self) -> None: ...


def plain(emitter: Emitter[int]) -> None:
    emitter.emit("a")  # rejected


async def coroutine(emitter: AsyncEmitter[int]) -> None:
    await emitter.emit("a")  # rejected


async def mixed_up(emitter: Emitter[int]) -> None:
    emitter.emit(1)


async def fetch(word: str) -> bytes:
    return word.encode()


def evens(flow: Flow[int], least: int) -> Flow[int]:
    return flow.filter(lambda n: n % 2 == 0 and n > least)


def sources(overflow: Literal["wait"]) -> None:
    a: Flow[str] = Flow.of(1)  # rejected
    b: Flow[str] = Flow.range(3)  # rejected
    Flow.range("3")  # rejected
    Flow.from_iterable(3)  # rejected
    Flow.from_iterable(Flow.of(1).run)  # rejected
    Flow.from_async_iterable([1])  # rejected
    Flow.from_publisher([1])  # rejected
    Flow.error("no luck")  # rejected
    Flow.error(KeyboardInterrupt())  # rejected
    Flow.defer(lambda: [1])  # rejected
    Flow.generate(1, lambda n: n * 2)  # rejected
    Flow.create(mixed_up)  # rejected
    Flow.create(plain, overflow="wait")  # rejected
    Flow.create(plain, overflow=overflow)  # rejected
    Flow.create(coroutine, scheduler=thread())  # rejected


def items(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.map(str.upper)  # rejected
    words.map(str.upper).map(abs)  # rejected
    numbers.map(lambda n: n.upper())  # rejected
    numbers.map(1)  # rejected
    numbers.filter(str.isdigit)  # rejected
    numbers.take("3")  # rejected
    numbers.take_while(str.isdigit)  # rejected
    numbers.skip_while(str.isdigit)  # rejected
    words.scan(lambda total, word: total + len(word), "")  # rejected
    words.reduce(len)  # rejected
    numbers.distinct(str.lower)  # rejected
    numbers.distinct(lambda n: [n])  # rejected
    words.enumerate("1")  # rejected
    numbers.flat_map_iterable(lambda n: n)  # rejected
    a: Flow[tuple[str, str]] = words.enumerate()  # rejected
    b: Flow[list[str]] = numbers.buffer(2)  # rejected


def several(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.flat_map(lambda n: [n])  # rejected
    numbers.flat_map(str)  # rejected
    numbers.concat_map(lambda n: range(n))  # rejected
    numbers.zip([1])  # rejected
    numbers.merge([1])  # rejected
    numbers.concat("abc")  # rejected
    a: Flow[tuple[int, str]] = numbers.zip(words, words)  # rejected
    b: Flow[tuple[int, str, str]] = numbers.zip(words)  # rejected
    c: Flow[tuple[int, int]] = numbers.zip(words)  # rejected
    d: Flow[int] = numbers.merge(words)  # rejected
    e: Flow[int] = numbers.concat(words)  # rejected


def errors(numbers: Flow[int]) -> None:
    a: Flow[int] = numbers.on_error_return("none")  # rejected
    b: Flow[int] = numbers.on_error_resume(lambda error: Flow.of(str(error)))  # rejected
    numbers.on_error_resume(lambda error: [0])  # rejected
    numbers.on_error_resume(lambda: Flow.of(0))  # rejected
    numbers.retry("often")  # rejected


def demand(numbers: Flow[int]) -> None:
    numbers.on_backpressure_buffer(8, overflow="latest")  # rejected
    numbers.on_backpressure_drop(str.upper)  # rejected
    numbers.limit_rate("8")  # rejected


def elsewhere(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.map_async(fetch)  # rejected
    a: Flow[str] = words.map_async(fetch)  # rejected
    words.map_async(len, executor=thread())  # rejected
    numbers.publish_on("thread")  # rejected
    numbers.subscribe_on(thread)  # rejected


def life(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.tap(str.upper)  # rejected
    numbers.tap(on_request=str.upper)  # rejected
    numbers.on_finally(str.upper)  # rejected
    numbers.named(1)  # rejected
    numbers.pipe(evens)  # rejected
    numbers.pipe(evens, "1")  # rejected
    numbers.pipe(evens, most=1)  # rejected
    words.pipe(evens, 1)  # rejected
    numbers.pipe(list)  # rejected


def runs(numbers: Flow[int], flags: Flow[bool], objects: Flow[object]) -> None:
    numbers.subscribe(Words())  # rejected
    numbers.subscribe(Deaf())  # rejected
    numbers.subscribe(None)  # rejected
    numbers.subscribe(print)  # rejected
    numbers.for_each(str.upper)  # rejected
    last: int = numbers.run()  # rejected
    narrowed: Flow[bool] = numbers  # rejected
    publisher: Publisher[int] = objects  # rejected
    processor: Processor[str, int] = as_processor(lambda flow: flow.map(str.upper))  # rejected
    Flow.of("a").subscribe(as_processor(lambda flow: evens(flow, 1)))  # rejected
    numbers.node = flags.node.upstream  # rejected


def results(numbers: Flow[int], words: Flow[str]) -> None:
    words.first(0)  # rejected
    words.element_at("a")  # rejected
    words.max(abs)  # rejected
    words.to_dict()  # rejected
    words.collect(list[int], list[int].append)  # rejected
    numbers.all(str.isalpha)  # rejected


def wrong_assertions(numbers: Flow[int], words: Flow[str]) -> None:
    # So it is known that the samples which must pass are looked at.
    assert_type(numbers.map(str), Flow[int])  # rejected
    assert_type(numbers.zip(words), Flow[tuple[int, ...]])  # rejected
    assert_type(words.map_async(fetch), Flow[Any])  # rejected


async def awaits(numbers: Flow[int]) -> None:
    last: int = await numbers  # rejected
    handle: int = await numbers.for_each(print)  # rejected
