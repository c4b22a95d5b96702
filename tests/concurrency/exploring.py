"""Scenarios for `explore`, and kernels that are changed a little."""

from __future__ import annotations

import inspect
import os
import textwrap
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from operators import Flow
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.drain import Drain
from operators.testing import Actors, Explored, explore

MORE = int(os.environ.get("INTERLEAVINGS", "0"))
"""How many orders there is time for; `make interleavings` says so."""

Build = Callable[..., "Flow[Any]"]
Scenario = Callable[[Actors], Any]


def orders(scenario: Scenario, most: int) -> Explored:
    """Explore as many orders as a test has time for, or there is time for."""
    return explore(scenario, most=max(most, MORE))


@contextmanager
def mutated(owner: type, method: str, old: str, new: str) -> Iterator[None]:
    """Have a method of the kernel be another one: its source with `old` replaced."""
    real = vars(owner)[method]
    lines, first = inspect.getsourcelines(real)
    source = textwrap.dedent("".join(lines))
    assert source.count(old) == 1, (
        f"{owner.__name__}.{method} has changed: {old!r} is not in it once"
    )
    text = "\n" * (first - 1) + source.replace(old, new)
    space: dict[str, Any] = {}
    exec(compile(text, real.__code__.co_filename, "exec"), real.__globals__, space)
    setattr(owner, method, space[method])
    try:
        yield
    finally:
        setattr(owner, method, real)


def two_in_a_drain(actors: Actors) -> Callable[[], None]:
    drain = Drain()
    work: deque[int] = deque()
    done: list[int] = []
    running: list[str] = []

    def come() -> None:
        for item in range(2):
            work.append(item)
            if not drain.enter():
                continue
            while True:
                assert not running, "two loops at once"
                running.append("")
                actors.step()
                while work:
                    done.append(work.popleft())
                running.clear()
                if not drain.again():
                    break

    actors.add(come, "one")
    actors.add(come, "another")

    def check() -> None:
        assert len(done) == 4, f"a mark was lost: {len(done)} of 4 are done"

    return check


class Asked:
    """A Subscription that notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.cancelled = False

    def request(self, n: int) -> None:
        self.asked.append(n)

    def cancel(self) -> None:
        self.cancelled = True


def arbiter_asked(actors: Actors) -> Callable[[], None]:
    arbiter, upstream = Arbiter(), Asked()
    actors.add(lambda: arbiter.request(2))
    actors.add(lambda: arbiter.request(3))
    actors.add(lambda: arbiter.switch(upstream))

    def check() -> None:
        assert sum(upstream.asked) == 5, f"asked for {upstream.asked} in place of 5"

    return check


def asks(build: Build, expected: Any, *sizes: int) -> Scenario:
    """A consumer asks for one item and then for all, while sources of so many items emit, and end."""

    def scenario(actors: Actors) -> Callable[[], None]:
        sources = _sources(actors, sizes)
        seen = actors.subscriber()
        build(actors, *map(Flow.from_publisher, sources)).subscribe(seen)

        def ask() -> None:
            seen.request(1)
            seen.request(20)

        actors.add(ask, "consumer")

        def check() -> None:
            assert seen.error is None, seen.error
            assert seen.ended, f"no end after {seen.items}"
            got = sorted(seen.items) if isinstance(expected, list) else len(seen.items)
            assert got == expected, seen.items

        return check

    return scenario


def _sources(actors: Actors, sizes: tuple[int, ...]) -> list[Any]:
    return [actors.source(*range(10 * n, 10 * n + size)) for n, size in enumerate(sizes, 1)]


def cancels(build: Build, *sizes: int) -> Scenario:
    """One asks, and another one cancels meanwhile: whatever emits hears of it, or has ended."""

    def scenario(actors: Actors) -> Callable[[], None]:
        discarded: list[Any] = []
        sources = _sources(actors, sizes)
        seen = actors.subscriber()
        flow = build(actors, *map(Flow.from_publisher, sources))
        flow.on_discard(discarded.append).subscribe(seen)
        actors.add(lambda: seen.request(20), "asks")
        actors.add(seen.cancel, "cancels")

        def check() -> None:
            for source in sources:
                assert source.ended or source.cancelled or not source.subscribed, (
                    f"one that nobody waits for emits on: {source.emitted}"
                )

        return check

    return scenario


def keeps(build: Build, size: int) -> Scenario:
    """One asks for all but one item, and another one cancels meanwhile: each item is given once."""

    def scenario(actors: Actors) -> Callable[[], None]:
        discarded: list[Any] = []
        (source,) = _sources(actors, (size,))
        seen = actors.subscriber()
        build(actors, Flow.from_publisher(source)).on_discard(discarded.append).subscribe(seen)
        actors.add(lambda: seen.request(size - 1), "asks")
        actors.add(seen.cancel, "cancels")

        def check() -> None:
            given = sorted([*seen.items, *discarded])
            assert given == sorted(source.emitted), f"{seen.items}, discarded {discarded}"

        return check

    return scenario


def fails(build: Build, *sizes: int) -> Scenario:
    """The first source fails, which is the end of all."""

    def scenario(actors: Actors) -> Callable[[], None]:
        error = ArithmeticError("of the first source")
        first = actors.source(*range(sizes[0]), error=error)
        sources = [first, *_sources(actors, sizes[1:])]
        seen = actors.subscriber()
        build(actors, *map(Flow.from_publisher, sources)).subscribe(seen)
        actors.add(lambda: seen.request(20), "consumer")

        def check() -> None:
            assert seen.ended
            assert seen.error is error
            for source in sources:
                assert source.ended or source.cancelled or not source.subscribed

        return check

    return scenario
