"""What is raised and is no Exception reaches the caller, and leaves nothing open: every end is told once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import CircuitBreaker, Flow
from operators.schedulers import executor, immediate
from reactive_streams import UNBOUNDED, Subscription
from tests.limits.deep import Opaque
from tests.operators.kit import eventually


class Boom(BaseException):
    pass


class World:
    """Counts what is opened, and notes what ends."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool
        self.opened = 0
        self.closed = 0
        self.ends: list[str] = []
        self.made = 0
        self.got = 0
        self.discarded = 0

    def numbers(self, n: int, bad: int | None = None) -> Flow[int]:
        def made() -> Iterator[int]:
            self.opened += 1
            try:
                for item in range(n):
                    if item == bad:
                        raise Boom
                    self.made += 1
                    yield item
            finally:
                self.closed += 1

        return Flow.defer(lambda: Flow.from_iterable(made()))

    def inner(self, _: object) -> Flow[int]:
        return self.numbers(3).on_finally(self.end("inner"))

    def end(self, name: str) -> Callable[[], None]:
        return lambda: self.ends.append(name)

    def take(self, _: object) -> None:
        self.got += 1

    def discard(self, _: object) -> None:
        self.discarded += 1


def at(most: int) -> Callable[[Any], Any]:
    left = iter(range(most))

    def fn(item: Any) -> Any:
        if next(left, None) is None:
            raise Boom
        return item

    return fn


def refused(item: int) -> int:
    if item == 2:
        raise ValueError(item)
    return item


async def answer(item: int) -> int:
    return item


Op = Callable[[World, Flow[int]], Flow[int]]
OPERATORS: dict[str, Op] = {
    "none": lambda world, flow: flow,
    "limit_rate": lambda world, flow: flow.limit_rate(3),
    "on_backpressure_buffer": lambda world, flow: flow.on_backpressure_buffer(50),
    "from_publisher": lambda world, flow: Flow.from_publisher(Opaque(flow)),
    "retry": lambda world, flow: flow.retry(2),
    "on_error_return": lambda world, flow: flow.on_error_return(9),
    "concat_map": lambda world, flow: flow.concat_map(world.inner),
    "flat_map": lambda world, flow: flow.flat_map(world.inner),
    "flat_map, pushed": lambda world, flow: flow.flat_map(lambda n: world.inner(n).limit_rate(2)),
    "concat": lambda world, flow: flow.concat(world.inner(0)),
    "merge": lambda world, flow: flow.merge(world.inner(0)),
    "zip": lambda world, flow: flow.zip(world.numbers(9)).map(max),
    "on_error_resume": lambda world, flow: flow.map(refused).on_error_resume(world.inner),
    "publish_on, here": lambda world, flow: flow.publish_on(immediate(), prefetch=4),
    "publish_on": lambda world, flow: flow.publish_on(executor(world.pool), prefetch=4),
    "subscribe_on": lambda world, flow: flow.subscribe_on(executor(world.pool)),
    "map_async": lambda world, flow: flow.map_async(answer, concurrency=2),
    "publish_on, concat_map": (
        lambda world, flow: flow.publish_on(executor(world.pool)).concat_map(world.inner)
    ),
    "retry, subscribe_on": lambda world, flow: flow.retry(2).subscribe_on(executor(world.pool)),
}
EACH_ITEM_ONCE = {
    "none", "limit_rate", "on_backpressure_buffer", "from_publisher", "retry", "on_error_return",
    "publish_on, here", "publish_on", "subscribe_on", "map_async",
}  # fmt: skip
HERE = set(OPERATORS) - {
    "publish_on", "subscribe_on", "map_async", "publish_on, concat_map", "retry, subscribe_on"
}  # fmt: skip

PLACES: dict[str, Callable[[World, Op], Flow[int]]] = {
    "the source": lambda world, op: op(world, _first(world, world.numbers(8, bad=1))),
    "above": lambda world, op: op(world, _first(world, world.numbers(8).map(at(1)))),
    "below": lambda world, op: op(world, _first(world, world.numbers(8))).map(at(1)),
    "the consumer": lambda world, op: op(world, _first(world, world.numbers(8))),
}


def _first(world: World, flow: Flow[int]) -> Flow[int]:
    return flow.on_finally(world.end("first"))


class Plain:
    """Somebody's Subscriber, which asks for so many at once."""

    def __init__(self, fn: Callable[[Any], Any], n: int) -> None:
        self._fn = fn
        self._n = n
        self.upstream: Subscription

    def on_subscribe(self, subscription: Subscription) -> None:
        self.upstream = subscription
        if self._n:
            subscription.request(self._n)

    def on_next(self, item: Any) -> None:
        self._fn(item)
        if self._n == 1:
            self.upstream.request(1)

    def on_error(self, error: Exception) -> None:
        pass

    def on_complete(self) -> None:
        pass


