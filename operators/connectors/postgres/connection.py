"""A connection of one run, on the event loop on which the run is, and what waits for its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from operators._kernel.failures.checks import need_text
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.extras import need

if TYPE_CHECKING:
    from psycopg import AsyncConnection

R = TypeVar("R")
_PATIENCE = 1.0
"""Seconds for the server to break off what was given up; then its connection is closed."""

_ALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""Whether the server's machine is there is asked about now and then: else nobody would notice."""


class Limits(Protocol):
    """What all settings have."""

    @property
    def connect_timeout(self) -> float:
        """The longest that a connection may take, in seconds."""
        ...

    @property
    def timeout(self) -> float:
        """The longest that an answer may take, in seconds."""
        ...


@asynccontextmanager
async def connected(
    conninfo: str, limits: Limits, *, autocommit: bool = False
) -> AsyncGenerator[AsyncConnection[Any]]:
    """Be connected; at the end the connection is closed, and what was not committed is rolled back."""
    connection = await connect(conninfo, limits, autocommit=autocommit)
    try:
        yield connection
    finally:
        with Unbroken():
            await connection.close()


async def connect(
    conninfo: str, limits: Limits, *, autocommit: bool = False
) -> AsyncConnection[Any]:
    """Return a connection, or raise TimeoutError where there is none in time."""
    psycopg = need("psycopg", "postgres")
    options = {**_ALIVE, **need("psycopg.conninfo", "postgres").conninfo_to_dict(conninfo)}
    connecting = psycopg.AsyncConnection.connect(autocommit=autocommit, **options)
    connection: AsyncConnection[Any] = await within(
        limits.connect_timeout,
        connecting,
        "postgres: no connection within {} s (connect_timeout=)",
        psycopg.AsyncConnection.close,
    )
    return connection


async def answer(limits: Limits, asked: Coroutine[Any, Any, R]) -> R:
    """Return the server's answer, or raise TimeoutError where there is none in time."""
    return await within(
        limits.timeout, asked, "postgres: the server has not answered within {} s (timeout=)"
    )


async def within(
    seconds: float,
    work: Coroutine[Any, Any, R],
    late: str,
    undo: Callable[[R], Awaitable[None]] | None = None,
) -> R:
    """Return what it gives, or raise TimeoutError; it has ended by then, whatever happens.

    `undo` is awaited with what it gives all the same, at the moment of a cancel or just after its time.
    """
    task = asyncio.ensure_future(work)
    in_time = False
    try:
        await asyncio.wait((task,), timeout=seconds)
        in_time = task.done()
    finally:
        if not in_time:
            await _ended(task)
            if undo is not None and not task.cancelled() and task.exception() is None:
                await undo(task.result())
    if in_time:
        return task.result()
    raise TimeoutError(late.format(f"{seconds:g}"))


async def _ended(task: asyncio.Future[Any]) -> None:
    # The client has the server break off the query, and waits for that; told again, it closes the
    # connection: of a server that hangs nothing is to be expected.
    while not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait((task,), timeout=_PATIENCE)
    if not task.cancelled():
        task.exception()


def identifier(name: str, *, whole: bool = False) -> str:
    """Return a name as it stands in SQL; what is before a dot is a schema, unless it is taken as a whole."""
    need_text("postgres", "the name of a table or a channel", name)
    if not name or "\0" in name:
        raise ValueError(f"postgres: the name of a table or a channel is expected, got {name!r}")
    parts = [name] if whole else name.split(".")
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
