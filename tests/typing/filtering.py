"""What the checkers infer for the operators that leave items out; read by them, never run."""

import re
from typing import Never, TypeGuard, assert_type

from typing_extensions import TypeIs

from operators import Flow


def is_text(item: object) -> TypeIs[str]:
    return isinstance(item, str)


def is_some(item: int | None) -> TypeIs[int]:
    return item is not None


def are_numbers(items: list[object]) -> TypeGuard[list[int]]:
    return all(isinstance(item, int) for item in items)


def is_even(n: int) -> bool:
    return n % 2 == 0


def choosing(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.filter(is_even), Flow[int])
    assert_type(numbers.filter(lambda n: n > 3), Flow[int])
    assert_type(numbers.filter(lambda n: n % 2), Flow[int])
    assert_type(words.filter(str.isdigit), Flow[str])
    assert_type(words.filter(re.compile("a+").match), Flow[str])


def narrowing(
    mixed: Flow[int | str], perhaps: Flow[int | None], lists: Flow[list[object]], words: Flow[str]
) -> None:
    assert_type(mixed.filter(is_text), Flow[str])
    assert_type(mixed.filter(is_text).map(str.upper), Flow[str])
    assert_type(perhaps.filter(is_some), Flow[int])
    assert_type(lists.filter(are_numbers), Flow[list[int]])
    # What may lack an answer, and then only what has one (2.13 is looked after at the edges).
    assert_type(words.map({"a": 1}.get).filter(is_some), Flow[int])


def cutting(words: Flow[str]) -> None:
    assert_type(words.take(3), Flow[str])
    assert_type(words.take_while(str.islower), Flow[str])
    assert_type(words.take_while(lambda word: len(word) < 3), Flow[str])
    assert_type(words.skip(3), Flow[str])
    assert_type(words.skip_while(str.islower), Flow[str])
    assert_type(words.skip_while(lambda word: len(word) < 3), Flow[str])


def once_each(words: Flow[str], lists: Flow[list[int]]) -> None:
    assert_type(words.distinct(), Flow[str])
    assert_type(words.distinct(str.lower), Flow[str])
    assert_type(lists.distinct(lambda items: tuple(items)), Flow[list[int]])
    assert_type(words.distinct_until_changed(), Flow[str])
    assert_type(words.distinct_until_changed(len), Flow[str])
    assert_type(lists.distinct_until_changed(lambda items: items[:2]), Flow[list[int]])


def the_last(numbers: Flow[int]) -> None:
    assert_type(numbers.take_last(2), Flow[int])
    assert_type(numbers.skip_last(2), Flow[int])
    assert_type(numbers.take_until(lambda n: n > 3), Flow[int])


def none_at_all(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.ignore_elements(), Flow[Never])
    assert_type(numbers.default_if_empty("none"), Flow[int | str])
    assert_type(numbers.default_if_empty(0), Flow[int])
    assert_type(numbers.switch_if_empty(words), Flow[int | str])


def by_class(objects: Flow[object]) -> None:
    assert_type(objects.of_type(int), Flow[int])
    assert_type(objects.cast(str), Flow[str])
    assert_type(objects.of_type((int, int)), Flow[int])
