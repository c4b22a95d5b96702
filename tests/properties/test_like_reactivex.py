"""Random pipelines give what those of reactivex give on the same input, operator for operator.

A peer that was written by others, to the same names: where the two mean something else by one, the case
says so. Of what has an order of its own (merge, flat_map) the same items count, in whatever order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import reactivex
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import operators as rx

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


class Boom(Exception):
    pass


@dataclass(frozen=True)
class Pair:
    """One operator in both libraries, made of a small number."""

    ours: Callable[[Flow[Any], int], Flow[Any]]
    theirs: Callable[[int], Any]


def _number(item: Any) -> int:
    """A small number made of whatever an item is by now."""
    if isinstance(item, int):
        return item
    return sum((n + 1) * _number(part) for n, part in enumerate(item)) % 97 if item else 0


def _parts(item: Any) -> list[int]:
    return list(range(_number(item) % 4))


def _fails(n: int) -> Callable[[Any], Any]:
    def fn(item: Any) -> Any:
        if _number(item) % 7 == n:
            raise Boom(f"at {n}")
        return item

    return fn


def _even(n: int) -> Callable[[Any], bool]:
    return lambda item: _number(item) % (2 + n) != 0


def _key(n: int) -> Callable[[Any], int]:
    return lambda item: _number(item) % (2 + n)


def _fold(so_far: Any, item: Any) -> int:
    return (_number(so_far) * 3 + _number(item)) % 101


def _rx_of(items: Any) -> Any:
    return reactivex.from_iterable(list(items))


def _other(n: int) -> list[int]:
    return list(range(10, 10 + n))


ORDERED: dict[str, Pair] = {
    "map": Pair(lambda f, n: f.map(lambda item: (item, n)), lambda n: rx.map(lambda item: (item, n))),
    "map that fails": Pair(lambda f, n: f.map(_fails(n)), lambda n: rx.map(_fails(n))),
    "filter": Pair(lambda f, n: f.filter(_even(n)), lambda n: rx.filter(_even(n))),
    "scan": Pair(lambda f, n: f.scan(_fold), lambda n: rx.scan(_fold)),
    "scan from a seed": Pair(lambda f, n: f.scan(_fold, n), lambda n: rx.scan(_fold, n)),
    "take": Pair(lambda f, n: f.take(n), lambda n: rx.take(n)),
    "take_last": Pair(lambda f, n: f.take_last(n), lambda n: rx.take_last(n)),
    "take_while": Pair(lambda f, n: f.take_while(_even(n)), lambda n: rx.take_while(_even(n))),
    "take_until": Pair(
        lambda f, n: f.take_until(_even(n)),
        lambda n: rx.take_while(lambda item: not _even(n)(item), inclusive=True),
    ),
    "skip": Pair(lambda f, n: f.skip(n), lambda n: rx.skip(n)),
    "skip_last": Pair(lambda f, n: f.skip_last(n), lambda n: rx.skip_last(n)),
    "skip_while": Pair(lambda f, n: f.skip_while(_even(n)), lambda n: rx.skip_while(_even(n))),
    "distinct": Pair(lambda f, n: f.distinct(_key(n)), lambda n: rx.distinct(_key(n))),
    "distinct_until_changed": Pair(
        lambda f, n: f.distinct_until_changed(_key(n)), lambda n: rx.distinct_until_changed(_key(n))
    ),
    "buffer": Pair(lambda f, n: f.buffer(n + 1), lambda n: rx.buffer_with_count(n + 1)),
    "buffer with skip": Pair(
        lambda f, n: f.buffer(3, n + 1), lambda n: _with_skip(3, n + 1)
    ),
    "zip": Pair(
        lambda f, n: f.zip(Flow.from_iterable(_other(n))), lambda n: rx.zip(_rx_of(_other(n)))
    ),
    "concat": Pair(
        lambda f, n: f.concat(Flow.from_iterable(_other(n))), lambda n: rx.concat(_rx_of(_other(n)))
    ),
    "concat_map": Pair(
        lambda f, n: f.concat_map(lambda item: Flow.from_iterable(_parts(item))),
        lambda n: rx.concat_map(lambda item: _rx_of(_parts(item))),
    ),
    "start_with": Pair(lambda f, n: f.start_with(n, n + 1), lambda n: rx.start_with(n, n + 1)),
    "pairwise": Pair(lambda f, n: f.pairwise(), lambda n: rx.pairwise()),
    "starmap": Pair(
        lambda f, n: f.pairwise().starmap(lambda a, b: (b, a)),
        lambda n: reactivex.compose(rx.pairwise(), rx.starmap(lambda a, b: (b, a))),
    ),
    "default_if_empty": Pair(lambda f, n: f.default_if_empty(n), lambda n: rx.default_if_empty(n)),
    "ignore_elements": Pair(lambda f, n: f.ignore_elements(), lambda n: rx.ignore_elements()),
    "repeat": Pair(
        lambda f, n: f.take(3).repeat(n + 1),
        lambda n: reactivex.compose(rx.take(3), rx.repeat(n + 1)),
    ),
    "catch": Pair(
        lambda f, n: f.on_error_resume(lambda error: Flow.from_iterable(_other(n))),
        lambda n: rx.catch(lambda error, source: _rx_of(_other(n))),
    ),
    "retry": Pair(lambda f, n: f.retry(n), lambda n: rx.retry(n + 1)),
    "reduce": Pair(lambda f, n: f.reduce(_fold, n), lambda n: rx.reduce(_fold, n)),
    "count": Pair(lambda f, n: f.count(), lambda n: rx.count()),
    "sum": Pair(lambda f, n: f.map(_number).sum(), lambda n: reactivex.compose(rx.map(_number), rx.sum())),
    "min": Pair(lambda f, n: f.map(_number).min(default=n), lambda n: _best(rx.min(), n)),
    "max": Pair(lambda f, n: f.map(_number).max(default=n), lambda n: _best(rx.max(), n)),
    "all": Pair(lambda f, n: f.all(_even(n)), lambda n: rx.all(_even(n))),
    "any": Pair(lambda f, n: f.any(_even(n)), lambda n: rx.some(_even(n))),
    "contains": Pair(lambda f, n: f.contains(n), lambda n: rx.contains(n)),
    "to_list": Pair(lambda f, n: f.to_list(), lambda n: rx.to_list()),
    "first": Pair(lambda f, n: f.first(default=n), lambda n: rx.first_or_default(default_value=n)),
    "last": Pair(lambda f, n: f.last(default=n), lambda n: rx.last_or_default(n)),
    "element_at": Pair(
        lambda f, n: f.element_at(n, default=n), lambda n: rx.element_at_or_default(n, n)
    ),
}  # fmt: skip

UNORDERED: dict[str, Pair] = {
    "window": Pair(
        lambda f, n: f.window(n + 1).flat_map(lambda part: part.to_list()),
        lambda n: reactivex.compose(
            rx.window_with_count(n + 1),
            rx.flat_map(lambda part: part.pipe(rx.to_list())),
            rx.filter(bool),
        ),
    ),
    "group_by": Pair(
        lambda f, n: f.group_by(_key(n)).flat_map(
            lambda group: group.to_list().map(lambda made: (group.key, made))
        ),
        lambda n: reactivex.compose(
            rx.group_by(_key(n)),
            rx.flat_map(
                lambda group: group.pipe(rx.to_list(), rx.map(lambda made: (group.key, made)))
            ),
        ),
    ),
    "flat_map": Pair(
        lambda f, n: f.flat_map(lambda item: Flow.from_iterable(_parts(item)), concurrency=n + 1),
        lambda n: rx.flat_map(lambda item: _rx_of(_parts(item))),
    ),
    "merge": Pair(
        lambda f, n: f.merge(Flow.from_iterable(_other(n))), lambda n: rx.merge(_rx_of(_other(n)))
    ),
}


def _best(operator: Any, default: int) -> Any:
    return reactivex.compose(rx.map(_number), rx.default_if_empty(default), operator)


def _with_skip(size: int, skip: int) -> Any:
    # Theirs gives an empty list where a window has opened just as the end comes.
    return reactivex.compose(rx.buffer_with_count(size, skip), rx.filter(bool))


Step = tuple[str, int]
Outcome = tuple[list[Any], str]


def _plain(item: Any) -> Any:
    return [_plain(part) for part in item] if isinstance(item, (list, tuple)) else item


def reference(items: list[int], steps: list[Step]) -> Outcome:
    got: list[Any] = []
    ends: list[str] = []
    source = _rx_of(items)
    for name, n in steps:
        source = source.pipe((ORDERED | UNORDERED)[name].theirs(n))
    source.subscribe(
        on_next=got.append,
        on_error=lambda error: ends.append(f"failed: {error}"),
        on_completed=lambda: ends.append("completed"),
        scheduler=reactivex.scheduler.CurrentThreadScheduler(),
    )
    (end,) = ends
    return _plain(got), end


def _built(source: Flow[Any], steps: list[Step]) -> Flow[Any]:
    for name, n in steps:
        source = (ORDERED | UNORDERED)[name].ours(source, n)
    return source


def ours(
    make: Callable[[list[int]], Flow[Any]], items: list[int], steps: list[Step], *ask: int
) -> Outcome:
    flow = _built(Flow.defer(lambda: make(items)), steps)
    seen = probe(flow, ask[0], each=ask[1]).until_end()
    assert seen.violations == []
    end = "completed" if seen.completed else f"failed: {seen.error}"
    return _plain(seen.items), end


def looped(items: list[int], steps: list[Step]) -> Outcome:
    got: list[Any] = []
    try:
        for item in _built(Flow.from_iterable(items), steps):
            got.append(item)
    except Exception as error:
        return _plain(got), f"failed: {error}"
    return _plain(got), "completed"


def pushed(items: list[int]) -> Flow[Any]:
    return Flow.from_publisher(Handmade(items))


inputs = st.lists(st.integers(0, 20), max_size=10)


def _comparable(steps: list[Step]) -> bool:
    """Whether no error comes into a concat_map or a zip.

    That of concat_map is told after the flow that is on, theirs before. And zip is over as soon as there can
    be no further tuple, where theirs runs the first flow to its end before it looks at the second.
    """
    names = [name for name, _ in steps]
    after = names[names.index("map that fails") :] if "map that fails" in names else []
    return not {"concat_map", "zip"}.intersection(after)


orders = st.lists(
    st.tuples(st.sampled_from(sorted(ORDERED)), st.integers(0, 4)), max_size=5
).filter(_comparable)


def _all(items: list[int], steps: list[Step]) -> list[Outcome]:
    found = [looped(items, steps)]
    for make in (Flow.from_iterable, pushed):
        found += [ours(make, items, steps, *ask) for ask in ((1, 1), (256, 1), (UNBOUNDED, 0))]
    return found


@given(inputs, orders)
@settings(max_examples=400, deadline=None)
def test_the_same_items_in_the_same_order_and_the_same_end(items: list[int], steps: list[Step]):
    expected = reference(items, steps)
    for found in _all(items, steps):
        assert found == expected


@pytest.mark.parametrize("name", ORDERED)
@given(items=inputs, n=st.integers(0, 4))
@settings(max_examples=20, deadline=None)
def test_each_operator_by_itself(name: str, items: list[int], n: int):
    expected = reference(items, [(name, n)])
    for found in _all(items, [(name, n)]):
        assert found == expected


@given(
    inputs,
    orders.filter(lambda steps: len(steps) < 3),
    st.sampled_from(sorted(UNORDERED)),
    st.integers(0, 4),
)
@settings(max_examples=100, deadline=None)
def test_of_several_at_once_the_same_items(items: list[int], steps: list[Step], name: str, n: int):
    before = [step for step in steps if not step[0].endswith("fails")]
    got, end = reference(items, [*before, (name, n)])
    for found, ended in _all(items, [*before, (name, n)]):
        assert (Counter(map(repr, found)), ended) == (Counter(map(repr, got)), end)


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(ORDERED, "take", Pair(lambda f, n: f.take(n + 1), ORDERED["take"].theirs))
    assert looped([1, 2, 3], [("take", 1)]) != reference([1, 2, 3], [("take", 1)])
    assert (
        looped([1, 2, 3], [("skip", 1)])
        == reference([1, 2, 3], [("skip", 1)])
        == ([2, 3], "completed")
    )
