"""Seeds of folds: what one run makes of a seed is not where the next one starts."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import pytest

from operators import Flow
from operators.transform.seeds import starting


class Pair(NamedTuple):
    left: list[int]
    right: int


class Mine(dict[str, Any]):
    pass


@pytest.mark.parametrize(
    "seed",
    [
        [1, [2]], {"a": [1], "b": {}}, {1, 2}, bytearray(b"ab"), collections.deque([1, [2]], maxlen=9),
        collections.Counter("aab"), collections.defaultdict(list, a=[1]), ([1], 2),
        collections.OrderedDict(a=[]), Mine(a=[]),
    ],
    ids=lambda seed: type(seed).__name__,
)  # fmt: skip
def test_a_container_is_copied_with_those_in_it(seed: Any):
    start = starting("scan", seed, None)
    first, second = start(), start()

    assert first == second == seed
    assert type(first) is type(seed)
    assert first is not second
    for mine, other in zip(contents(first), contents(second), strict=True):
        assert mine is not other or not isinstance(mine, (list, dict))


def contents(value: Any) -> list[Any]:
    return list(value.values() if isinstance(value, dict) else value)


@pytest.mark.parametrize("seed", [None, 0, "", (), (1, "a"), frozenset(), object(), Pair([], 1)])
def test_what_is_no_container_that_changes_is_the_same_for_all(seed: Any):
    assert starting("scan", seed, None)() is seed


def test_one_that_holds_itself_or_another_twice_keeps_its_shape():
    seed: list[Any] = [[0]]
    seed += [seed, seed[0]]
    made = starting("scan", seed, None)()

    assert made is not seed
    assert made[1] is made
    assert made[0] is made[2]


def test_a_maxlen_and_a_default_factory_are_kept():
    assert starting("scan", collections.deque([1], 3), None)().maxlen == 3
    assert starting("scan", collections.defaultdict(list), None)()["new"] == []


def test_a_factory_that_gives_a_coroutine_is_told_so():
    async def later() -> int:
        return 1

    with pytest.raises(TypeError, match="seed_factory gave something to be awaited"):
        list(Flow.of(1).scan(lambda a, b: a, seed_factory=lambda: later()))
