"""map_async: the context variables of its calls, and loops over it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import probe

# Context variables --------------------------------------------------------------------------------

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


async def who(n: int) -> tuple[str, int]:
    before = WHO.get()
    WHO.set(f"call {n}")  # seen by no other call
    await asyncio.sleep(0)
    return before, n


def plain_who(n: int) -> tuple[str, int]:
    before = WHO.get()
    WHO.set(f"call {n}")
    return before, n


WHO_ARE_CALLED: dict[str, Any] = {
    "coroutine": lambda flow: flow.map_async(who, concurrency=2),
    "lambda": lambda flow: flow.map_async(lambda n: who(n), concurrency=2),
    "threads": lambda flow: flow.map_async(plain_who, concurrency=2),
}


@pytest.mark.parametrize("name", WHO_ARE_CALLED)
def test_each_call_has_a_context_of_its_own_with_the_variables_of_the_subscriber(name: str) -> None:
    flow = WHO_ARE_CALLED[name](Flow.range(9))
    expected = [("me", n) for n in range(9)]

    def subscribe() -> None:
        WHO.set("me")
        assert list(flow) == expected
        seen = probe(flow, UNBOUNDED)
        WHO.set("somebody else, later")
        assert seen.until_end().items == expected

    async def main() -> None:
        WHO.set("me")
        assert [each async for each in flow] == expected
        got: list[Any] = []
        handle = flow.for_each(got.append)
        WHO.set("somebody else, later")
        await handle
        assert got == expected
        assert WHO.get() == "somebody else, later"

    contextvars.copy_context().run(subscribe)
    asyncio.run(main())


@pytest.mark.parametrize("name", WHO_ARE_CALLED)
def test_what_comes_after_the_calls_sees_the_variables_too(name: str) -> None:
    def subscribe() -> None:
        WHO.set("me")
        seen = probe(WHO_ARE_CALLED[name](Flow.range(9)).map(lambda _: WHO.get()), UNBOUNDED)
        assert seen.until_end().items == ["me"] * 9

    contextvars.copy_context().run(subscribe)


# Loops --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("concurrency", [1, 2, 16])
def test_a_loop_makes_no_more_calls_than_it_has_taken_and_its_concurrency(
    concurrency: int, ordered: bool
) -> None:
    calls: list[int] = []

    async def ask(n: int) -> int:
        calls.append(n)
        return n

    async def main() -> None:
        flow = Flow.range(1000).map_async(ask, concurrency=concurrency, ordered=ordered)
        async with contextlib.aclosing(aiter(flow)) as items:
            taken = 0
            async for _ in items:
                taken += 1
                await asyncio.sleep(0)
                assert len(calls) <= taken + concurrency
                if taken == 40:
                    break

    asyncio.run(main())
    assert len(calls) <= 40 + concurrency
    calls.clear()
    for _ in Flow.range(1000).map_async(ask, concurrency=concurrency, ordered=ordered):
        break
    assert len(calls) <= 1 + concurrency


class Tidy:
    """Calls of which all but the first wait until they are cancelled, and then take their time."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cleaned: list[int] = []

    async def __call__(self, n: int) -> int:
        if n == 0:
            await asyncio.sleep(0)
            return n
        self.begun.append(n)
        try:
            await asyncio.sleep(3600)
        finally:
            for _ in range(9):
                await asyncio.sleep(0)
            self.cleaned.append(n)
        return n


async def left_by_closing(flow: Flow[int]) -> None:
    async with contextlib.aclosing(aiter(flow)) as items:
        async for _ in items:
            break


async def ended_by_take(flow: Flow[int]) -> None:
    assert await flow.take(1) == 0


async def ended_by_an_error(flow: Flow[int]) -> None:
    with pytest.raises(ZeroDivisionError):
        await flow.map(lambda n: 1 // n)


async def cancelled(flow: Flow[int]) -> None:
    async def run() -> None:
        async for _ in flow:
            pass

    task = asyncio.ensure_future(run())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("fn", ["coroutine", "lambda"])
@pytest.mark.parametrize(
    "leave",
    [left_by_closing, ended_by_take, ended_by_an_error, cancelled],
    ids=lambda it: it.__name__,
)
def test_whoever_leaves_a_loop_waits_for_the_cleanup_of_the_calls(leave: Any, fn: str) -> None:
    async def main() -> None:
        calls = Tidy()
        call: Any = calls if fn == "coroutine" else lambda n: calls(n)
        await leave(Flow.range(99).map_async(call, concurrency=4))
        assert len(asyncio.all_tasks()) == 1
        assert calls.cleaned == calls.begun
        assert calls.begun or fn == "lambda"

    asyncio.run(main())


def test_a_plain_loop_waits_for_the_cleanup_of_the_calls_too() -> None:
    calls = Tidy()
    for _ in Flow.range(99).map_async(calls, concurrency=4):
        break
    assert calls.cleaned == calls.begun
