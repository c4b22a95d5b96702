"""What the checkers infer for flows made of several; read by them, never run."""

from typing import Generic, TypeVar, assert_type

from operators import Flow
from reactive_streams import Publisher, Subscriber

T = TypeVar("T")


class Foreign(Generic[T]):
    """A Publisher that never heard of this library."""

    def __init__(self, *items: T) -> None:
        self.items = items

    def subscribe(self, subscriber: Subscriber[T]) -> None:
        """Somebody else's business."""


def characters(word: str) -> Flow[bytes]:
    return Flow.from_iterable(word).map(str.encode)


def foreign(n: int) -> Foreign[float]:
    return Foreign(n / 2)


def flat(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(words.flat_map(characters), Flow[bytes])
    assert_type(words.flat_map(characters, concurrency=4, prefetch=8), Flow[bytes])
    assert_type(numbers.flat_map(lambda n: Flow.of(n, n * 10)), Flow[int])
    assert_type(numbers.flat_map(lambda n: Flow.range(n).map(str)), Flow[str])
    assert_type(numbers.flat_map(foreign), Flow[float])
    assert_type(numbers.flat_map(lambda n: Foreign(str(n))), Flow[str])

    assert_type(words.concat_map(characters), Flow[bytes])
    assert_type(numbers.concat_map(lambda n: Flow.range(n)), Flow[int])
    assert_type(numbers.concat_map(foreign), Flow[float])
    assert_type(numbers.concat_map(lambda n: Foreign(str(n))), Flow[str])


def flat_with_a_choice(words: Flow[str]) -> None:
    def numbers_of(word: str) -> Publisher[int]:
        return Flow.of(len(word)) if word else Flow.empty()

    assert_type(words.flat_map(numbers_of), Flow[int])
    assert_type(words.concat_map(numbers_of), Flow[int])


def zipped(numbers: Flow[int], words: Flow[str], raw: Flow[bytes], sizes: Flow[float]) -> None:
    assert_type(numbers.zip(), Flow[tuple[int]])
    assert_type(numbers.zip(words), Flow[tuple[int, str]])
    assert_type(numbers.zip(words, prefetch=2), Flow[tuple[int, str]])
    assert_type(numbers.zip(words, raw), Flow[tuple[int, str, bytes]])
    assert_type(numbers.zip(words, raw, sizes), Flow[tuple[int, str, bytes, float]])
    assert_type(numbers.zip(words, raw, sizes, numbers), Flow[tuple[int, str, bytes, float, int]])
    assert_type(numbers.zip(Foreign("a"), words), Flow[tuple[int, str, str]])
    assert_type(numbers.zip(words).map(lambda pair: pair[1]), Flow[str])


def zipped_in_any_number(numbers: Flow[int], rows: list[Flow[str]]) -> None:
    assert_type(numbers.zip(*rows), Flow[tuple[int | str, ...]])
    assert_type(numbers.zip(numbers, numbers, numbers, numbers, numbers), Flow[tuple[int, ...]])


def merged(numbers: Flow[int], words: Flow[str], raw: Flow[bytes], sizes: Flow[float]) -> None:
    assert_type(numbers.merge(), Flow[int])
    assert_type(numbers.merge(numbers, numbers), Flow[int])
    assert_type(numbers.merge(words), Flow[int | str])
    assert_type(numbers.merge(words, raw), Flow[int | str | bytes])
    assert_type(words.merge(raw, sizes, prefetch=2), Flow[str | bytes | float])
    assert_type(words.merge(raw, sizes, [sizes][0]), Flow[str | bytes | float])
    assert_type(words.merge(raw, words, raw, words), Flow[str | bytes])
    assert_type(numbers.merge(Foreign("a")), Flow[int | str])


def in_a_row(numbers: Flow[int], words: Flow[str], raw: Flow[bytes], sizes: Flow[float]) -> None:
    assert_type(numbers.concat(), Flow[int])
    assert_type(numbers.concat(numbers, numbers), Flow[int])
    assert_type(numbers.concat(words), Flow[int | str])
    assert_type(numbers.concat(words, raw), Flow[int | str | bytes])
    assert_type(words.concat(raw, sizes), Flow[str | bytes | float])
    assert_type(words.concat(raw, sizes, sizes), Flow[str | bytes | float])
    assert_type(words.concat(raw, words, raw, words), Flow[str | bytes])
    assert_type(numbers.concat(Foreign("a")), Flow[int | str])


def in_any_number(numbers: Flow[int], rows: list[Flow[str]]) -> None:
    assert_type(numbers.merge(*rows), Flow[int | str])
    assert_type(numbers.concat(*rows), Flow[int | str])


def one_after_another(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.start_with(0), Flow[int])
    assert_type(numbers.start_with("a"), Flow[int | str])
    assert_type(numbers.interleave(words), Flow[int | str])
    assert_type(numbers.interleave(numbers, size=2), Flow[int])
    assert_type(numbers.merge_sorted(numbers), Flow[int])
    assert_type(words.merge_sorted(words, key=len), Flow[str])
    assert_type(words.concat_map_eager(lambda word: Flow.of(len(word))), Flow[int])
    assert_type(numbers.expand(lambda n: Flow.of(n + 1)), Flow[int])


def of_different_lengths(numbers: Flow[int], words: Flow[str]) -> None:
    assert_type(numbers.zip(words, strict=True), Flow[tuple[int, str]])
    assert_type(numbers.zip_longest(words), Flow[tuple[int | None, str | None]])
    assert_type(numbers.zip_longest(words, fillvalue=0), Flow[tuple[int, str | int]])
