"""Sources whose cleanup raises, that were begun by somebody else, or that never give anything."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import DEADLINE, Probe, eventually, probe


def untidy() -> Iterator[int]:
    try:
        yield from range(9)
    finally:
        raise OSError("cleanup")


async def auntidy() -> Any:
    try:
        for n in range(9):
            yield n
    finally:
        raise OSError("cleanup")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Flow.from_iterable(untidy()),
        lambda: Flow.from_publisher(Flow.from_iterable(untidy())),
        lambda: Flow.of(1).flat_map_iterable(lambda _: untidy()),
        lambda: Flow.from_publisher(Flow.of(1)).flat_map_iterable(lambda _: untidy()),
        lambda: Flow.from_async_iterable(auntidy()),
    ],
)
class TestACleanupThatRaises:
    def test_is_not_the_end_of_the_stream(self, build: Any, dropped: Any):
        seen = probe(build().take_while(lambda n: n < 2), 5).until_end()
        assert (seen.items, seen.completed) == ([0, 1], True)
        eventually(lambda: dropped.errors)
        dropped.take(OSError)

    def test_does_not_hide_the_error(self, build: Any, dropped: Any):
        seen = probe(build().map(lambda n: 1 // n), 5).until_end()
        assert isinstance(seen.error, ZeroDivisionError)
        eventually(lambda: dropped.errors)
        dropped.take(OSError)

    def test_does_not_reach_a_loop(self, build: Any, dropped: Any):
        assert list(build().take_while(lambda n: n < 2)) == [0, 1]
        eventually(lambda: dropped.errors)
        dropped.take(OSError)


def test_a_generator_that_somebody_began_is_closed_by_a_cancel_before_the_first_item():
    closed: list[bool] = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(3)
        finally:
            closed.append(True)

    begun = numbers()
    next(begun)
    probe(Flow.from_iterable(begun)).cancel()
    assert closed


def test_a_set_that_changes_fails_with_its_place_in_an_inner_flow():
    numbers = {1, 2, 3}
    flow = (
        Flow.of(1).concat_map(lambda _: Flow.from_iterable(numbers)).tap(lambda _: numbers.add(9))
    )
    with pytest.raises(RuntimeError, match="changed size") as raised:
        list(flow)
    assert "in from_iterable, written at" in raised.value.__notes__[0]


def nothing_passes(begun: threading.Event) -> Any:
    def predicate(_: Any) -> bool:
        begun.set()
        return False

    return predicate


@pytest.mark.parametrize(
    "build",
    [
        lambda p: Flow.from_iterable(itertools.count()).filter(p),
        lambda p: Flow.from_iterable(itertools.count()).skip_while(lambda n: not p(n)),
        lambda p: Flow.from_iterable(itertools.count()).flat_map_iterable(
            lambda n: () if not p(n) else (n,)
        ),
        lambda p: Flow.of(1).flat_map_iterable(lambda _: itertools.count()).filter(p),
        lambda p: Flow.of(1).flat_map(lambda _: Flow.from_iterable(itertools.count()).filter(p)),
        lambda p: Flow.from_iterable(itertools.count()).map(lambda n: n).buffer(1).filter(p),
    ],
)
def test_an_endless_source_that_lets_nothing_pass_ends_at_a_cancel(build: Any):
    begun = threading.Event()
    handle = build(nothing_passes(begun)).subscribe_on(thread()).for_each(print)
    assert begun.wait(DEADLINE)
    handle.cancel()  # the fixture of the suite sees the thread end


def test_and_at_a_bad_request():
    begun = threading.Event()
    flow = Flow.from_iterable(itertools.count()).filter(nothing_passes(begun))
    seen = Probe(1)
    runner = threading.Thread(target=flow.subscribe, args=(seen,))
    runner.start()
    assert begun.wait(DEADLINE)
    seen.request(0)
    assert isinstance(seen.until_end().error, ValueError)
    runner.join(DEADLINE)


@pytest.mark.parametrize("build", [lambda flow: flow, lambda flow: flow.map(str)])
def test_a_defer_that_gives_itself_says_so(build: Any):
    flow: Any = Flow.defer(lambda: build(flow))
    with pytest.raises(RecursionError, match="defer"):
        list(flow)
