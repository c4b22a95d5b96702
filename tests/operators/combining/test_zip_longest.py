"""zip_longest, and zip with strict=True: tuples of flows of different lengths."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import fails, gives

OTHERS: list[Any] = [lambda *n: Flow.of(*n), lambda *n: Flow.from_publisher(Handmade(n))]


def test_up_to_the_end_of_the_longest_everywhere():
    for of in OTHERS:
        gives(lambda f, of=of: f.zip_longest(of("a")), [1, 2], [(1, "a"), (2, None)])
        gives(lambda f, of=of: f.zip_longest(of("a", "b"), fillvalue=0), [1], [(1, "a"), (0, "b")])
        gives(lambda f, of=of: f.zip_longest(of(), of("x")), [], [(None, None, "x")])
        gives(lambda f, of=of: f.zip_longest(of()), [], [])
    gives(lambda f: f.zip_longest(), [1, 2], [(1,), (2,)])


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=4))
def test_agrees_with_itertools(lists: list[list[int]]):
    for make in (Flow.from_iterable, lambda items: Flow.from_publisher(Handmade(items))):
        first, *others = map(make, lists)
        assert list(first.zip_longest(*others, fillvalue="-")) == list(
            zip_longest(*lists, fillvalue="-")
        )


def test_strict_everywhere():
    for of in OTHERS:
        gives(lambda f, of=of: f.zip(of("a", "b"), strict=True), [1, 2], [(1, "a"), (2, "b")])
        gives(lambda f, of=of: f.zip(of(), strict=True), [], [])
        shorter = fails(
            lambda f, of=of: f.zip(of("a"), strict=True), [1, 2], ValueError, [(1, "a")]
        )
        assert str(shorter) == "zip: flow 2 is shorter than flow 1 (strict=True)"
        assert "in zip, written at" in notes(shorter)
        build = lambda f, of=of: f.zip(of("a"), of("x", "y"), strict=True)  # noqa: E731
        longer = fails(build, [1], ValueError, [(1, "a", "x")])
        assert str(longer) == "zip: flow 3 is longer than flow 1 (strict=True)"


def test_strict_discards_what_is_in_no_tuple():
    left: list[Any] = []
    for of in OTHERS:
        fails(
            lambda f, of=of: f.zip(of("a"), strict=True).on_discard(left.append), [1, 2], ValueError,
            [(1, "a")],
        )  # fmt: skip
    assert left == [2] * 50


def test_nothing_is_pulled_ahead():
    sides = [Pulled(range(9)), Pulled(range(9))]
    for build in (
        lambda a, b: a.zip_longest(b),
        lambda a, b: a.zip(b, strict=True),
    ):
        sides = [Pulled(range(9)), Pulled(range(9))]
        seen = probe(build(*map(Flow.from_iterable, sides)), 2)
        assert seen.items == [(0, 0), (1, 1)]
        assert [side.pulled for side in sides] == [2, 2]


def test_an_error_ends_it():
    fails(lambda f: f.zip_longest(Flow.of("a")), [], KeyError, error=KeyError())
    fails(lambda f: f.zip(Flow.of("a"), strict=True), [], KeyError, error=KeyError())
