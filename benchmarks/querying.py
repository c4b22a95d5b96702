"""Rows of PostgreSQL beside those of a bare psycopg cursor: `python -m benchmarks queried`, with PGHOST set.

The server is that of libpq's environment; its rows are made by generate_series, so that it needs no table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measure import AtMost, Case
from operators.connectors import postgres, values

ROWS = 100_000
_QUERY = f"SELECT n, 'row ' || n FROM generate_series(1, {ROWS}) n"
_SETTINGS = postgres.SourceSettings()


def _flow() -> Any:
    return postgres.source("", _QUERY, None, _SETTINGS).apply(values())


def _by_for() -> None:
    for _ in _flow():
        pass


async def _by_async_for() -> None:
    async for _ in _flow():
        pass


def _bare(size: int) -> None:
    import psycopg

    with psycopg.connect("") as connection, connection.cursor("bare") as cursor:
        cursor.itersize = size
        cursor.execute(_QUERY.encode())
        for _ in cursor:
            pass


async def _bare_async(size: int) -> None:
    import psycopg

    async with (
        await psycopg.AsyncConnection.connect("") as connection,
        connection.cursor("bare") as cursor,
    ):
        cursor.itersize = size
        await cursor.execute(_QUERY.encode())
        async for _ in cursor:
            pass


def queried() -> list[Case]:
    """A cursor of the server, read in each way, beside one that fetches 100 rows at a time, and as many."""
    ways: dict[str, tuple[Callable[[], Any], Callable[[int], Any], float]] = {
        "async for": (
            lambda: asyncio.run(_by_async_for()),
            lambda size: asyncio.run(_bare_async(size)),
            1.5,
        ),
        # The bare one has no event loop, and nobody beside it who could run meanwhile.
        "for": (_by_for, _bare, 1.5),
    }
    return [
        Case(
            f"PostgreSQL, a cursor, {way}", ours, AtMost(limit), ROWS,
            partial(bare, size), f"psycopg, {size} at a time",
        )
        for way, (ours, bare, limit) in ways.items()
        for size in (100, _SETTINGS.prefetch)
    ]  # fmt: skip
