"""What the checkers infer for each source; read by them, never run."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Literal, Never, assert_type

from operators import AsyncEmitter, Emitter, Flow
from operators.schedulers import thread
from reactive_streams import Publisher, Subscriber


class Foreign:
    """A Publisher that never heard of this library."""

    def subscribe(self, subscriber: Subscriber[bytes]) -> None:
        """Somebody else's business."""


def given_items(mixed: tuple[int | str, ...]) -> None:
    assert_type(Flow.of(1), Flow[int])
    assert_type(Flow.of(1, 2, 3), Flow[int])
    assert_type(Flow.of("a", "b"), Flow[str])
    assert_type(Flow.of(*mixed), Flow[int | str])
    assert_type(Flow.of([1], [2]), Flow[list[int]])
    wanted: Flow[int | str] = Flow.of(1, "a")
    assert_type(wanted, Flow[int | str])


def takes_words(words: Flow[str]) -> None:
    assert_type(words.map(len), Flow[int])


def without_items() -> None:
    assert_type(Flow.empty(), Flow[Never])
    assert_type(Flow.never(), Flow[Never])
    assert_type(Flow.error(ValueError("no luck")), Flow[Never])
    # A flow without items is a flow of whatever is wanted.
    takes_words(Flow.empty())
    takes_words(Flow.error(ValueError("no luck")))
    assert_type(Flow.never().merge(Flow.of(1)), Flow[int])
    assert_type(Flow.of(1).concat(Flow.empty()), Flow[int])
    assert_type(Flow.error(ValueError("no luck")).on_error_return("well"), Flow[str])


def numbers() -> None:
    assert_type(Flow.range(3), Flow[int])
    assert_type(Flow.range(0, 10, 2), Flow[int])


def iterables(lines: Iterator[str], prices: dict[str, float], ticks: AsyncIterator[int]) -> None:
    assert_type(Flow.from_iterable([1, 2]), Flow[int])
    assert_type(Flow.from_iterable(lines), Flow[str])
    assert_type(Flow.from_iterable(prices), Flow[str])
    assert_type(Flow.from_iterable(prices.items()), Flow[tuple[str, float]])
    assert_type(Flow.from_iterable(n * 0.5 for n in range(3)), Flow[float])
    assert_type(Flow.from_iterable(Flow.of(1)), Flow[int])
    assert_type(Flow.from_async_iterable(ticks), Flow[int])
    assert_type(Flow.from_async_iterable(Flow.of("a")), Flow[str])


def publishers(publisher: Publisher[float], foreign: Foreign) -> None:
    assert_type(Flow.from_publisher(publisher), Flow[float])
    assert_type(Flow.from_publisher(foreign), Flow[bytes])
    assert_type(Flow.from_publisher(Flow.of(1)), Flow[int])


def made_late(foreign: Foreign) -> None:
    def factory() -> Flow[str]:
        return Flow.of("a")

    assert_type(Flow.defer(factory), Flow[str])
    assert_type(Flow.defer(lambda: Flow.of(1)), Flow[int])
    assert_type(Flow.defer(lambda: foreign), Flow[bytes])


def made_of_a_state() -> None:
    def fibonacci(state: tuple[int, int]) -> tuple[int, tuple[int, int]]:
        return state[0], (state[1], state[0] + state[1])

    def words(left: int) -> tuple[str, int] | None:
        return ("a" * left, left - 1) if left else None

    assert_type(Flow.generate((0, 1), fibonacci), Flow[int])
    assert_type(Flow.generate(3, words), Flow[str])
    assert_type(Flow.generate(1, lambda n: (n, n * 2)), Flow[int])
    assert_type(Flow.generate(1, lambda n: (str(n), n * 2) if n < 9 else None), Flow[str])


def pushed(overflow: Literal["block", "drop_newest", "drop_oldest", "latest", "error"]) -> None:
    def plain(emitter: Emitter[int]) -> None:
        assert_type(emitter.emit(1), bool)
        assert_type(emitter.demand, int)
        assert_type(emitter.dropped, int)
        assert_type(emitter.cancelled, bool)
        emitter.on_cancel(print)
        emitter.error(ValueError("no luck"))
        emitter.complete()

    async def coroutine(emitter: AsyncEmitter[str]) -> None:
        assert_type(await emitter.emit("a"), bool)
        emitter.complete()

    assert_type(Flow.create(plain), Flow[int])
    assert_type(Flow.create(plain, overflow="latest", scheduler=thread()), Flow[int])
    assert_type(Flow.create(plain, overflow=overflow, capacity=8), Flow[int])
    assert_type(Flow.create(coroutine), Flow[str])
    assert_type(Flow.create(coroutine, overflow="drop_oldest", capacity=8), Flow[str])


def pushed_as_wanted() -> None:
    # What a lambda pushes is told by the flow that is wanted.
    wanted: Flow[int] = Flow.create(lambda emitter: emitter.complete())
    assert_type(wanted, Flow[int])

    def anything(emitter: Emitter[object]) -> None:
        emitter.emit("a")
        emitter.emit(1)

    objects: Flow[object] = Flow.create(anything)
    assert_type(objects, Flow[object])


def of_resources(path: Path, later: Future[int]) -> None:
    assert_type(Flow.using(path.open, Flow.from_iterable), Flow[str])
    assert_type(Flow.using(path.open, lambda file: Flow.of(len(file.read()))), Flow[int])
    assert_type(Flow.from_future(later), Flow[int])
    assert_type(Flow.repeat_value("a"), Flow[str])
