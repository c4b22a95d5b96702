"""What is pulled through joins: pauses that stay inside, ends that are told, nothing pulled in vain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade


def slow() -> Flow[int]:
    """Four items, each of which takes longer than an event loop is kept waiting."""

    def items() -> Iterator[int]:
        for n in range(4):
            time.sleep(0.006)
            yield n

    return Flow.defer(lambda: Flow.from_iterable(items()))


def add(total: int, n: int) -> int:
    return total + n


async def collected(flow: Flow[Any]) -> list[Any]:
    return [item async for item in flow]


PAUSING: dict[str, tuple[Callable[[], Flow[Any]], list[Any]]] = {
    "reduce": (lambda: slow().reduce(add), [6]),
    "reduce, map": (lambda: slow().reduce(add).map(str), ["6"]),
    "buffer, zip": (lambda: slow().buffer(3).zip(Flow.range(9)), [([0, 1, 2], 0), ([3], 1)]),
    "pairwise, zip": (lambda: slow().pairwise().skip(2).zip(Flow.range(9)), [((2, 3), 0)]),
    "reduce, concat": (lambda: slow().reduce(add).concat(Flow.of(9)), [6, 9]),
    "reduce in concat_map": (lambda: Flow.of(1, 2).concat_map(lambda _: slow().reduce(add)), [6, 6]),
    "reduce in flat_map": (lambda: Flow.of(1, 2).flat_map(lambda _: slow().reduce(add)), [6, 6]),
    "reduce in merge": (lambda: slow().reduce(add).merge(slow().reduce(add)), [6, 6]),
    "reduce, retry": (lambda: slow().reduce(add).retry(1), [6]),
}  # fmt: skip


@pytest.mark.parametrize("name", PAUSING)
def test_a_pause_stays_inside(name: str) -> None:
    build, expected = PAUSING[name]
    assert asyncio.run(collected(build())) == expected
    assert list(build()) == expected


def in_a_loop(flow: Flow[Any]) -> None:
    for _ in flow:
        pass


def in_a_task(flow: Flow[Any]) -> None:
    asyncio.run(collected(flow))


def pushed(flow: Flow[Any]) -> None:
    flow.for_each(lambda _: None).result()


def _broken(_: int) -> int:
    raise OSError


FAILING: dict[str, Callable[[Callable[[], None]], Flow[Any]]] = {
    "the second of two": lambda fn: Flow.of(1).concat(Flow.error(OSError()).on_finally(fn)),
    "the first of two": lambda fn: Flow.error(OSError()).on_finally(fn).concat(Flow.of(1)),
    "a function": lambda fn: Flow.of(0).map(_broken).on_finally(fn).concat(Flow.of(1)),
    "in a zip": lambda fn: Flow.of(1).zip(Flow.error(OSError()).on_finally(fn)),
}  # fmt: skip


@pytest.mark.parametrize("run", [in_a_loop, in_a_task, pushed])
@pytest.mark.parametrize("name", FAILING)
def test_what_is_to_be_done_at_the_end_of_one_of_several_flows_is_done_once(
    name: str, run: Callable[[Flow[Any]], None]
) -> None:
    done: list[int] = []
    with pytest.raises(OSError):
        run(FAILING[name](lambda: done.append(1)))
    assert done == [1]


def test_each_try_of_several_flows_has_an_end() -> None:
    done: list[int] = []
    flow = Flow.of(1).concat(Flow.error(OSError()).on_finally(lambda: done.append(1)))
    with pytest.raises(OSError):
        list(flow.retry(1))
    assert done == [1, 1]


def test_the_error_of_a_flow_is_not_lost_behind_an_empty_one() -> None:
    with pytest.raises(OSError):
        list(Flow.of(1).zip(Flow.error(OSError()), Flow.empty()))


@pytest.mark.parametrize("n", [1, 2])
def test_nothing_is_pulled_for_a_tuple_that_cannot_come(n: int) -> None:
    pulled: list[int] = []
    counted = Flow.range(9).tap(pulled.append)
    assert len(list(counted.zip(Flow.range(5).take(n)))) == n
    assert pulled == list(range(n))


def test_who_waits_on_a_loop_hears_of_what_is_no_exception() -> None:
    class Abort(BaseException):
        pass

    def abort(_: int) -> int:
        raise Abort

    async def main() -> None:
        loop = asyncio.get_running_loop()
        seen: list[Any] = []
        loop.set_exception_handler(lambda _, context: seen.append(context["exception"]))
        with pytest.raises(RuntimeError, match="Abort"):
            await asyncio.wait_for(Flow.of(1).map(abort).for_each(print), 20)
        assert [type(error) for error in seen] == [Abort]

    asyncio.run(main())


SEQUENTIAL: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "concat_map": lambda flow: flow.concat_map(lambda n: Flow.of(n, n)),
    "flat_map_iterable": lambda flow: flow.flat_map_iterable(lambda n: [n, n]),
    "map, concat_map": lambda flow: flow.map(abs).concat_map(lambda n: Flow.of(n, n)),
}
INSIDE: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "merge": lambda flow: flow.merge(Flow.of(9)),
    "flat_map": lambda flow: Flow.of(1).flat_map(lambda _: flow),
    "zip": lambda flow: flow.zip(Flow.range(9)),
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("operator", SEQUENTIAL)
def test_what_takes_one_at_a_time_asks_for_one_inside_of_a_join_too(operator: str, inside: str):
    publisher = Handmade([1, 2, 3])
    flow = INSIDE[inside](SEQUENTIAL[operator](Flow.from_publisher(publisher)))
    assert asyncio.run(collected(flow))
    assert set(publisher.requests) == {1}
