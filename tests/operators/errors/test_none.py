"""None is not an element (§2.13): whoever made it is told of, wherever it is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, line_of, notes, probe

FOUND = {1: "one", 3: "three"}

# What may come after the operator that makes a None.
AFTER: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "nothing": lambda f: f,
    "publish_on": lambda f: f.publish_on(thread("hop")),
    "publish_on, here": lambda f: f.publish_on(immediate()),
    "subscribe_on": lambda f: f.subscribe_on(thread("hop")),
    "retry": lambda f: f.retry(0),
    "retry behind a hop": lambda f: f.publish_on(immediate()).retry(0),
    "flat_map": lambda f: f.flat_map(Flow.of),
    "concat_map": lambda f: f.concat_map(Flow.of),
    "buffer": lambda f: f.buffer(2),
    "buffer behind a hop": lambda f: f.publish_on(immediate()).buffer(2),
    "zip": lambda f: f.zip(Flow.range(9)),
    "zip, the other": lambda f: Flow.range(9).zip(f),
    "merge": lambda f: f.merge(Flow.empty()),
    "concat": lambda f: f.concat(Flow.of("last")),
    "limit_rate": lambda f: f.limit_rate(2),
    "on_backpressure_buffer": lambda f: f.on_backpressure_buffer(9),
    "on_error_resume of another kind": lambda f: f.on_error_resume(Flow.error),
    "tap": lambda f: f.tap(on_complete=lambda: None),
    "on_finally": lambda f: f.on_finally(lambda: None),
    "on_discard": lambda f: f.on_discard(lambda _: None),
    "filter": lambda f: f.filter(lambda _: True),
    "an inner flow": lambda f: Flow.of(1).flat_map(lambda _: f),
    "an inner flow, one at a time": lambda f: Flow.of(1).concat_map(lambda _: f),
    "another publisher": lambda f: Flow.from_publisher(f),
    "a flow that takes over": lambda f: Flow.error(KeyError()).on_error_resume(lambda _: f),
    "a flow that is deferred": lambda f: Flow.defer(lambda: f),
}
EVERY = pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)


def sources() -> list[Flow[int]]:
    return [Flow.range(1, 4), Flow.from_publisher(Handmade([1, 2, 3]))]


@EVERY
@pytest.mark.parametrize("how", ["for", "async for", "Subscriber", "for_each"])
def test_the_operator_that_made_it_is_blamed(after: Any, how: str):
    for source in sources():
        flow = after(source.map(FOUND.get))  # the culprit

        async def run(flow: Flow[Any] = flow) -> None:
            async for _ in flow:
                pass

        ways: dict[str, Callable[[], object]] = {
            "for": lambda flow=flow: list(flow),  # type: ignore[misc]
            "async for": lambda run=run: asyncio.run(run()),  # type: ignore[misc]
            "for_each": lambda flow=flow: flow.for_each(lambda _: None).result(20),  # type: ignore[misc]
        }
        if how == "Subscriber":
            error = probe(flow, UNBOUNDED).until_end().error
        else:
            with pytest.raises(TypeError) as caught:
                ways[how]()
            error = caught.value
        assert isinstance(error, TypeError)
        told = (
            f"None is not an element (§2.13): map, written at {line_of('# the culprit', __file__)}"
        )
        assert told in str(error)
        assert "map_not_none" in str(error)


@EVERY
def test_on_error_return_can_deal_with_it(after: Any):
    for source in sources():
        flow = after(source.map(FOUND.get)).on_error_return("none")
        assert list(flow)[-1] == "none"
    for source in sources():
        flow = after(source.map(FOUND.get)).on_error_return("none")
        assert probe(flow, UNBOUNDED).until_end().items[-1] == "none"


def test_one_of_a_source_is_dealt_with_too():
    items: list[Any] = [1, None, 2]
    assert list(Flow.from_iterable(items).on_error_return("none")) == [1, "none"]
    with pytest.raises(TypeError, match="from_iterable, written at"):
        list(Flow.from_iterable(items).publish_on(immediate()))


def test_inside_of_a_run_of_steps_it_may_pass():
    for source in sources():
        assert list(source.map(FOUND.get).filter(lambda it: it is not None)) == ["one", "three"]
    for source in sources():
        pairs = source.map(FOUND.get).enumerate().filter(lambda pair: pair[1] is not None)
        assert list(pairs) == [(0, "one"), (2, "three")]
    for source in sources():
        flow = source.map(FOUND.get).publish_on(immediate()).map(lambda it: it or "nothing")
        assert list(flow) == ["one", "nothing", "three"]


def test_it_is_noted_once():
    with pytest.raises(TypeError) as caught:
        list(Flow.range(3).map(FOUND.get).retry(0).buffer(2))
    assert notes(caught.value).count("written at") <= 1


def _numbers_and_none() -> Flow[Any]:
    return Flow.from_iterable([1, None])


TAKING_OVER: dict[str, Callable[[], Flow[Any]]] = {
    "on_error_resume": lambda: Flow.error(ValueError()).on_error_resume(
        lambda _: _numbers_and_none()
    ),
    "on_error_resume of another": lambda: Flow.error(ValueError()).on_error_resume(
        lambda _: Flow.error(ValueError()).on_error_resume(lambda _: _numbers_and_none())
    ),
    "retry": lambda: Flow.defer(_numbers_and_none).retry(2),
}


@pytest.mark.parametrize("run", [list, lambda flow: flow.for_each(lambda _: None).result(9)])
@pytest.mark.parametrize("name", TAKING_OVER)
def test_a_none_of_what_takes_over_is_blamed_on_its_source(name: str, run: Any) -> None:
    with pytest.raises(TypeError, match=r"from_iterable, written at .*test_none.py.* gave None"):
        run(TAKING_OVER[name]())


def _generated(*items: Any) -> Any:
    yield from items


async def _awaited(*items: Any) -> Any:
    for item in items:
        yield item


INNER: dict[str, tuple[str, Callable[[int], Flow[Any]]]] = {
    "a list": ("from_iterable", lambda n: Flow.from_iterable([n, None])),
    "a list, filtered": ("from_iterable", lambda n: Flow.from_iterable([n, None]).filter(_any)),
    "a generator": ("from_iterable", lambda n: Flow.from_iterable(_generated(n, None))),
    "an async generator": (
        "from_async_iterable",
        lambda n: Flow.from_async_iterable(_awaited(n, None)),
    ),
    "map": ("map", lambda n: Flow.range(2).map({0: n}.get)),
}
OPENING: dict[str, Callable[[Flow[int], Callable[[int], Flow[Any]]], Flow[Any]]] = {
    "flat_map": lambda f, made: f.flat_map(made),
    "concat_map": lambda f, made: f.concat_map(made),
    "concat_map_eager": lambda f, made: f.concat_map_eager(made),
    "merge": lambda f, made: made(1).merge(f),
    "concat": lambda f, made: f.concat(made(1)),
}


def _any(item: object) -> bool:
    return True


async def _awaiting(flow: Flow[Any]) -> None:
    async for _ in flow:
        pass


RUNS: list[Callable[[Flow[Any]], object]] = [
    list,
    lambda flow: asyncio.run(_awaiting(flow)),
    lambda flow: flow.for_each(lambda _: None).result(30),
]


@pytest.mark.parametrize("hop", [False, True])
@pytest.mark.parametrize("opening", OPENING)
@pytest.mark.parametrize("inner", INNER)
def test_a_none_of_an_inner_flow_is_blamed_on_its_source(
    inner: str, opening: str, hop: bool
) -> None:
    name, made = INNER[inner]
    for run in RUNS:
        outer = Flow.range(1, 3).publish_on(immediate()) if hop else Flow.range(1, 3)
        with pytest.raises(TypeError, match=rf"§2.13\): {name}, written at .*test_none.py"):
            run(OPENING[opening](outer, made))
