"""range: the integers of the built-in."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import probe

ARGUMENTS: list[tuple[Any, ...]] = [
    (5,),
    (0,),
    (-3,),
    (2, 6),
    (6, 2),
    (0, 10, 3),
    (10, 0, -3),
    (2**64, 2**64 + 3),
    (3, None),
]


@pytest.mark.parametrize("args", ARGUMENTS)
def test_agrees_with_the_built_in(args: tuple[Any, ...]):
    numbers = range(*[n for n in args if n is not None])

    assert list(Flow.range(*args)) == list(numbers)
    if numbers:
        seen = probe(Flow.range(*args)).request(len(numbers))
        assert seen.items == list(numbers)


@pytest.mark.parametrize("args", [args for args in ARGUMENTS if None not in args])
def test_completes_with_its_last_item(args: tuple[Any, ...]):
    many = len(range(*args))
    seen = probe(Flow.range(*args))
    if many > 1:
        seen.request(many - 1)
        assert not seen.ended
    if many:
        seen.request(1)

    assert seen.items == list(range(*args))
    assert seen.completed


def test_with_a_step_alone():
    assert list(Flow.range(7, step=3)) == [0, 3, 6]
    assert list(Flow.range(3, None, 1)) == [0, 1, 2]


def test_a_bad_step_raises_what_the_built_in_raises():
    with pytest.raises(ValueError, match="arg 3 must not be zero"):
        Flow.range(1, 5, 0)
    with pytest.raises(TypeError):
        Flow.range("5")  # type: ignore[arg-type]


@pytest.mark.parametrize("stop", [2**63 - 1, 2**63, 2**70])
@pytest.mark.parametrize(
    "build",
    [
        lambda f: f,
        lambda f: f.map(str),
        lambda f: f.merge(f),
        lambda f: f.concat_map(lambda _: f),
        lambda f: f.zip(f),
    ],
    ids=["alone", "map", "merge", "concat_map", "zip"],
)
def test_one_longer_than_any_list_can_be(stop: int, build: Any):
    flow = build(Flow.range(stop))
    assert len(list(islice(flow, 40))) == 40
    seen = probe(flow).request(40)
    assert len(seen.items) == 40
    seen.cancel()
