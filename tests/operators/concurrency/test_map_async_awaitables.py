"""map_async takes any callable that gives an awaitable, known before the first call or seen at it."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.concurrency._call import gives_awaitables
from tests.operators.kit import eventually, notes, probe


async def tenfold(n: int) -> int:
    await asyncio.sleep(0)
    return n * 10


class Request:
    """As an HTTP client gives it: something to be awaited, that is no coroutine."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __await__(self) -> Generator[Any, None, int]:
        return tenfold(self._n).__await__()


class Session:
    def get(self, n: int) -> Request:
        return Request(n)

    def post(self, n: int) -> Any:
        return tenfold(n)


def logged(fn: Callable[[int], Any]) -> Callable[[int], Any]:
    @functools.wraps(fn)
    def wrapper(n: int) -> Any:
        return fn(n)

    return wrapper


def says_so(n: int) -> Awaitable[int]:
    return tenfold(n)


def a_coroutine(n: int) -> Coroutine[Any, Any, int]:
    return tenfold(n)


def untold(_: int, n: int) -> Any:
    return tenfold(n)


async def first_of(calls: Any) -> int:
    results = await calls
    return results[0]


CALLABLES: dict[str, Callable[[int], Any]] = {
    "a coroutine function": tenfold,
    "a lambda": lambda n: tenfold(n),
    "a decorated coroutine function": logged(tenfold),
    "a partial": functools.partial(untold, 0),
    "a class whose instances are awaited": Request,
    "a lambda over it": lambda n: Request(n),
    "a bound method": Session().get,
    "a bound method of no annotation": Session().post,
    "an annotation": says_so,
    "an annotation with parameters": a_coroutine,
    "a task": lambda n: asyncio.create_task(tenfold(n)),
    "a future": lambda n: asyncio.ensure_future(tenfold(n)),
    "a future of the running loop": lambda n: asyncio.get_running_loop().run_in_executor(
        None, lambda: n * 10
    ),
    "a timeout": lambda n: asyncio.wait_for(tenfold(n), 20),
    "several": lambda n: first_of(asyncio.gather(tenfold(n), tenfold(n))),
    "sometimes": lambda n: n * 10 if n % 2 else tenfold(n),
}
EXPECTED = [n * 10 for n in range(40)]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", CALLABLES)
def test_in_async_for(name: str, debug: bool, ordered: bool) -> None:
    async def main() -> list[int]:
        flow = Flow.range(40).map_async(CALLABLES[name], concurrency=4, ordered=ordered)
        return [n async for n in flow]

    assert sorted(asyncio.run(main(), debug=debug)) == EXPECTED


@pytest.mark.parametrize("name", CALLABLES)
def test_in_a_plain_loop(name: str) -> None:
    assert list(Flow.range(40).map_async(CALLABLES[name], concurrency=4)) == EXPECTED


@pytest.mark.parametrize("name", CALLABLES)
def test_pushed(name: str) -> None:
    flow = Flow.range(40).map_async(CALLABLES[name], concurrency=4)
    seen = probe(flow, 1, each=1).until_end()
    assert (seen.items, seen.error, seen.violations) == (EXPECTED, None, [])

    async def main() -> list[int]:
        got: list[int] = []
        await flow.for_each(got.append)
        return got

    assert asyncio.run(main()) == EXPECTED


def test_a_future_of_a_given_loop() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def on_the_executor(n: int) -> Any:
            return loop.run_in_executor(None, lambda: n * 10)

        flow = Flow.range(40).map_async(on_the_executor, concurrency=4)
        for _ in range(2):
            assert [n async for n in flow] == EXPECTED

    asyncio.run(main())


