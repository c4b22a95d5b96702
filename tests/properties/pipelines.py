"""Random pipelines as data: built with Flow, built with the language's own tools, and run anywhere."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from operators import Flow

Event = tuple[Any, ...]


def digest(item: Any) -> int:
    """A small number made of whatever an item is by now: an int, or a nest of tuples and lists."""
    if isinstance(item, int):
        return item
    total = 1
    for part in item:
        total = (total * 3 + digest(part)) % 1009
    return total


@dataclass(frozen=True)
class Step:
    """One operator: a number to make its function of, and the digest (mod 7) at which that raises."""

    name: str
    n: int = 0
    raises_at: int | None = None

    def __repr__(self) -> str:
        return f"{self.name}({self.n}{'' if self.raises_at is None else f'!{self.raises_at}'})"


@dataclass(frozen=True)
class Source:
    """A generator of `items`, which fails before the item at `fails_at`."""

    items: tuple[int, ...]
    fails_at: int | None = None


class Boom(Exception):
    pass


@dataclass
class Trace:
    """Everything that happens in one run, in order."""

    events: list[Event] = field(default_factory=list)

    def add(self, *event: Any) -> None:
        self.events.append(event)

    def without(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event[0] not in kinds]

    def only(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event[0] in kinds]

    def generator(self, name: str, source: Source) -> Generator[int, None, None]:
        self.add("begin", name)
        try:
            for index, item in enumerate(source.items):
                if index == source.fails_at:
                    raise Boom(f"{name} failed at {index}")
                self.add("pull", name, item)
                yield item
            if source.fails_at is not None and source.fails_at >= len(source.items):
                raise Boom(f"{name} failed at its end")
            self.add("exhausted", name)
        finally:
            self.add("closed", name)

    async def agenerator(self, name: str, source: Source) -> AsyncGenerator[int, None]:
        generator = self.generator(name, source)
        try:
            for item in generator:
                yield item
        finally:
            generator.close()

    def function(self, index: int, step: Step, result: Callable[[int], Any]) -> Callable[..., Any]:
        """A user's function: it is seen, it may raise, and is otherwise made of digests."""

        def fn(*args: Any) -> Any:
            self.add("call", index, step.name, args)
            number = digest(args if len(args) > 1 else args[0])
            if step.raises_at is not None and number % 7 == step.raises_at:
                raise Boom(f"{step.name} {index} raised")
            return result(number)

        return fn

    def inner(self, index: int, step: Step) -> Callable[[Any], Generator[int, None, None]]:
        """A user's function that makes a generator of a few numbers, which may fail at its end."""
        numbers = itertools.count()

        def make(number: int) -> Generator[int, None, None]:
            items = tuple(range(number % 4))
            fails_at = len(items) if number % 13 == 12 else None
            return self.generator(f"inner {index}.{next(numbers)}", Source(items, fails_at))

        return self.function(index, step, make)


def _test(step: Step) -> Callable[[int], bool]:
    return lambda number: number % (2 + step.n % 3) != 0


def _below(step: Step) -> Callable[[int], bool]:
    return lambda number: number % 16 < 8 + step.n


def _key(step: Step) -> Callable[[int], int]:
    return lambda number: number % (2 + step.n)


# Each with Flow ---------------------------------------------------------------------------------


def apply(flow: Flow[Any], index: int, step: Step, trace: Trace) -> Flow[Any]:
    """The flow with one more operator."""

    def fn(result: Callable[[int], Any]) -> Callable[..., Any]:
        return trace.function(index, step, result)

    match step.name:
        case "map":
            return flow.map(fn(lambda number: number + step.n))
        case "filter":
            return flow.filter(fn(_test(step)))
        case "take":
            return flow.take(step.n)
        case "take_while":
            return flow.take_while(fn(_below(step)))
        case "skip":
            return flow.skip(step.n)
        case "skip_while":
            return flow.skip_while(fn(_test(step)))
        case "scan":
            return flow.scan(fn(lambda number: number % 97), *([step.n] if step.n % 2 else []))
        case "enumerate":
            return flow.enumerate(step.n)
        case "pairwise":
            return flow.pairwise()
        case "distinct":
            return flow.distinct(fn(_key(step))) if step.n else flow.distinct()
        case "distinct_until_changed":
            return flow.distinct_until_changed(fn(_key(step)) if step.n else None)
        case "flat_map_iterable":
            return flow.flat_map_iterable(trace.inner(index, step))
        case "buffer":
            return flow.buffer(max(1, step.n))
        case "tap":
            return flow.tap(fn(lambda number: number))
        case "limit_rate":
            return flow.limit_rate(max(1, step.n))
        case "concat_map":
            make = trace.inner(index, step)
            return flow.concat_map(lambda item: Flow.from_iterable(make(item)))
        case "concat":
            return flow.concat(
                Flow.from_iterable(trace.generator(f"other {index}", Source((1, 2, 3)[: step.n])))
            )
        case "on_error_return":
            return flow.on_error_return(step.n)
        case "on_error_resume":
            resume = Source(tuple(range(step.n)))
            return flow.on_error_resume(
                lambda _: Flow.from_iterable(trace.generator(f"resumed {index}", resume))
            )
        case "on_finally":
            return flow.on_finally(lambda: trace.add("finally", index))
    raise AssertionError(step.name)


