"""What the checkers infer for the operators that make other items; read by them, never run."""

import operator
from dataclasses import dataclass
from typing import assert_type

from operators import Flow, Signal


@dataclass
class Word:
    """An item of somebody's own."""

    text: str
    size: int


def half(n: float) -> float:
    return n / 2


def longer(total: float, word: str) -> float:
    return total + len(word) / 2


def mapping(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.map(str), Flow[str])
    assert_type(Flow.of(1).map(str), Flow[str])
    assert_type(numbers.map(half), Flow[float])
    assert_type(numbers.map(lambda n: n * 2), Flow[int])
    assert_type(numbers.map(lambda n: [n]), Flow[list[int]])
    assert_type(numbers.map(lambda n: (n, str(n))), Flow[tuple[int, str]])
    assert_type(words.map(str.upper), Flow[str])
    assert_type(words.map(len), Flow[int])
    assert_type(words.map(lambda text: Word(text, len(text))), Flow[Word])
    assert_type(words.map(lambda text: Word(text, 1)).map(lambda word: word.size), Flow[int])


def spreading(pairs: Flow[tuple[int, str]], words: Flow[str]) -> None:
    def joined(n: int, word: str) -> str:
        return word * n

    assert_type(pairs.starmap(joined), Flow[str])
    assert_type(pairs.starmap(lambda n, word: [word] * n), Flow[list[str]])
    assert_type(words.enumerate().starmap(lambda n, word: n + len(word)), Flow[int])


def mapping_where_there_is_one(words: Flow[str], sizes: dict[str, int]) -> None:
    assert_type(words.map_not_none(sizes.get), Flow[int])
    assert_type(words.map_not_none(lambda word: len(word) or None), Flow[int])
    assert_type(words.map_not_none(len), Flow[int])


def folding(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.scan(operator.add), Flow[int])
    assert_type(numbers.scan(lambda total, n: total + n), Flow[int])
    assert_type(numbers.scan(max), Flow[int])
    assert_type(words.scan(lambda total, word: total + word), Flow[str])
    assert_type(words.scan(longer, 0.0), Flow[float])
    assert_type(words.scan(lambda total, word: total + len(word), 0), Flow[int])
    assert_type(numbers.scan(lambda text, n: f"{text} {n}", ""), Flow[str])

    assert_type(words.scan(longer, seed_factory=float), Flow[float])

    assert_type(numbers.reduce(operator.add), Flow[int])
    assert_type(numbers.reduce(lambda total, n: total + n), Flow[int])
    assert_type(numbers.reduce(max), Flow[int])
    assert_type(words.reduce(longer, 0.0), Flow[float])
    assert_type(words.reduce(lambda total, word: total + len(word), 0), Flow[int])


def collecting(numbers: Flow[int]) -> None:
    def collect(items: list[int], n: int) -> list[int]:
        return [*items, n]

    assert_type(numbers.scan(collect, seed_factory=list), Flow[list[int]])
    assert_type(numbers.reduce(collect, seed_factory=list), Flow[list[int]])
    start: list[int] = []
    assert_type(numbers.reduce(collect, start), Flow[list[int]])
    assert_type(numbers.reduce(lambda items, n: [*items, n], start), Flow[list[int]])


def arranging(words: Flow[str]) -> None:
    assert_type(words.enumerate(), Flow[tuple[int, str]])
    assert_type(words.enumerate(1), Flow[tuple[int, str]])
    assert_type(words.pairwise(), Flow[tuple[str, str]])
    assert_type(words.buffer(3), Flow[list[str]])
    assert_type(words.shuffle(8, seed=1), Flow[str])
    assert_type(words.enumerate().map(lambda pair: pair[1]), Flow[str])
    assert_type(words.buffer(3).map(len), Flow[int])


def flattening(words: Flow[str], lists: Flow[list[int]]) -> None:
    def by_letter(word: str) -> list[tuple[str, int]]:
        return [(letter, 1) for letter in word]

    assert_type(words.flat_map_iterable(by_letter), Flow[tuple[str, int]])
    assert_type(words.flat_map_iterable(list), Flow[str])
    assert_type(words.flat_map_iterable(lambda word: range(len(word))), Flow[int])
    assert_type(lists.flat_map_iterable(lambda items: items), Flow[int])
    assert_type(words.flat_map_iterable(lambda word: Flow.of(word, word)), Flow[str])


def in_lists(words: Flow[str]) -> None:
    assert_type(words.buffer(3, 1), Flow[list[str]])
    assert_type(words.buffer_weighted(100, len), Flow[list[str]])


def signals(words: Flow[str]) -> None:
    assert_type(words.materialize(), Flow[Signal[str]])
    assert_type(words.materialize().dematerialize(), Flow[str])
