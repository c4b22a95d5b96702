"""A table as a sink."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments, rows_of
from operators.connectors.message import value_of
from operators.connectors.sqlite.settings import SinkSettings, interrupt, opened
from operators.custom import Sink


class _Sink(Sink[Any]):
    name = "sqlite.sink"

    def __init__(
        self, database: str | os.PathLike[str], statement: str, settings: SinkSettings
    ) -> None:
        self._database = database
        self._statement = statement
        self._settings = settings
        self.details: str = statement
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        settings = self._settings
        whole = settings.transaction == "flow"
        async with Blocking("operators-sqlite") as blocking:
            connection = await blocking.call(
                partial(opened, self._database, settings), sqlite3.Connection.close
            )
            stop = partial(interrupt, connection)

            async def write(items: list[Any]) -> None:
                rows = rows_of("sqlite.sink", map(value_of, items))
                fill: Callable[[], object]
                if whole:
                    fill = partial(connection.executemany, self._statement, rows)
                else:
                    fill = partial(self._transaction, connection, rows)
                await blocking.call(fill, stop=stop)

            try:
                if settings.setup:
                    await blocking.call(
                        partial(connection.executescript, settings.setup), stop=stop
                    )
                if whole:
                    await blocking.call(partial(connection.execute, "BEGIN IMMEDIATE"), stop=stop)
                yield write
                if whole:
                    await blocking.call(connection.commit)
            finally:
                await blocking.call(connection.close)  # what was not committed is rolled back

    def _transaction(self, connection: sqlite3.Connection, rows: list[Any]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(self._statement, rows)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


def sink(
    database: str | os.PathLike[str],
    statement: str,
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that runs a statement for each item, a sequence or a mapping of its parameters.

    What has come while the rows before were written is one transaction, of `settings.batch` rows at most,
    and a row is passed on when that is committed: acknowledged then, each is written at least once. With
    transaction="flow" all of it is one, which is committed before the end is told and rolled back at an
    error or a cancel: all or nothing. A batch that fails is rolled back whole. Fails with an
    sqlite3.Error.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from operators import Flow
    >>> from operators.connectors import sqlite
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "names.db")
    ...     settings = sqlite.SinkSettings(setup="CREATE TABLE names (name)", transaction="flow")
    ...     people = Flow.of({"name": "Ada"}, {"name": "Alan"})
    ...     people.apply(
    ...         sqlite.sink(path, "INSERT INTO names VALUES (:name)", settings)
    ...     ).count().run()
    2
    """
    need_arguments("sqlite.sink", SinkSettings, settings, database=database, statement=statement)
    return _Sink(database, statement, settings)
