"""The rows of a query as a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import Message
from operators.connectors.postgres.connection import answer, connected
from operators.connectors.postgres.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

Parameters = Sequence[Any] | Mapping[str, Any] | None


class _Source(AsyncSource[Message[Any]]):
    name = "postgres.source"

    def __init__(
        self, conninfo: str, query: str, parameters: Parameters, settings: SourceSettings
    ) -> None:
        self._conninfo = conninfo
        self._query = query
        self._parameters = parameters
        self._settings = settings
        self.details: str = query
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        settings = self._settings
        async with connected(self._conninfo, settings) as connection:
            factories = need("psycopg.rows", "postgres")
            factory = factories.dict_row if settings.rows == "dict" else factories.tuple_row
            cursor = connection.cursor("operators", row_factory=factory, binary=settings.binary)
            try:
                await answer(settings, cursor.execute(self._query.encode(), self._parameters))
                # Who wants few rows is not to pay for many: the more are used, the more are fetched.
                size = 1
                while rows := await answer(settings, cursor.fetchmany(size)):
                    yield [Message(row) for row in rows]
                    if len(rows) < size:
                        break
                    size = min(2 * size, settings.prefetch)
                await answer(settings, connection.commit())
            finally:
                with Unbroken():
                    # The cursor ends with its transaction: closed first, it would be one question more.
                    await connection.close()
                    await cursor.close()


def source(
    conninfo: str,
    query: str,
    parameters: Parameters = None,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of the rows of a query, which is run anew for each Subscriber.

    `conninfo` is a URI or key=value pairs of libpq. Each run has a connection and a cursor of the server,
    on the event loop where it is subscribed to, or on the library's own. Rows are fetched when one is asked
    for (§1.1): first one, then twice as many each time, up to `settings.prefetch`; no others are in memory.
    All are of one moment, in a transaction that ends with the flow: it is committed when all rows are there,
    and rolled back at an error or a cancel, which breaks off the query. Fails with a psycopg.Error; with
    TimeoutError where the server does not answer; with MissingExtraError without psycopg.

    >>> from operators.connectors import postgres, values
    >>> def cheap(shop, limit):
    ...     query = "SELECT name, price FROM sold WHERE price < %s ORDER BY name"
    ...     return postgres.source(shop, query, (limit,)).apply(values())
    >>> cheap("postgresql://localhost/shop", 5).map(str)  # it connects when it is run
    <Flow postgres.source | flat_map_iterable | values | map>
    """
    need_arguments(
        "postgres.source", SourceSettings, settings, conninfo=conninfo, parameters=parameters
    )
    return _Source(conninfo, query, parameters, settings).flow()