def build(flow: Flow[Any], steps: list[Step], trace: Trace) -> Flow[Any]:
    for index, step in enumerate(steps):
        flow = apply(flow, index, step, trace)
    return flow


# Each with the language -------------------------------------------------------------------------


def _distinct(items: Iterator[Any], key: Callable[[Any], Any]) -> Iterator[Any]:
    seen = set()
    for item in items:
        found = key(item)
        if found not in seen:
            seen.add(found)
            yield item


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(itertools.islice(items, size)):
        yield chunk


def _tapped(items: Iterator[Any], fn: Callable[[Any], Any]) -> Iterator[Any]:
    for item in items:
        fn(item)
        yield item


def apply_builtin(items: Iterator[Any], index: int, step: Step, trace: Trace) -> Iterator[Any]:
    """The same operator, in the words of builtins and itertools."""

    def fn(result: Callable[[int], Any]) -> Callable[..., Any]:
        return trace.function(index, step, result)

    match step.name:
        case "map":
            return map(fn(lambda number: number + step.n), items)
        case "filter":
            return filter(fn(_test(step)), items)
        case "take":
            return itertools.islice(items, step.n)
        case "take_while":
            return itertools.takewhile(fn(_below(step)), items)
        case "skip":
            return itertools.islice(items, step.n, None)
        case "skip_while":
            return itertools.dropwhile(fn(_test(step)), items)
        case "scan":
            fold = fn(lambda number: number % 97)
            if step.n % 2:
                return itertools.islice(itertools.accumulate(items, fold, initial=step.n), 1, None)
            return itertools.accumulate(items, fold)
        case "enumerate":
            return enumerate(items, step.n)
        case "pairwise":
            return itertools.pairwise(items)
        case "distinct":
            return _distinct(items, fn(_key(step)) if step.n else lambda item: item)
        case "distinct_until_changed":
            groups = itertools.groupby(items, fn(_key(step)) if step.n else None)
            return (next(group) for _, group in groups)
        case "flat_map_iterable" | "concat_map":
            return itertools.chain.from_iterable(map(trace.inner(index, step), items))
        case "buffer":
            return _chunks(items, max(1, step.n))
        case "tap":
            return _tapped(items, fn(lambda number: number))
        case "concat":
            other = trace.generator(f"other {index}", Source((1, 2, 3)[: step.n]))
            return itertools.chain(items, other)
        case "limit_rate":
            return items
    raise AssertionError(step.name)


def build_builtin(items: Iterable[Any], steps: list[Step], trace: Trace) -> Iterator[Any]:
    built = iter(items)
    for index, step in enumerate(steps):
        built = apply_builtin(built, index, step, trace)
    return built


# Strategies -------------------------------------------------------------------------------------

FLAT = (
    "map", "filter", "take", "take_while", "skip", "skip_while", "scan", "enumerate", "pairwise",
    "distinct", "distinct_until_changed", "buffer", "tap",
)  # fmt: skip
NESTING = ("flat_map_iterable",)
SYNCHRONOUS = (*FLAT, *NESTING)
SWITCHING = (
    "concat_map", "concat", "limit_rate", "on_error_return", "on_error_resume", "on_finally",
)  # fmt: skip
IN_THE_LANGUAGE = (*SYNCHRONOUS, "concat_map", "concat", "limit_rate")

_raises = st.sampled_from([None, None, None, None, 0, 3, 5])


def step_lists(names: tuple[str, ...] = SYNCHRONOUS, most: int = 6) -> st.SearchStrategy[Any]:
    one = st.builds(Step, st.sampled_from(names), st.integers(0, 4), _raises)
    return st.lists(one, max_size=most)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    items = tuple(draw(st.lists(st.integers(0, 30), max_size=14)))
    return Source(items, draw(st.sampled_from([None, None, None, 0, 2, 5, 14])))


early_exits = st.one_of(st.none(), st.integers(0, 5))