@pytest.mark.parametrize("name", ["a task", "several"])
def test_what_a_call_without_a_loop_has_made_is_no_coroutine_that_was_never_awaited(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    assert list(Flow.range(4).map_async(CALLABLES[name], concurrency=4)) == EXPECTED[:4]
    assert not recwarn.list


def test_once_an_awaitable_was_seen_the_calls_are_made_on_the_loop() -> None:
    where: list[str] = []

    def fetch(n: int) -> Any:
        where.append(threading.current_thread().name)
        return tenfold(n)

    async def main() -> None:
        flow = Flow.range(40).map_async(fetch, concurrency=2)
        assert [n async for n in flow] == EXPECTED
        assert set(where[4:]) == {"MainThread"}
        where.clear()
        assert [n async for n in flow] == EXPECTED
        assert set(where) == {"MainThread"}

    asyncio.run(main())
    eventually(lambda: not our_threads(), "the end of the threads")


def our_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]


def test_a_plain_function_blocks_threads_and_not_the_loop() -> None:
    together = threading.Barrier(4)

    async def main() -> None:
        def wait(n: int) -> int:
            together.wait(20)  # three calls, and the loop
            return n

        items = aiter(Flow.range(3).map_async(wait, concurrency=3))
        first = asyncio.ensure_future(anext(items))
        await asyncio.to_thread(together.wait, 20)
        assert await first == 0
        assert [n async for n in items] == [1, 2]

    asyncio.run(main())


def test_an_error_without_a_loop_is_not_always_for_the_want_of_one() -> None:
    calls: list[int] = []

    def fail(n: int) -> int:
        calls.append(n)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match=r"^no\n"):
        list(Flow.of(1).map_async(fail))
    assert calls == [1]


async def broken(n: int) -> int:
    raise KeyError(n)


class Broken:
    def __init__(self, n: int) -> None:
        raise KeyError(n)

    def __await__(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize("fn", [broken, lambda n: broken(n), Broken, lambda n: Broken(n)])
def test_what_they_raise_names_the_item(fn: Any) -> None:
    async def main() -> None:
        async for _ in Flow.of(7).map_async(fn):
            raise AssertionError

    for run in (lambda: asyncio.run(main()), lambda: list(Flow.of(7).map_async(fn))):
        with pytest.raises(KeyError) as caught:
            run()
        assert "in map_async, written at" in notes(caught.value)
        assert "item: 7" in notes(caught.value)


def test_an_executor_awaits_nothing_and_says_so() -> None:
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(TypeError, match="leave executor= out") as caught:
            list(Flow.of(7).map_async(lambda n: tenfold(n), executor=pool))
        assert "item: 7" in notes(caught.value)
        # Of the type that executor= has, it is the result.
        made = list(Flow.of(7).map_async(lambda n: Request(n), executor=pool))
        assert [type(it) for it in made] == [Request]
        for fn in (tenfold, Request, says_so):
            with pytest.raises(TypeError, match="not on executor="):
                Flow.of(7).map_async(fn, executor=pool)


def test_a_result_that_cannot_be_looked_at_is_an_error() -> None:
    shy = True

    class Shy:
        def __getattribute__(self, name: str) -> Any:
            if shy and name == "__class__":
                raise LookupError("not mine")
            return super().__getattribute__(name)

    try:
        with pytest.raises(LookupError) as caught:
            list(Flow.of(7).map_async(lambda _: Shy()))
    finally:
        shy = False
    assert "item: 7" in notes(caught.value)


def test_a_coroutine_out_of_a_coroutine_is_an_error() -> None:
    async def outer(n: int) -> Any:
        return tenfold(n)

    with pytest.raises(TypeError, match="await that in fn"):
        list(Flow.of(7).map_async(outer))


def test_what_can_be_told_without_a_call() -> None:
    class Service:
        async def __call__(self, n: int) -> int:
            return n

        def plain(self, n: int) -> int:
            return n

    assert gives_awaitables(Service())
    assert gives_awaitables(Service().__call__)
    assert gives_awaitables(functools.partial(untold, 0)) is False
    assert gives_awaitables(Service) is False, "a call of the class makes a service"
    assert gives_awaitables(Service().plain) is False
    assert gives_awaitables(str) is False
    assert gives_awaitables(print) is False
