"""skip_errors: an item that fails is left out, and goes elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import DeadLetter, Flow
from tests.operators.kit import Handmade, eventually, line_of, notes, probe
from tests.operators.ways import everywhere, fails


def odd(n: int) -> int:
    if n % 2 == 0:
        raise ValueError(f"{n} is even")
    return n


async def aodd(n: int) -> int:
    await asyncio.sleep(0)
    return odd(n)


def twice(n: int) -> Iterator[int]:
    yield n
    yield odd(n)


def look(n: int) -> None:
    odd(n)


# Each with what comes of 1, 2, 3, 4.
OPERATORS: dict[str, tuple[Callable[[Flow[int]], Flow[Any]], list[Any]]] = {
    "map": (lambda f: f.map(odd), [1, 3]),
    "map_not_none": (lambda f: f.map_not_none(odd), [1, 3]),
    "starmap": (lambda f: f.map(lambda n: (n,)).starmap(odd), [1, 3]),
    "filter": (lambda f: f.filter(odd), [1, 3]),
    "cast": (lambda f: f.map(lambda n: n if n % 2 else str(n)).cast(int), [1, 3]),
    "of_type": (lambda f: f.map(odd).of_type(int), [1, 3]),
    "tap": (lambda f: f.tap(look), [1, 3]),
    "flat_map_iterable": (lambda f: f.flat_map_iterable(twice), [1, 1, 2, 3, 3, 4]),
    "flat_map_iterable of no iterable": (lambda f: f.flat_map_iterable(odd), []),  # type: ignore[arg-type]
    "flat_map": (lambda f: f.flat_map(lambda n: Flow.of(odd(n))), [1, 3]),
    "flat_map of flows that fail": (lambda f: f.flat_map(lambda n: Flow.of(n).map(odd)), [1, 3]),
    "concat_map": (
        lambda f: f.concat_map(lambda n: Flow.from_iterable(twice(n))),
        [1, 1, 2, 3, 3, 4],
    ),
    "map_async": (lambda f: f.map_async(aodd), [1, 3]),
    "map_async by key": (lambda f: f.map_async(aodd, key=lambda n: n % 2), [1, 3]),
    "map_async by key, of what has failed": (
        lambda f: f.map(odd).map_async(aodd, key=lambda n: n % 2),
        [1, 3],
    ),
    "map_async of a plain function": (lambda f: f.map_async(odd), [1, 3]),
    "map_async of a lambda": (lambda f: f.map_async(lambda n: aodd(n)), [1, 3]),
    "two": (lambda f: f.map(odd).map_async(aodd).filter(lambda n: n != 3 or 1 // 0), [1]),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_item_that_fails_is_left_out_and_goes_to_the_letters(name: str):
    build, expected = OPERATORS[name]
    dead: list[DeadLetter] = []
    for where, got, error in everywhere(lambda f: build(f).skip_errors(dead.append), [1, 2, 3, 4]):
        assert (got, error) == (expected, None), where
        failed = {letter.item for letter in dead}
        assert all(isinstance(letter.error, Exception) for letter in dead)
        assert len(dead) == (4 if name.endswith("no iterable") else 3 if name == "two" else 2), (
            where
        )
        assert failed >= {2, 4} or {"2", "4"} == failed or failed == {(2,), (4,)}, where
        dead.clear()


def test_the_error_tells_which_operator_and_which_item():
    dead: list[DeadLetter] = []
    flow = Flow.of(1, 2)
    flow = flow.map(odd)  # first
    flow = flow.map_async(lambda n: aodd(n + 1))  # second
    assert list(flow.skip_errors(dead.append)) == []
    (one, another) = sorted(dead, key=lambda letter: letter.item)
    assert (one.item, another.item) == (1, 2)
    assert f"in map_async, written at {line_of('# second', __file__)}" in notes(one.error)
    assert f"in map, written at {line_of('# first', __file__)}" in notes(another.error)
    assert "item: 2" in notes(another.error)


def test_what_is_further_up_still_ends_the_flow():
    lost = KeyError("lost")
    fails(lambda f: f.map(odd).skip_errors(list), [1, 2, 3], KeyError, [1, 3], lost)
    fails(lambda f: f.map(odd).skip(0).map(odd).skip_errors(list), [1, 2, 3], ValueError, [1])


def test_what_is_further_down_still_ends_the_flow():
    fails(
        lambda f: f.map(odd).skip_errors(list).map(lambda n: 1 // (n - 3)),
        [1, 3],
        ZeroDivisionError,
        [-1],
    )


def test_another_item_is_asked_for_in_place_of_one_that_fails():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).map(odd).skip_errors(list), 1)
    publisher.emit(2, 4, 5)
    assert (publisher.requests, seen.items) == ([1, 1, 1], [5])


def test_a_function_for_letters_that_fails():
    error = fails(
        lambda f: f.map(odd).skip_errors(lambda letter: 1 // 0), [1, 2], ZeroDivisionError, [1]
    )
    assert "in skip_errors, written at" in notes(error)


def test_a_function_that_gives_something_to_be_awaited_is_no_single_items_failure():
    with pytest.raises(TypeError, match="nothing here would do so"):
        list(Flow.of(1).map(lambda n: aodd(n)).skip_errors(list))


def test_on_pools():
    for pool in (ThreadPoolExecutor(1), ProcessPoolExecutor(1)):
        with pool:
            dead: list[DeadLetter] = []
            flow = Flow.of(1, 2, 3).map_async(odd, executor=pool).skip_errors(dead.append)
            assert list(flow) == [1, 3]
            assert [letter.item for letter in dead] == [2]


def test_it_stands_behind_what_works_item_by_item():
    for flow in (
        Flow.of(1),
        Flow.of(1).scan(max),
        Flow.of(1).merge(Flow.of(2)),
        Flow.of(1).concat(),
    ):
        with pytest.raises(
            TypeError, match=r"skip_errors: stands behind .*; put it right behind map"
        ):
            flow.skip_errors(list)


def test_names_stay():
    titles = [stage.title for stage in Flow.of(1).map(odd).named("parse").filter(odd).skip_errors(list)
              .describe().stages]  # fmt: skip
    assert titles == ["of", "map 'parse'", "filter", "skip_errors"]


class Here(Executor):
    """An executor that makes each call at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        made: Future[Any] = Future()
        made.set_result(fn(*args, **kwargs))
        return made


def test_what_waits_to_be_left_out_is_discarded_as_the_item_that_it_was():
    publisher = Handmade()
    left: list[Any] = []
    letters: list[DeadLetter] = []
    flow = Flow.from_publisher(publisher).map_async(odd, concurrency=3, executor=Here())
    # Pushed and fused with others, too: what stands between it and on_discard makes no difference.
    seen = probe(flow.skip_errors(letters.append).map(str).on_discard(left.append), 1)
    publisher.emit(1, 2, 3)
    seen.until_items(1).cancel()

    # By the thread that delivers, which may be in the midst of that.
    eventually(lambda: len(left) == 2)
    assert (seen.items, letters, left) == (["1"], [], [2, 3])
