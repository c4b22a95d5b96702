"""A flow that for_each has run before is gone through by a plain loop: nothing else is different."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from operators import Flow

TIMES = range(4)  # the first ones find out what the others know


class Source:
    """An iterable that notes how far it is pulled, and that it is closed."""

    def __init__(self, many: int, fails: bool = False) -> None:
        self.many = many
        self.fails = fails
        self.log: list[Any] = []

    def __iter__(self) -> Iterator[int]:
        try:
            for n in range(self.many):
                self.log.append(n)
                yield n
            if self.fails:
                raise OSError("no more")
        finally:
            self.log.append("closed")


def runs(flow: Flow[Any], source: Source, fn: Any) -> list[tuple[Any, ...]]:
    """What each of several runs does."""
    seen: list[tuple[Any, ...]] = []
    for _ in TIMES:
        source.log.clear()
        handle = flow.for_each(fn)
        try:
            handle.result()
            error = None
        except Exception as raised:
            error = raised
        notes = () if error is None else tuple(getattr(error, "__notes__", ()))
        seen.append((handle.done, handle.cancelled, repr(error), notes, list(source.log)))
    return seen


def same(seen: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    assert all(each == seen[0] for each in seen), seen
    return seen[0]


def test_all_items_are_given_and_the_source_is_closed():
    source = Source(3)
    taken: list[int] = []
    flow = Flow.from_iterable(source).map(lambda n: n * 2)
    assert same(runs(flow, source, taken.append)) == (True, False, "None", (), [0, 1, 2, "closed"])
    assert taken == [0, 2, 4] * len(TIMES)


def test_an_error_of_the_function_closes_the_source_at_once_and_names_the_item():
    source = Source(9)

    def fn(n: int) -> None:
        source.log.append(f"fn {n}")
        if n == 2:
            raise KeyError("mine")

    done, cancelled, error, notes, log = same(runs(Flow.from_iterable(source).map(int), source, fn))
    assert (done, cancelled, error) == (True, False, "KeyError('mine')")
    assert len(notes) == 1
    assert "for_each" in notes[0]
    assert "2" in notes[0]
    assert log == [0, "fn 0", 1, "fn 1", 2, "fn 2", "closed"]


def test_an_error_of_the_flow_names_the_operator_once():
    source = Source(3)
    *_, error, notes, log = same(
        runs(Flow.from_iterable(source).map(lambda n: 1 // (1 - n)), source, lambda _: None)
    )
    assert error.startswith("ZeroDivisionError")
    assert len(notes) == 1
    assert "map" in notes[0]
    assert log == [0, 1, "closed"]


def test_an_error_of_the_source_comes_after_its_items():
    source = Source(2, fails=True)
    *_, error, notes, log = same(runs(Flow.from_iterable(source), source, lambda _: None))
    assert error == "OSError('no more')"
    assert len(notes) == 1
    assert log == [0, 1, "closed"]


def test_a_none_and_an_awaitable_are_refused_as_ever():
    source = Source(1)
    *_, error, _notes, _log = same(
        runs(Flow.from_iterable(source).map(lambda _: None), source, lambda _: None)
    )
    assert "None is not an element" in error

    async def ask() -> None:
        """Give nothing."""

    for *_, error, notes, log in runs(Flow.from_iterable(source).map(int), source, lambda _: ask()):
        assert "for_each: fn gave something to be awaited" in error
        assert len(notes) == 1
        assert log == [0, "closed"]


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_what_is_nobodys_signal_goes_through_and_closes_the_source(raised: type[BaseException]):
    source = Source(5)

    def fn(n: int) -> None:
        if n == 1:
            raise raised(7)

    flow = Flow.from_iterable(source).map(int)
    for _ in TIMES:
        source.log.clear()
        with pytest.raises(raised) as left:
            flow.for_each(fn)
        assert source.log == [0, 1, "closed"]
        del left


def test_an_error_that_nobody_asks_for_goes_to_the_hook(dropped: Any):
    flow = Flow.range(3).map(lambda n: 1 // n)
    for _ in TIMES:
        flow.for_each(print)
        gc.collect()
        _, where = dropped.take(ZeroDivisionError)
        assert "for_each" in where
        assert not dropped.errors


def test_neither_items_nor_the_function_are_kept():
    class Item:
        pass

    flow = Flow.range(2).map(lambda _: Item())
    gc.disable()
    try:
        for _ in TIMES:
            seen: list[weakref.ref[Item]] = []

            def fn(item: Item, seen: list[weakref.ref[Item]] = seen) -> None:
                seen.append(weakref.ref(item))

            kept = weakref.ref(fn)
            handle = flow.for_each(fn)
            del fn
            assert [each() for each in seen] == [None, None]
            assert kept() is None
            assert handle.done
    finally:
        gc.enable()


def test_inside_of_another_flows_function_it_is_over_when_for_each_returns():
    inner = Flow.range(3).map(lambda n: n + 1)
    sums: list[int] = []

    def total(_: int) -> int:
        got: list[int] = []
        inner.flat_map(lambda n: Flow.of(n).repeat(2)).for_each(got.append).result()
        inner.for_each(got.append).result()
        return sum(got)

    outer = Flow.range(2).flat_map(lambda n: Flow.of(n).map(total))
    for _ in TIMES:
        outer.for_each(sums.append).result()
    assert sums == [18] * (2 * len(TIMES))
