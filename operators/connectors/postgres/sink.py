"""A table as a sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from operators.connectors.arguments import need_arguments, rows_of
from operators.connectors.extras import need
from operators.connectors.message import value_of
from operators.connectors.postgres.connection import answer, connected
from operators.connectors.postgres.settings import SinkSettings
from operators.custom import Sink

if TYPE_CHECKING:
    from psycopg import AsyncConnection


# Of two that make a table at the same moment one fails, also with IF NOT EXISTS. The number is ours.
_ONE_AT_A_TIME = b"SELECT pg_advisory_xact_lock(7331001)"


class RowSink(Sink[Any]):
    """Writes rows by a statement; `row` makes one of a value."""

    name = "postgres.sink"

    def __init__(
        self,
        conninfo: str,
        statement: str,
        settings: SinkSettings,
        row: Callable[[Any], Any] | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._statement = statement
        self._settings = settings
        self._row = row
        self._copies = statement.lstrip()[:5].upper().rstrip() == "COPY"
        self.details: str = statement
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        settings = self._settings
        whole = settings.transaction == "flow"
        async with connected(self._conninfo, settings) as connection:

            async def write(items: list[Any]) -> None:
                found = map(value_of, items)
                rows = rows_of("postgres.sink", map(self._row, found) if self._row else found)
                if whole:
                    await answer(settings, self._fill(connection, rows))
                else:
                    await self._transaction(connection, rows)

            if settings.setup:
                await answer(settings, connection.execute(_ONE_AT_A_TIME))
                await answer(settings, connection.execute(settings.setup.encode()))
                await answer(settings, connection.commit())
            if settings.isolation:
                levels = need("psycopg", "postgres").IsolationLevel
                await connection.set_isolation_level(
                    levels[settings.isolation.upper().replace(" ", "_")]
                )
            yield write
            if whole:
                await answer(settings, connection.commit())

    async def _transaction(self, connection: AsyncConnection[Any], rows: list[Any]) -> None:
        settings = self._settings
        errors = need("psycopg.errors", "postgres")
        tries = 0
        while True:
            try:
                await answer(settings, self._fill(connection, rows))
                await answer(settings, connection.commit())
                return
            except (errors.SerializationFailure, errors.DeadlockDetected):
                # Others were in the way: the server asks for the whole of it to be done again.
                tries += 1
                if tries > settings.retries:
                    raise
                await answer(settings, connection.rollback())
            await asyncio.sleep(settings.backoff.pause(tries))

    async def _fill(self, connection: AsyncConnection[Any], rows: list[Any]) -> None:
        async with connection.cursor() as cursor:
            if not self._copies:
                await cursor.executemany(self._statement.encode(), rows)
                return
            async with cursor.copy(self._statement.encode()) as copy:
                for row in rows:
                    await copy.write_row(_columns(row))


def _columns(row: Any) -> Sequence[Any]:
    # Text would be taken apart into its characters.
    if not isinstance(row, Sequence) or isinstance(row, (str, bytes)):
        raise TypeError(
            f"postgres.sink: COPY takes a tuple or a list of the columns of each row, got {row!r}"
        )
    columns: Sequence[Any] = row  # pyright: ignore[reportUnknownVariableType]
    return columns


def sink(
    conninfo: str,
    statement: str,
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that runs a statement for each item, a sequence or a mapping of its parameters.

    With "COPY table (columns) FROM STDIN" the items are tuples or lists of columns, and are copied, which
    is several times as fast. What has come while the rows before were written is one transaction, of
    `settings.batch` rows at most, and a row is passed on when that is committed: acknowledged then, each is
    written at least once. It is done again after a serialisation failure or a deadlock. With
    transaction="flow" all of it is one, which is committed before the end is told and rolled back at an
    error or a cancel: all or nothing, and not done again. Fails as `source` does.

    >>> from operators import Flow
    >>> from operators.connectors import postgres
    >>> def sell(shop, *rows):
    ...     statement = "INSERT INTO sold (name, price) VALUES (%s, %s)"
    ...     return Flow.of(*rows).apply(postgres.sink(shop, statement))
    >>> copy = postgres.SinkSettings(transaction="flow", isolation="serializable")
    >>> into_archive = postgres.sink("dbname=archive", "COPY sold (name, price) FROM STDIN", copy)
    """
    need_arguments("postgres.sink", SinkSettings, settings, conninfo=conninfo, statement=statement)
    return RowSink(conninfo, statement, settings)
