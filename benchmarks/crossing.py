"""Shakespeare plays Scrabble, and crosses of two ranges: many small flows in one another, ours and others'.

What is played with are words made of letters by a fixed seed: half of them are in the dictionary.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from importlib import import_module
from itertools import chain
from typing import Any

from benchmarks.measure import SHOWN, AtMost, Case, Faster, Limit
from benchmarks.support import total_of
from operators import Flow

WORDS = 400
CROSSED = 40_000
# They are not measured by their types: to a checker, anything.
reactivex: Any = import_module("reactivex")
rx: Any = import_module("reactivex.operators")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_POINTS = (1, 3, 3, 2, 1, 4, 2, 4, 1, 8, 5, 1, 3, 1, 1, 3, 10, 1, 1, 1, 1, 4, 4, 8, 4, 10)
_TILES = (9, 2, 2, 1, 12, 2, 3, 2, 9, 1, 1, 4, 2, 6, 8, 2, 1, 6, 4, 6, 4, 2, 2, 1, 2, 1)
SCORES = dict(zip(LETTERS, _POINTS, strict=True))
THERE_ARE = dict(zip(LETTERS, _TILES, strict=True))

Best = list[tuple[int, list[str]]]
Letter = tuple[str, int]


@lru_cache(maxsize=1)
def words() -> tuple[list[str], frozenset[str]]:
    """Return what Shakespeare has written, and what is in the dictionary."""
    drawn = random.Random(1)
    made = ["".join(drawn.choices(LETTERS, k=drawn.randint(2, 9))) for _ in range(WORDS)]
    return made, frozenset(made[::2])


def blanks_of(letter: Letter) -> int:
    return max(0, letter[1] - THERE_ARE[letter[0]])


def score_of(letter: Letter) -> int:
    return SCORES[letter[0]] * min(letter[1], THERE_ARE[letter[0]])


def bonus_of(letter: str) -> int:
    return SCORES[letter]


def first_and_last(word: str) -> str:
    return word[:3] + word[-3:]


def count(counts: Counter[str], letter: str) -> Counter[str]:
    counts[letter] += 1
    return counts


def put(table: dict[int, list[str]], scored: tuple[int, str]) -> dict[int, list[str]]:
    table.setdefault(scored[0], []).append(scored[1])
    return table


def best_of(table: dict[int, list[str]]) -> Best:
    return sorted(table.items(), reverse=True)[:3]


# In plain Python ---------------------------------------------------------------------------------


def plain_score(word: str) -> int:
    counts: Counter[str] = Counter()
    for letter in word:
        count(counts, letter)
    points = sum(map(score_of, counts.items()))
    bonus = max(map(bonus_of, first_and_last(word)))
    return 2 * (points + bonus) + (50 if len(word) == 7 else 0)


def plain_blanks(word: str) -> int:
    counts: Counter[str] = Counter()
    for letter in word:
        count(counts, letter)
    return sum(map(blanks_of, counts.items()))


def plain() -> Best:
    written, known = words()
    table: dict[int, list[str]] = {}
    for word in written:
        if word in known and plain_blanks(word) <= 2:
            put(table, (plain_score(word), word))
    return best_of(table)


# With flows --------------------------------------------------------------------------------------


def histogram(word: str) -> Flow[Letter]:
    counts: Counter[str] = Counter()
    counted = Flow.from_iterable(word).reduce(count, counts)
    return counted.flat_map_iterable(lambda counts: counts.items())


def flow_blanks(word: str) -> Flow[int]:
    return histogram(word).map(blanks_of).sum()


def flow_score(word: str) -> Flow[tuple[int, str]]:
    points = histogram(word).map(score_of)
    bonus = Flow.from_iterable(first_and_last(word)).map(bonus_of).max()
    length = Flow.of(25 if len(word) == 7 else 0)
    return points.concat(bonus, length).sum().map(lambda half: (2 * half, word))


def ours() -> Best:
    written, known = words()

    def played(word: str) -> Flow[str]:
        return flow_blanks(word).filter(lambda blanks: blanks <= 2).map(lambda _: word)

    flow = Flow.from_iterable(written).filter(known.__contains__).concat_map(played)
    empty: dict[int, list[str]] = {}
    return best_of(flow.concat_map(flow_score).reduce(put, empty).run() or {})


# With others -------------------------------------------------------------------------------------


def rx_histogram(word: str) -> Any:
    counted = reactivex.from_iterable(word).pipe(rx.reduce(count, Counter()))
    return counted.pipe(rx.flat_map(lambda counts: reactivex.from_iterable(counts.items())))


def in_reactivex() -> Best:
    written, known = words()

    def played(word: str) -> Any:
        blanks = rx_histogram(word).pipe(rx.map(blanks_of), rx.sum())
        return blanks.pipe(rx.filter(lambda number: number <= 2), rx.map(lambda _: word))

    def scored(word: str) -> Any:
        points = rx_histogram(word).pipe(rx.map(score_of))
        bonus = reactivex.from_iterable(first_and_last(word)).pipe(rx.map(bonus_of), rx.max())
        length = reactivex.of(25 if len(word) == 7 else 0)
        half = reactivex.concat(points, bonus, length).pipe(rx.sum())
        return half.pipe(rx.map(lambda number: (2 * number, word)))

    found: list[Any] = []
    source = reactivex.from_iterable(written).pipe(
        rx.filter(known.__contains__), rx.map(played), rx.merge(max_concurrent=1),
        rx.map(scored), rx.merge(max_concurrent=1), rx.reduce(put, {}),
    )  # fmt: skip
    source.subscribe(found.append)
    return best_of(found[0])


def in_aiostream() -> Best:
    aiostream: Any = import_module("aiostream")
    pipe, stream = aiostream.pipe, aiostream.stream

    written, known = words()

    def histogram(word: str) -> Any:
        counted = stream.iterate(word) | pipe.reduce(count, initializer=Counter())
        return counted | pipe.concatmap(lambda counts: stream.iterate(counts.items()))

    def summed(numbers: Any) -> Any:
        return numbers | pipe.reduce(lambda one, another: one + another, initializer=0)

    def played(word: str) -> Any:
        blanks = summed(histogram(word) | pipe.map(blanks_of))
        return blanks | pipe.filter(lambda number: number <= 2) | pipe.map(lambda _: word)

    def scored(word: str) -> Any:
        points = histogram(word) | pipe.map(score_of)
        letters = stream.iterate(first_and_last(word)) | pipe.map(bonus_of)
        bonus = letters | pipe.reduce(max)
        length = stream.just(25 if len(word) == 7 else 0)
        half = summed(stream.chain(points, bonus, length))
        return half | pipe.map(lambda number: (2 * number, word))

    async def main() -> Best:
        played_words = (
            stream.iterate(written) | pipe.filter(known.__contains__) | pipe.concatmap(played)
        )
        table: dict[int, list[str]] = {}
        async with (played_words | pipe.concatmap(scored)).stream() as items:
            async for each in items:
                put(table, each)
        return best_of(table)

    return asyncio.run(main())


# Crosses -----------------------------------------------------------------------------------------


def crossed(outer: int, inner: int) -> int:
    return total_of(Flow.range(outer).flat_map(lambda _: Flow.range(inner)))


def crossed_iterables(outer: int, inner: int) -> int:
    return total_of(Flow.range(outer).flat_map_iterable(lambda _: range(inner)))


def crossed_plainly(outer: int, inner: int) -> int:
    total = 0
    for item in chain.from_iterable(map(lambda _: range(inner), range(outer))):  # noqa: C417
        total += item
    return total


def crossed_in_reactivex(outer: int, inner: int) -> int:
    totals: list[int] = [0]

    def add(item: int) -> None:
        totals[0] += item

    reactivex.range(outer).pipe(rx.flat_map(lambda _: reactivex.range(inner))).subscribe(add)
    return totals[0]


def crossed_in_aiostream(outer: int, inner: int) -> int:
    aiostream: Any = import_module("aiostream")
    pipe, stream = aiostream.pipe, aiostream.stream

    async def main() -> int:
        total = 0
        source = stream.range(outer) | pipe.concatmap(lambda _: stream.range(inner))
        async with source.stream() as items:
            async for item in items:
                total += item
        return total

    return asyncio.run(main())


PLAY: dict[str, tuple[Callable[[], Best], Limit]] = {
    "plain Python": (plain, SHOWN),
    "reactivex": (in_reactivex, Faster(1.0)),
    "aiostream": (in_aiostream, Faster(1.0)),
}
CROSS: dict[str, tuple[Callable[[int, int], int], Limit]] = {
    "plain Python": (crossed_plainly, SHOWN),
    "reactivex": (crossed_in_reactivex, Faster(1.0)),
    "aiostream": (crossed_in_aiostream, Faster(1.0)),
}
SHAPES = ((1, CROSSED), (200, CROSSED // 200), (CROSSED, 1))


def _cross() -> Iterator[Case]:
    for outer, inner in SHAPES:
        for name, (peer, limit) in CROSS.items():
            run = partial(crossed, outer, inner)
            other = partial(peer, outer, inner)
            yield Case(f"cross {outer} x {inner}, flows", run, limit, CROSSED, other, name)
        run = partial(crossed_iterables, outer, inner)
        other = partial(crossed_plainly, outer, inner)
        yield Case(
            f"cross {outer} x {inner}, iterables", run, SHOWN, CROSSED, other, "plain Python"
        )


def crosses() -> list[Case]:
    """The play, and each shape of cross, beside each peer: what they compute has to be the same."""
    plays = [
        Case(f"Shakespeare plays Scrabble, {name}", ours, limit, WORDS, peer, name)
        for name, (peer, limit) in PLAY.items()
    ]
    return [*plays, *_cross()]


# What it costs to grow ---------------------------------------------------------------------------

MANY = (10_000, 100_000, 1_000_000, 10_000_000)
STAGES = (1, 10, 100, 1_000)
_WORK = 1_000_000  # items times stages


def plus_one(n: int) -> int:
    return n + 1


def _items(many: int, *, pushed: bool) -> None:
    flow = Flow.range(many).map(plus_one)
    if pushed:
        flow = flow.on_error_resume(lambda _: Flow.empty())
    total_of(flow)


def _stages(stages: int, *, pushed: bool) -> None:
    flow = Flow.range(_WORK // stages)
    for _ in range(stages):
        flow = flow.on_error_resume(lambda _: Flow.empty()) if pushed else flow.map(plus_one)
    total_of(flow)


def grown() -> list[Case]:
    """What an item costs among more of them, and a stage in a longer chain: about the same."""
    cases = []
    for pushed in (False, True):
        kind = "pushed" if pushed else "fused"
        for many in MANY[1:]:
            run = partial(_items, many, pushed=pushed)
            few = partial(_items, MANY[0], pushed=pushed)
            title = f"{many:,} items, {kind}"
            cases.append(Case(title, run, AtMost(1.5), many, few, f"{MANY[0]:,}", MANY[0]))
        for stages in STAGES[2:]:
            run = partial(_stages, stages, pushed=pushed)
            few = partial(_stages, STAGES[1], pushed=pushed)
            title = f"{stages:,} stages, {kind}"
            cases.append(Case(title, run, AtMost(2.0), _WORK, few, f"{STAGES[1]:,}", _WORK))
    return cases
