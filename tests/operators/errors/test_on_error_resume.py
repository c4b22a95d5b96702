"""on_error_resume: another flow in place of an error."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, Pulled, line_of, notes, probe


def test_the_other_flow_takes_over_with_the_demand_that_is_left():
    lost = KeyError()
    first, second = Handmade(), Handmade()
    seen = probe(
        Flow.from_publisher(first).on_error_resume(
            lambda error: second if error is lost else Flow.empty()
        ),
        5,
    )
    first.emit(1, 2)
    first.fail(lost)

    assert second.requests == [3]
    second.emit(3)
    seen.request(2)
    assert second.requests == [3, 2]
    second.complete()
    assert seen.items == [1, 2, 3]
    assert seen.completed


def test_without_an_error_the_function_is_not_called():
    assert list(Flow.range(3).on_error_resume(lambda error: 1 / 0)) == [0, 1, 2]  # type: ignore[arg-type, return-value]


def test_the_error_of_the_second_passes():
    second = ValueError("second")
    flow: Flow[Any] = Flow.error(KeyError()).on_error_resume(lambda error: Flow.error(second))

    assert probe(flow).error is second


def once_more(n: int, error: Exception) -> Flow[int]:
    return Flow.of(n).concat(Flow.error(KeyError(n)))


def test_one_after_another():
    flow: Flow[Any] = Flow.error(KeyError(1))
    for n in range(9):
        flow = flow.on_error_resume(partial(once_more, n))
    seen = probe(flow, 1000)

    assert seen.items == list(range(9))
    assert seen.error.args == (8,)


def test_what_fn_raises_has_the_first_error_for_its_context():
    lost = KeyError("first")

    def broken(error: Exception) -> Flow[int]:
        raise OSError("second")

    seen = probe(Flow.error(lost).on_error_resume(broken))  # the place

    assert isinstance(seen.error, OSError)
    assert seen.error.__context__ is lost
    assert f"in on_error_resume, written at {line_of('# the place', __file__)}" in notes(seen.error)


@pytest.mark.parametrize("made", [5, None, [1]])
def test_what_is_no_flow_is_an_error(made: Any):
    seen = probe(Flow.error(KeyError()).on_error_resume(lambda error: made))

    assert isinstance(seen.error, TypeError)
    assert "on_error_resume: fn must give a Flow or a Publisher" in str(seen.error)


def test_a_cancel_reaches_whichever_runs():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).on_error_resume(lambda error: second))
    first.fail(KeyError())
    seen.cancel()

    assert (first.cancels, second.cancels) == (0, 1)


def test_a_cancel_inside_the_function_starts_nothing():
    first, second = Handmade(), Handmade()
    seen: Any = None

    def leave(error: Exception) -> Handmade:
        seen.cancel()
        return second

    seen = probe(Flow.from_publisher(first).on_error_resume(leave))
    first.fail(KeyError())
    assert second.subscriber is None or second.cancels == 1
    assert not seen.ended


def test_across_threads():
    lost = KeyError()
    flow = Flow.from_iterable(Pulled(range(100), lost)).publish_on(thread(), prefetch=3)
    resumed = flow.on_error_resume(
        lambda error: Flow.range(100, 200).publish_on(thread(), prefetch=3)
    )
    seen = probe(resumed, 1, each=1).until_end()

    assert seen.items == list(range(200))
    assert seen.completed
    assert seen.violations == []


@pytest.mark.parametrize("depth", [50, 500])
@pytest.mark.parametrize("demand", [1, 10**6])
def test_many_one_after_another(depth: int, demand: int):
    flow: Flow[Any] = Flow.error(KeyError(1))
    for n in range(depth):
        flow = flow.on_error_resume(partial(once_more, n))
    seen = probe(flow, demand, each=1)

    assert seen.items == list(range(depth))
    assert seen.error.args == (depth - 1,)


def test_many_that_are_resumed_at_once():
    flow: Flow[Any] = Flow.error(KeyError(1))
    for _ in range(500):
        flow = flow.on_error_resume(Flow.error)
    seen = probe(flow, 1)

    assert isinstance(seen.error, KeyError)


def test_one_that_gives_back_itself_for_ever_is_too_deep():
    def again(error: Exception) -> Flow[int]:
        return flow

    flow: Flow[int] = Flow.error(KeyError()).on_error_resume(again)
    seen = probe(flow, 1)

    assert isinstance(seen.error, RecursionError)


@pytest.mark.parametrize("depth", [50, 500])
def test_many_leave_the_stack_to_whoever_is_deep_in_it_already(depth: int):
    flow: Flow[Any] = Flow.error(KeyError(1))
    for n in range(depth):
        flow = flow.on_error_resume(partial(once_more, n))

    def deeper(frames: int) -> Any:
        return deeper(frames - 1) if frames else probe(flow, 10**6)

    seen = deeper(500)
    assert seen.items == list(range(depth))
    assert seen.error.args == (depth - 1,)


def test_an_async_for_closes_the_flow_that_took_over_however_it_is_left():
    for leave in ("by an error", "early"):
        taking = Pulled([1, 2, 3])

        async def go(taking: Pulled = taking, leave: str = leave) -> None:
            failing = Flow.of(1).concat_map(lambda n: Flow.of(1 // 0))
            flow = failing.on_error_resume(lambda error: Flow.from_iterable(taking))
            if leave == "early":
                async with aclosing(aiter(flow)) as items:
                    assert await anext(items) == 1
                return
            async for item in flow.map(lambda n: 1 // (n - 2)):
                assert item == -1

        with suppress(ZeroDivisionError):
            asyncio.run(go())
        assert (taking.opened, taking.closed) == (1, 1), leave
