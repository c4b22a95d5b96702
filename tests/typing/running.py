"""What the checkers infer for each way of running a flow; read by them, never run."""

import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Generator, Iterable
from typing import assert_type

from operators import Explanation, Flow, Handle, StageInfo, as_processor
from operators.watching import watching
from reactive_streams import UNBOUNDED, Processor, Publisher, Subscriber, Subscription


class Collector:
    """A Subscriber[int] that never heard of this library."""

    def __init__(self) -> None:
        self.items: list[int] = []

    def on_subscribe(self, subscription: Subscription) -> None:
        subscription.request(UNBOUNDED)

    def on_next(self, item: int) -> None:
        self.items.append(item)

    def on_error(self, error: Exception) -> None:
        raise error

    def on_complete(self) -> None:
        self.items.clear()


def plainly(numbers: Flow[int], words: Flow[str]) -> None:
    for n in numbers:
        assert_type(n, int)
    assert_type(list(words), list[str])
    assert_type(sum(numbers), int)
    assert_type(max(words.map(len)), int)
    assert_type([word.upper() for word in words], list[str])
    assert_type(dict(words.zip(numbers)), dict[str, int])
    assert_type(words.run(), str | None)
    assert_type(iter(numbers), Generator[int, None, None])
    first, *rest = words
    assert_type(first, str)
    assert_type(rest, list[str])


async def in_a_loop(numbers: Flow[int], words: Flow[str]) -> None:
    async for n in numbers:
        assert_type(n, int)
    assert_type([word async for word in words], list[str])
    assert_type(await words, str | None)
    assert_type(await words.map(len).take(1), int | None)
    assert_type(aiter(numbers), AsyncGenerator[int, None])


def with_a_subscriber(numbers: Flow[int], flags: Flow[bool]) -> None:
    numbers.subscribe(Collector())
    flags.subscribe(Collector())  # whoever takes ints takes bools


async def with_a_handle(words: Flow[str]) -> None:
    handle = words.for_each(print)
    assert_type(handle, Handle)
    assert_type(words.for_each(lambda word: word.upper()), Handle)
    assert_type(handle.done, bool)
    assert_type(handle.cancelled, bool)
    assert_type(words.for_each(print, drain_on=(signal.SIGTERM,)), Handle)
    assert_type(words.run(drain_on=[signal.SIGTERM, 2]), str | None)
    handle.drain()
    handle.cancel()
    handle.result(timeout=1.0)
    await handle
    waiting: Awaitable[None] = handle
    await waiting


def told(words: Flow[str]) -> None:
    words.explain()
    words.explain(sys.stderr)
    assert_type(words.to_marbles(tick=0.5), str)
    assert_type(words.describe(), Explanation)
    assert_type(words.describe().in_flight, int)
    assert_type(words.describe().stages, tuple[StageInfo, ...])


def takes_ints(
    flow: Flow[int],
    publisher: Publisher[int],
    iterable: Iterable[int],
    async_iterable: AsyncIterable[int],
    awaitable: Awaitable[int | None],
) -> None:
    """What a Flow is good for, besides being one."""


def standing_for_others(numbers: Flow[int], flags: Flow[bool]) -> None:
    takes_ints(numbers, numbers, numbers, numbers, numbers)
    # Covariant: whatever gives bools gives ints.
    takes_ints(flags, flags, flags, flags, flags)


def double(flow: Flow[int]) -> Flow[str]:
    return flow.map(lambda n: str(n * 2))


def takes_both_ends(subscriber: Subscriber[bool], publisher: Publisher[object]) -> None:
    """The two ends of a Processor[int, str], at their widest."""


def standalone() -> None:
    processor = as_processor(double)
    assert_type(processor, Processor[int, str])
    Flow.of(1, 2).subscribe(processor)
    Flow.of(True).subscribe(processor)
    assert_type(Flow.from_publisher(processor), Flow[str])
    takes_both_ends(processor, processor)
    # What a lambda takes is told by the processor that is wanted.
    wanted: Processor[int, str] = as_processor(lambda flow: flow.map(str))
    assert_type(wanted, Processor[int, str])


class Counter:
    """A Watcher that never heard of this library."""

    splits = False
    sees_links = True

    def link(self, node: object, downstream: object) -> object:
        return downstream

    def stage(self, node: object, stage: object) -> None:
        """Let it pass."""

    def discarded(self, node: object) -> None:
        """Let it go."""


def watched(numbers: Flow[int]) -> None:
    with watching(Counter()):
        assert_type(numbers.run(), int | None)