def by_for(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    for item in flow:
        fn(item)


def by_async_for(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async for item in flow:
            fn(item)

    asyncio.run(main())


def by_for_each(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    flow.for_each(fn).result(9)


def by_for_each_on_a_loop(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    async def main() -> None:
        await asyncio.wait_for(flow.for_each(fn), 9)

    asyncio.run(main())


def by_subscriber(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    flow.subscribe(Plain(fn, UNBOUNDED))


def by_one(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    flow.subscribe(Plain(fn, 1))


def later(flow: Flow[Any], fn: Callable[[Any], Any]) -> None:
    subscriber = Plain(fn, 0)
    flow.subscribe(subscriber)
    subscriber.upstream.request(99)


WAYS = [by_for, by_async_for, by_for_each, by_for_each_on_a_loop, by_subscriber, by_one, later]


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as pool:
        met = threading.Barrier(3)
        list(pool.map(lambda _: met.wait(9), range(3)))  # its threads are there before any test
        yield pool


@pytest.mark.may_leave(
    "asyncio error", reason="a callback raises what is no Exception: the loop says so"
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", OPERATORS)
def test_every_end_is_told_once(
    name: str, place: str, way: Callable[..., None], pool: ThreadPoolExecutor
) -> None:
    if name == "on_error_resume" and place in ("the source", "above"):
        place = "below"
    world = World(pool)
    flow = PLACES[place](world, OPERATORS[name]).on_finally(world.end("last"))
    flow = flow.on_discard(world.discard)
    fn = at(1) if place == "the consumer" else world.take
    raised: BaseException | None = None
    try:
        way(flow, fn)
    except (Boom, RuntimeError) as error:
        raised = error
    # Where it was raised on another thread, or on a loop, whoever waits is told of it; else it comes out.
    if isinstance(raised, RuntimeError):
        assert isinstance(raised.__cause__, Boom)
    elif name in HERE:
        assert isinstance(raised, Boom)
    eventually(lambda: world.closed == world.opened)
    eventually(lambda: sorted(end for end in world.ends if end != "inner") == ["first", "last"])
    if name in EACH_ITEM_ONCE and place != "the consumer":
        # 1: what it was raised for.
        eventually(lambda: world.made - world.got - world.discarded in (0, 1))


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_later_try_is_not_made(kind: type[BaseException]) -> None:
    tries: list[int] = []

    def bad(_: int) -> int:
        tries.append(1)
        raise kind

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await Flow.of(1).limit_rate(1).map(bad).retry(5).on_error_return(2).for_each(print)

    with pytest.raises((kind, RuntimeError)):
        asyncio.run(main())
    assert tries == [1]


def bad(*_: object) -> Any:
    raise Boom


AT_AN_END: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "retry, on": lambda flow: flow.retry(on=bad),
    "retry, on_retry": lambda flow: flow.retry(on_retry=bad),
    "retry later": lambda flow: flow.retry(backoff=0.001, on_retry=bad),
    "restart": lambda flow: flow.restart(0.001, on_restart=bad),
    "on_error_resume": lambda flow: flow.on_error_resume(bad),
    "on_error_map": lambda flow: flow.on_error_map(bad),
    "skip_errors": lambda flow: flow.skip_errors(bad),
    "circuit_breaker": lambda flow: flow.circuit_breaker(CircuitBreaker(1), fallback=bad),
    "tap": lambda flow: flow.tap(on_error=bad),
    "on_terminate": lambda flow: flow.on_terminate(bad),
    "repeat": lambda flow: flow.on_error_return(1).repeat(3, until=bad),
    "repeat later": lambda flow: flow.on_error_return(1).repeat(3, until=bad, pause=0.001),
}


@pytest.mark.may_leave(
    "asyncio error", reason="a callback raises what is no Exception: the loop says so"
)
@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize("name", AT_AN_END)
def test_what_is_raised_at_an_end_ends_who_waits(name: str, pushed: bool) -> None:
    flow = Flow.range(3)
    flow = flow.limit_rate(1) if pushed else flow
    flow = AT_AN_END[name](flow.map(refused))

    async def main() -> None:
        await asyncio.wait_for(flow.for_each(print), 9)

    with pytest.raises((Boom, RuntimeError)) as caught:
        asyncio.run(main())
    assert isinstance(caught.value, Boom) or isinstance(caught.value.__cause__, Boom)
