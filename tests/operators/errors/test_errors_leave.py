"""What errors know of us is kept, wherever they go: copied, pickled, raised again, or asked for anew."""

from __future__ import annotations

import asyncio
import copy
import pickle
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from operators import BackpressureError, Flow, OneShotError, RuleViolation
from operators._kernel.failures.failure import annotate, user_frames
from reactive_streams import UNBOUNDED
from tck import RuleViolation as BrokenRule
from tck.driving.driver import Hung
from tests.operators.kit import Handmade, notes, probe

OURS: list[Exception] = [
    BackpressureError("full"),
    OneShotError("once"),
    RuleViolation("1.1", "too many"),
    BrokenRule("1.3", "two at once"),
    Hung("stack", 3),
]


@pytest.mark.parametrize("made", OURS, ids=repr)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_ours_are_copied_and_pickled(made: Exception, again: Callable[[Any], Any]):
    made.add_note("in map, written at here:1")
    back = again(made)

    assert type(back) is type(made)
    assert (str(back), repr(back), vars(back)) == (str(made), repr(made), vars(made))


def flood(n: int) -> Any:
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher))
    publisher.emit(n)
    raise seen.error


def test_a_violation_comes_out_of_a_process():
    with ProcessPoolExecutor(1) as pool:
        seen = probe(Flow.of(1).map_async(flood, executor=pool), 1).until_end()

    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.1"


class DownError(Exception):
    pass


def rows() -> Iterator[int]:
    yield 1
    raise DownError


async def arows() -> AsyncIterator[int]:
    yield 1
    raise DownError


RETRIES: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "retry": lambda f: f.retry(UNBOUNDED),
    "retry a few times": lambda f: f.retry(3),
    "retry twice over": lambda f: f.retry(2).retry(2),
    "resumed by itself": lambda f: f.on_error_resume(lambda _: f),
    "retry, a hop away": lambda f: f.limit_rate(4).retry(UNBOUNDED),
}
ONE_SHOT: dict[str, Callable[[], Flow[Any]]] = {
    "a generator": lambda: Flow.from_iterable(rows()),
    "an async generator": lambda: Flow.from_async_iterable(arows()),
    "mapped": lambda: Flow.from_iterable(rows()).map(str),
}


@pytest.mark.parametrize("make", ONE_SHOT.values(), ids=ONE_SHOT)
@pytest.mark.parametrize("build", RETRIES.values(), ids=RETRIES)
@pytest.mark.parametrize("how", ["for", "async for", "pushed"])
def test_a_one_shot_source_that_is_tried_again_tells_why(make: Any, build: Any, how: str):
    flow = build(make())

    async def run() -> None:
        async for _ in flow:
            pass

    if how == "pushed":
        error = probe(flow, UNBOUNDED).until_end().error
    else:
        with pytest.raises(RuntimeError) as caught:
            list(flow) if how == "for" else asyncio.run(run())
        error = caught.value
    assert isinstance(error, OneShotError)
    assert "one-shot" in str(error)
    assert isinstance(error.__cause__, DownError)


def test_a_second_subscriber_has_no_earlier_error_to_be_told():
    flow = Flow.from_iterable(iter([1]))
    assert list(flow) == [1]
    with pytest.raises(OneShotError) as caught:
        list(flow)
    assert caught.value.__cause__ is None


def again_and_again(times: int) -> DownError:
    """One error object, raised and annotated so many times, with another item each time."""
    down = DownError()
    node = Flow.range(1).map(str).node
    for n in range(times):
        try:
            raise down
        except DownError as error:
            annotate(error, node, n)
    return down


def length(error: Exception) -> int:
    traceback, frames = error.__traceback__, 0
    while traceback is not None:
        traceback, frames = traceback.tb_next, frames + 1
    return frames


def test_one_error_raised_again_and_again_does_not_grow():
    down = again_and_again(1_000)

    assert notes(down).count("in map, written at") == 1
    assert "item: 999" in notes(down)
    assert length(down) <= 101


def test_one_error_of_many_places_keeps_a_few_notes():
    down = DownError()
    for _ in range(20):
        annotate(down, Flow.range(1).map(str).named(f"map {_}").node)
    assert len(down.__notes__) == 8


def deep(n: int) -> None:
    if n:
        deep(n - 1)
    raise DownError


def test_a_deep_traceback_keeps_both_its_ends():
    with pytest.raises(DownError) as caught:
        deep(300)
    cut = user_frames(caught.value.__traceback__)
    assert cut is not None
    assert cut.tb_frame is sys._getframe()
    assert length(DownError().with_traceback(cut)) == 100
    while cut.tb_next is not None:
        cut = cut.tb_next
    assert cut.tb_frame.f_locals["n"] == 0


def test_a_retry_of_one_error_takes_no_longer_each_time():
    """Counted in frames that are looked at, not in time."""
    down, tries = DownError(), 0

    def attempt() -> Flow[str]:
        nonlocal tries
        tries += 1
        if tries < 2_000:
            raise down
        return Flow.of("up")

    assert list(Flow.defer(attempt).retry(UNBOUNDED)) == ["up"]
    assert length(down) <= 110
    assert notes(down).count("in defer") == 1
