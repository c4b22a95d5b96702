# pyright: enableTypeIgnoreComments=false, reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnusedVariable=false, reportUnknownVariableType=false
# ruff: noqa: F841
"""What the checkers must not let pass; never run.

Each line in here has an error that both of them see. Were one of them to miss it, it would complain
that its comment there is of no use; hence the file passes only as long as every line of it is wrong.
"""

from typing import Literal

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
    emitter.emit("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def coroutine(emitter: AsyncEmitter[int]) -> None:
    await emitter.emit("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def mixed_up(emitter: Emitter[int]) -> None:
    emitter.emit(1)


async def fetch(word: str) -> bytes:
    return word.encode()


def evens(flow: Flow[int], least: int) -> Flow[int]:
    return flow.filter(lambda n: n % 2 == 0 and n > least)


def sources(overflow: Literal["wait"]) -> None:
    a: Flow[str] = Flow.of(1)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    b: Flow[str] = Flow.range(3)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    Flow.range("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.from_iterable(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.from_iterable(Flow.of(1).run)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.from_async_iterable([1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.from_publisher([1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.error("no luck")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.error(KeyboardInterrupt())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Flow.defer(lambda: [1])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    Flow.generate(1, lambda n: n * 2)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    Flow.create(mixed_up)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Flow.create(plain, overflow="wait")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Flow.create(plain, overflow=overflow)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Flow.create(coroutine, scheduler=thread())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def items(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.map(str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    words.map(str.upper).map(abs)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.map(lambda n: n.upper())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownLambdaType, reportUnknownMemberType]
    numbers.map(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.filter(str.isdigit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    numbers.take("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.take_while(str.isdigit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.skip_while(str.isdigit)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    words.scan(lambda total, word: total + len(word), "")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownLambdaType]
    words.reduce(len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.distinct(str.lower)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.distinct(lambda n: [n])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    words.enumerate("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.flat_map_iterable(lambda n: n)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    a: Flow[tuple[str, str]] = words.enumerate()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    b: Flow[list[str]] = numbers.buffer(2)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


def several(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.flat_map(lambda n: [n])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    numbers.flat_map(str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.concat_map(lambda n: range(n))  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    numbers.zip([1])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    numbers.merge([1])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    numbers.concat("abc")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    a: Flow[tuple[int, str]] = numbers.zip(words, words)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    b: Flow[tuple[int, str, str]] = numbers.zip(words)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    c: Flow[tuple[int, int]] = numbers.zip(words)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    d: Flow[int] = numbers.merge(words)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    e: Flow[int] = numbers.concat(words)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]


def errors(numbers: Flow[int]) -> None:
    a: Flow[int] = numbers.on_error_return("none")  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    b: Flow[int] = numbers.on_error_resume(lambda error: Flow.of(str(error)))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    numbers.on_error_resume(lambda error: [0])  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    numbers.on_error_resume(lambda: Flow.of(0))  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    numbers.retry("often")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def demand(numbers: Flow[int]) -> None:
    numbers.on_backpressure_buffer(8, overflow="latest")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.on_backpressure_drop(str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.limit_rate("8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def elsewhere(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.map_async(fetch)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    a: Flow[str] = words.map_async(fetch)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    words.map_async(len, executor=thread())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    numbers.publish_on("thread")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.subscribe_on(thread)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def life(numbers: Flow[int], words: Flow[str]) -> None:
    numbers.tap(str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.tap(on_request=str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.on_finally(str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.named(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.pipe(evens)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    numbers.pipe(evens, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.pipe(evens, most=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    words.pipe(evens, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.pipe(list)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def runs(numbers: Flow[int], flags: Flow[bool], objects: Flow[object]) -> None:
    numbers.subscribe(Words())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.subscribe(Deaf())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.subscribe(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.subscribe(print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.for_each(str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    last: int = numbers.run()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    narrowed: Flow[bool] = numbers  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    publisher: Publisher[int] = objects  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    processor: Processor[str, int] = as_processor(lambda flow: flow.map(str.upper))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    Flow.of("a").subscribe(as_processor(lambda flow: evens(flow, 1)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    numbers.node = flags.node.upstream  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


async def awaits(numbers: Flow[int]) -> None:
    last: int = await numbers  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    handle: int = await numbers.for_each(print)  # type: ignore[assignment, func-returns-value]  # pyright: ignore[reportAssignmentType]
