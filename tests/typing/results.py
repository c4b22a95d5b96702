"""What the checkers infer for the results of a flow; read by them, never run."""

from collections import Counter
from decimal import Decimal
from typing import assert_type

from operators import Flow


def finding(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.first(), Flow[int])
    assert_type(words.first(default=0), Flow[str | int])
    assert_type(words.last(), Flow[str])
    assert_type(words.last(default=0), Flow[str | int])
    assert_type(words.single(), Flow[str])
    assert_type(words.single(default=0), Flow[str | int])
    assert_type(words.element_at(3), Flow[str])
    assert_type(words.element_at(3, default=0), Flow[str | int])
    assert_type(words.min(), Flow[str])
    assert_type(words.max(len), Flow[str])
    assert_type(words.max(len, default=0), Flow[str | int])
    assert_type(words.min(key=lambda word: len(word)), Flow[str])


def folding(
    numbers: Flow[int],
    flags: Flow[bool],
    halves: Flow[float],
    prices: Flow[Decimal],
    words: Flow[str],
) -> None:
    assert_type(words.count(), Flow[int])
    assert_type(numbers.sum(), Flow[int])
    assert_type(flags.sum(), Flow[int])
    assert_type(halves.sum(), Flow[float])
    assert_type(prices.sum(), Flow[Decimal | int])
    assert_type(prices.sum(Decimal()), Flow[Decimal])
    assert_type(words.sum(""), Flow[str])
    assert_type(words.all(str.isalpha), Flow[bool])
    assert_type(words.any(lambda word: word == "a"), Flow[bool])
    assert_type(words.contains("a"), Flow[bool])


def count(seen: Counter[str], word: str) -> None:
    seen[word] += 1


def gathering(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(words.to_list(), Flow[list[str]])
    assert_type(words.to_set(), Flow[set[str]])
    assert_type(words.to_dict(len), Flow[dict[int, str]])
    assert_type(words.to_dict(str.upper, len), Flow[dict[str, int]])
    assert_type(
        words.to_dict(lambda word: word[0], lambda word: [word]), Flow[dict[str, list[str]]]
    )
    assert_type(words.collect(Counter[str], count), Flow[Counter[str]])


async def awaiting(words: Flow[str]) -> None:
    assert_type(await words.to_list(), list[str] | None)
    assert_type(words.to_list().run(), list[str] | None)
