"""One operator everywhere: over what is pulled, pushed and awaited, by every way to consume it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import APulled, Handmade, Pulled, probe

Build = Any
"""A function from a flow to a flow; the checkers are not asked for it, since most are lambdas of any kind."""
Outcome = tuple[list[Any], Exception | None]

# The first three are worked off where they are asked.
SOURCES: dict[str, Callable[[Any, Any], Flow[Any]]] = {
    "pulled": lambda items, error: Flow.from_iterable(Pulled(items, error)),
    "pushed": lambda items, error: Flow.from_publisher(Handmade(items, error)),
    "of a list": lambda items, error: _listed(list(items), error),
    "awaited": lambda items, error: Flow.from_async_iterable(APulled(items, error)),
    "from a thread": lambda items, error: Flow.from_iterable(Pulled(items, error)).subscribe_on(
        thread("ways")
    ),
}


def _listed(items: list[Any], error: Exception | None) -> Flow[Any]:
    flow = Flow.from_iterable(items)
    return flow if error is None else flow.concat(Flow.error(error))


def by_for(flow: Flow[Any]) -> Outcome:
    got: list[Any] = []
    try:
        for item in flow:
            got.append(item)
    except Exception as error:
        return got, error
    return got, None


def by_async_for(flow: Flow[Any]) -> Outcome:
    got: list[Any] = []

    async def go() -> None:
        async with aclosing(aiter(flow)) as items:
            async for item in items:
                got.append(item)

    try:
        asyncio.run(go())
    except Exception as error:
        return got, error
    return got, None


def by_requests(first: int, each: int) -> Callable[[Flow[Any]], Outcome]:
    def consume(flow: Flow[Any]) -> Outcome:
        seen = probe(flow, first, each=each).until_end()
        assert seen.violations == []
        return seen.items, seen.error

    return consume


CONSUMERS: dict[str, Callable[[Flow[Any]], Outcome]] = {
    "for": by_for,
    "async for": by_async_for,
    "request(1)": by_requests(1, 1),
    "request(256)": by_requests(256, 1),
    "UNBOUNDED": by_requests(UNBOUNDED, 0),
}


def everywhere(
    build: Build, items: Iterable[Any], error: Exception | None = None
) -> Iterator[tuple[str, list[Any], Exception | None]]:
    """Give where it ran, what came, and the error, for every source and consumer."""
    given = list(items)
    for source, make in SOURCES.items():
        for way, consume in CONSUMERS.items():
            got, raised = consume(build(make(given, error)))
            yield f"{source}, {way}", got, raised


def gives(build: Build, items: Iterable[Any], expected: list[Any]) -> None:
    """See that the same items come everywhere, and the end."""
    for where, got, raised in everywhere(build, items):
        assert (got, raised) == (expected, None), where


def fails(
    build: Build,
    items: Iterable[Any],
    kind: type[Exception],
    expected: Iterable[Any] = (),
    error: Exception | None = None,
) -> Exception:
    """See that the same items come everywhere, and an error of this kind, which is returned once."""
    last: Exception | None = None
    for where, got, raised in everywhere(build, items, error):
        assert got == list(expected), where
        assert isinstance(raised, kind), (where, raised)
        if error is not None:
            assert raised is error, where
        last = raised
    assert last is not None
    return last


def worlds(items: Iterable[Any], error: Exception | None = None) -> list[Flow[Any]]:
    """Return a flow that is pulled and one that is pushed, of these items."""
    given = list(items)
    return [Flow.from_iterable(Pulled(given, error)), Flow.from_publisher(Handmade(given, error))]
