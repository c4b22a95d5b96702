"""A join in a `for` loop, where it is a chain of the language's own: it can be left and closed as any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread

MANY = list(range(700))  # more than are looked at together

Join = Callable[..., Flow[Any]]


def taken_of(items: Iterator[Any], taken: list[Any]) -> None:
    """Take all items, so that those before an error are seen."""
    for item in items:
        taken.append(item)


JOINS: dict[str, Join] = {
    "merge": lambda first, *others: first.merge(*others),
    "concat": lambda first, *others: first.concat(*others),
    "flat_map": lambda *flows: Flow.of(*flows).flat_map(lambda flow: flow),
    "concat_map": lambda *flows: Flow.of(*flows).concat_map(lambda flow: flow),
    "concat_map_eager": lambda *flows: Flow.of(*flows).concat_map_eager(lambda flow: flow),
}


def known(join: Join) -> Join:
    """The join as one that was looped over before, so that it is known how to run it in few steps."""

    def joined(*flows: Flow[Any]) -> Flow[Any]:
        flow = join(*flows)
        for _ in range(3):
            iter(flow).close()
        return flow

    return joined


WAYS = {**JOINS, **{f"{name}, known": known(join) for name, join in JOINS.items()}}
joins = pytest.mark.parametrize("join", WAYS.values(), ids=WAYS)


class Noted:
    """What becomes of generators."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def items(self, name: str, many: int, fails: bool = False) -> Iterator[int]:
        try:
            yield from range(many)
            if fails:
                raise OSError(name)
        finally:
            self.closed.append(name)

    def flow(self, name: str, many: int = 1_000, *, fails: bool = False) -> Flow[int]:
        return Flow.from_iterable(self.items(name, many, fails))


@joins
def test_all_items_come(join: Join):
    flow = join(Flow.from_iterable(MANY), Flow.range(50), Flow.from_iterable(tuple(MANY)))
    assert sorted(flow) == sorted([*MANY, *range(50), *MANY])
    assert sorted(flow) == sorted([*MANY, *range(50), *MANY])


@joins
@pytest.mark.parametrize("at", [0, 1, 31, 32, 255, 256, 699])
def test_what_comes_before_a_none_of_a_list_is_given(join: Join, at: int):
    holed = [*MANY[:at], None, *MANY[at:]]
    taken: list[Any] = []
    with pytest.raises(TypeError, match=r"from_iterable, written at .*test_chained.py.* gave None"):
        taken_of(iter(join(Flow.from_iterable(holed), Flow.empty())), taken)
    assert taken == MANY[:at]


TURN = 32


def in_turns(*lists: list[Any]) -> list[Any]:
    """The items of the lists, each with so many at a turn, up to a None that is met."""
    left, items = [list(each) for each in lists], list[Any]()
    while any(left):
        for each in left:
            turn, each[:TURN] = each[:TURN], []
            if None in turn:
                return items + turn[: turn.index(None)]
            items += turn
    return items


@pytest.mark.parametrize("hole", [None, 0, 31, 32, 40, 255, 256, 300, 639])
@pytest.mark.parametrize("sizes", [(640, 640), (640, 40), (33, 700, 1, 640), (0, 64, 640)])
@pytest.mark.parametrize("kind", [list, range], ids=["of lists", "and of ranges"])
def test_a_merge_takes_turns(kind: Any, sizes: tuple[int, ...], hole: int | None):
    lists: list[Any] = [range(size) if kind is range else list(range(size)) for size in sizes]
    if hole is not None:
        lists[-1] = [*lists[-1][:hole], None, *lists[-1][hole:]]
    taken: list[Any] = []
    flow = Flow.merge(*map(Flow.from_iterable, lists), prefetch=TURN)
    with pytest.raises(TypeError, match="gave None") if hole is not None else nullcontext():
        taken_of(iter(flow), taken)
    assert taken == in_turns(*map(list, lists))


@joins
def test_what_is_added_to_a_list_meanwhile_comes_too(join: Join):
    work = [3, 2]
    taken: list[int] = []
    for item in join(Flow.from_iterable(work), Flow.empty()):
        taken.append(item)
        if item:
            work.append(item - 1)
    assert taken == [3, 2, 2, 1, 1, 0, 0]


