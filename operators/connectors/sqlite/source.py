"""The rows of a query as a source."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.sqlite.settings import SourceSettings, interrupt, opened
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

Parameters = Sequence[Any] | Mapping[str, Any]


class _Source(AsyncSource[Message[Any]]):
    name = "sqlite.source"

    def __init__(
        self,
        database: str | os.PathLike[str],
        query: str,
        parameters: Parameters,
        settings: SourceSettings,
    ) -> None:
        self._database = database
        self._query = query
        self._parameters = parameters
        self._settings = settings
        self.details: str = query
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        settings = self._settings
        async with Blocking("operators-sqlite") as blocking:
            connection = await blocking.call(
                partial(opened, self._database, settings), sqlite3.Connection.close
            )
            stop = partial(interrupt, connection)
            try:
                cursor = await blocking.call(
                    partial(connection.execute, self._query, self._parameters), stop=stop
                )
                if settings.rows == "dict":
                    cursor.row_factory = _as_dict
                # Who wants few rows is not to pay for many: the more are used, the more are fetched.
                size = 1
                while rows := await blocking.call(partial(cursor.fetchmany, size), stop=stop):
                    yield [Message(row) for row in rows]
                    if len(rows) < size:
                        break
                    size = min(2 * size, settings.prefetch)
            finally:
                # The read transaction ends with it; others may then write over what it has seen.
                await blocking.call(connection.close)


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def source(
    database: str | os.PathLike[str],
    query: str,
    parameters: Parameters = (),
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of the rows of a query, which is run anew for each Subscriber.

    It has a connection and a thread of its own. Rows are fetched when one is asked for (§1.1): first one,
    then twice as many each time, up to `settings.prefetch`; no others are in memory. All of them are of one
    moment: the read transaction ends with the flow, so that a slow one keeps a database in WAL mode from
    being tidied up. A cancel interrupts the query. Fails with an sqlite3.Error.

    >>> from operators.connectors import sqlite
    >>> counting = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"
    >>> [message.value for message in sqlite.source(":memory:", counting).take(3)]
    [(1,), (2,), (3,)]
    """
    need_arguments(
        "sqlite.source",
        SourceSettings,
        settings,
        database=database,
        query=query,
        parameters=parameters,
    )
    return _Source(database, query, parameters, settings).flow()
