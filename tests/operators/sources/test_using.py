"""using: a flow of what is made of a resource, which is given back at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate
from tests.operators.kit import Handmade, eventually, notes, probe
from tests.operators.ways import CONSUMERS


class Resource:
    """A context manager of either kind, which takes note of what happens to it."""

    def __init__(self) -> None:
        self.log: list[str] = []

    @contextmanager
    def plain(self) -> Iterator[int]:
        self.log.append("entered")
        try:
            yield 3
        except BaseException as error:
            self.log.append(type(error).__name__)
            raise
        finally:
            self.log.append("left")

    @asynccontextmanager
    async def awaited(self) -> AsyncIterator[int]:
        with self.plain() as resource:
            yield resource


KINDS = pytest.mark.parametrize("kind", ["plain", "awaited"])
WAYS = pytest.mark.parametrize("way", CONSUMERS)


def fails_at_two(n: int) -> Flow[int]:
    return Flow.of(1, 0).map(lambda each: 1 // each)


@KINDS
@WAYS
def test_it_is_entered_for_each_run_and_left_at_its_end(kind: str, way: str):
    resource = Resource()
    flow = Flow.using(getattr(resource, kind), Flow.range)
    for _ in range(2):
        assert CONSUMERS[way](flow) == ([0, 1, 2], None)
    assert resource.log == ["entered", "left"] * 2


@KINDS
@WAYS
def test_it_is_left_with_the_error(kind: str, way: str):
    resource = Resource()
    got, error = CONSUMERS[way](Flow.using(getattr(resource, kind), fails_at_two))
    assert (got, type(error)) == ([1], ZeroDivisionError)
    assert resource.log == ["entered", "ZeroDivisionError", "left"]


@KINDS
@WAYS
def test_it_is_left_at_a_cancel(kind: str, way: str):
    resource = Resource()
    assert CONSUMERS[way](Flow.using(getattr(resource, kind), Flow.range).take(1)) == ([0], None)
    eventually(lambda: resource.log == ["entered", "GeneratorExit", "left"])


@KINDS
def test_it_is_entered_when_there_is_demand_and_left_before_the_end_is_told(kind: str):
    resource = Resource()
    flow = Flow.using(getattr(resource, kind), Flow.range)
    seen = probe(flow.tap(on_complete=lambda: resource.log.append("told")))
    assert resource.log == []
    seen.request(9).until_end()
    assert resource.log == ["entered", "left", "told"]


def _over(publisher: Handmade, _: int) -> Flow[int]:
    return Flow.from_publisher(publisher)


def test_over_a_publisher_it_is_left_with_its_end():
    for end in ("complete", "fail", "cancel"):
        resource, inner = Resource(), Handmade()
        seen = probe(Flow.using(resource.plain, partial(_over, inner)), 2)
        inner.emit(1)
        assert resource.log == ["entered"]
        if end == "complete":
            inner.complete()
        elif end == "fail":
            inner.fail(KeyError())
        else:
            seen.cancel()
            seen.cancel()
        assert (resource.log[0], resource.log[-1], resource.log.count("left")) == (
            "entered",
            "left",
            1,
        )


class Odd:
    """One that fails at the door."""

    def __init__(self, way: str) -> None:
        self._way = way

    def __enter__(self) -> int:
        if self._way == "in":
            raise OSError("no entry")
        return 1

    def __exit__(self, *_: object) -> bool:
        if self._way == "out":
            raise OSError("no exit")
        return True


@WAYS
def test_a_manager_that_fails(way: str):
    makes: list[Callable[[], Any]] = [
        lambda: Flow.using(lambda: Odd("in"), Flow.range),
        lambda: Flow.using(lambda: Odd("out"), Flow.range),
        lambda: Flow.using(lambda: Odd("out"), fails_at_two),
    ]
    for make in makes:
        got, error = CONSUMERS[way](make())
        assert isinstance(error, OSError)
        assert "in using, written at" in notes(error)
    got, error = CONSUMERS[way](Flow.using(lambda: Odd("never"), fails_at_two))
    assert (got, type(error)) == ([1], ZeroDivisionError)


@KINDS
@WAYS
def test_what_its_flow_holds_at_a_cancel_is_discarded(kind: str, way: str):
    made: list[str] = []
    left: list[str] = []
    flow = Flow.using(
        getattr(Resource(), kind),
        lambda n: Flow.of("a", "b", "c").tap(made.append).publish_on(immediate()).buffer(2),
    )
    assert CONSUMERS[way](flow.on_discard(left.append).take(1)) == ([["a", "b"]], None)
    eventually(lambda: ["a", "b", *left] == made)


@KINDS
def test_a_function_that_fails_leaves_it(kind: str):
    resource = Resource()
    with pytest.raises(ZeroDivisionError) as caught:
        Flow.using(getattr(resource, kind), lambda n: Flow.of(1 // 0)).run()
    assert resource.log == ["entered", "ZeroDivisionError", "left"]
    if kind == "plain":
        assert "in using, written at" in notes(caught.value)


def test_what_is_no_manager():
    make: Any = lambda: 3  # noqa: E731
    with pytest.raises(TypeError, match="using: factory must give a context manager, got 3"):
        Flow.using(make, Flow.range).run()