@joins
def test_what_is_changed_in_a_list_meanwhile_is_seen(join: Join):
    values = [1, 2, 3]
    taken: list[int] = []
    for item in join(Flow.from_iterable(values), Flow.empty()):
        taken.append(item)
        values[len(taken) :] = [9] * (3 - len(taken))
    assert taken == [1, 9, 9]


@joins
def test_a_join_inside_of_a_known_one_is_closed_with_it(join: Join):
    noted = Noted()
    inside = noted.flow("inside", 40).merge(noted.flow("beside"))
    items = iter(join(Flow.range(3).concat(inside), Flow.range(5)))
    taken = [next(items) for _ in range(8)]
    assert taken[:3] == [0, 1, 2]
    items.close()
    assert noted.closed in (["inside"], ["inside", "beside"])
    assert list(items) == []


@joins
def test_an_error_of_what_opens_the_flows_names_it(join: Join):
    def fails(_: int) -> int:
        raise KeyError("no flow")

    taken: list[int] = []
    with pytest.raises(KeyError, match="no flow") as raised:
        taken_of(iter(join(Flow.range(3), Flow.range(2).map(fails))), taken)
    assert any("map, written at" in note for note in raised.value.__notes__)
    assert taken == [0, 1, 2]


@joins
def test_once_closed_it_gives_nothing(join: Join):
    noted = Noted()
    items: Generator[Any, None, None] = iter(
        join(Flow.from_iterable(MANY), Flow.range(50), noted.flow("last"))
    )
    assert next(items) == 0
    items.close()
    assert list(items) == []
    items.close()


@joins
def test_what_is_open_is_closed_with_it_and_when_nobody_has_it(join: Join):
    for leave in (Generator.close, lambda _: None):
        noted = Noted()
        items: Any = iter(join(noted.flow("one"), noted.flow("other")))
        assert [next(items), next(items)] == [0, 1]
        leave(items)
        del items
        assert noted.closed
        assert noted.closed[0] == "one"


@joins
def test_an_error_comes_when_all_is_closed(join: Join):
    noted = Noted()
    items = iter(join(noted.flow("one", 40, fails=True), noted.flow("other")))
    taken: list[int] = []
    with pytest.raises(OSError, match="one"):
        taken_of(items, taken)
    opened = 2 if taken.count(0) > 1 else 1
    assert len(noted.closed) == opened
    assert list(items) == []


@joins
def test_what_is_thrown_into_it_ends_it(join: Join):
    noted = Noted()
    items: Any = iter(join(noted.flow("one"), Flow.range(5)))
    assert items.send(None) == 0
    with pytest.raises(KeyError):
        items.throw(KeyError("thrown"))
    assert noted.closed == ["one"]
    assert list(items) == []


def test_a_zip_of_lists_can_be_closed():
    items = iter(Flow.from_iterable(MANY).zip(Flow.range(600)))
    assert next(items) == (0, 0)
    items.close()
    assert list(items) == []
    zipped = list(zip(MANY, range(600), strict=False))
    assert list(Flow.from_iterable(MANY).zip(Flow.range(600))) == zipped
    assert list(Flow.range(2_500).zip(Flow.range(10**12))) == list(zip(range(2_500), range(2_500)))  # noqa: B905 - as it says


def test_a_zip_with_a_function_closes_the_others_where_that_fails():
    noted = Noted()
    items = iter(Flow.range(5).map(lambda n: 1 // (2 - n)).zip(noted.flow("other")))
    with pytest.raises(ZeroDivisionError):
        list(items)
    assert noted.closed == ["other"]


def test_a_known_join_that_would_wait_is_refused_on_a_running_loop_before_it_begins():
    waits = Flow.range(2).merge(Flow.range(2).publish_on(thread()))
    may_wait = Flow.of(0).flat_map(
        lambda n: Flow.range(3).publish_on(thread()) if n else Flow.range(3)
    )
    for _ in range(3):
        assert sorted(waits) == [0, 0, 1, 1]
        assert list(may_wait) == [0, 1, 2]

    async def main() -> list[int]:
        with pytest.raises(RuntimeError, match="async for"):
            list(waits)
        assert sorted(Flow.range(2).merge(Flow.range(2))) == [0, 0, 1, 1]
        return list(may_wait)

    for _ in range(3):
        assert asyncio.run(main()) == [0, 1, 2]
