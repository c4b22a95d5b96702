"""A table as a queue: messages that are taken, answered, and come again where they are not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.answers import let_go
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import Message
from operators.connectors.postgres.connection import connect, identifier
from operators.connectors.postgres.leases import Leases
from operators.connectors.postgres.settings import QueueSettings, SinkSettings
from operators.connectors.postgres.sink import RowSink
from operators.custom import AsyncSource, Sink

if TYPE_CHECKING:
    from operators.flow import Flow


def queue_schema(table: str) -> str:
    """Return the SQL that makes the table of a queue, where there is none.

    >>> from operators.connectors import postgres
    >>> print(postgres.queue_schema("jobs").partition(" (")[0])
    CREATE TABLE IF NOT EXISTS "jobs"
    """
    name = identifier(table)
    index = identifier(table.rpartition(".")[2] + "_owner")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (\n"
        "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
        "    payload jsonb NOT NULL,\n"
        "    attempts int NOT NULL DEFAULT 0,\n"
        "    visible_at timestamptz NOT NULL DEFAULT now(),\n"
        "    owner uuid\n"
        ");\n"
        f"CREATE INDEX IF NOT EXISTS {index} ON {name} (owner) WHERE owner IS NOT NULL;\n"
    )


class _Source(AsyncSource[Message[Any]]):
    name = "postgres.queue_source"

    def __init__(self, conninfo: str, table: str, settings: QueueSettings) -> None:
        identifier(table)
        self._conninfo = conninfo
        self._table = table
        self._settings = settings
        self.details: str = table
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[Iterator[Message[Any]]]:
        settings = self._settings
        connection = await connect(self._conninfo, settings, autocommit=True)
        leases = Leases(connection, self._table, settings)
        failed = False
        try:
            while True:
                leases.check()
                before = leases.in_hand
                room = min(settings.in_hand - before, settings.prefetch)
                if room > 0 and (messages := await leases.take(room)):
                    yield let_go(messages)
                elif settings.until_empty and not before and await leases.empty():
                    return
                else:
                    # More room, or that nothing is in hand any more, is not waited for the whole pause.
                    enough = 0 if room > 0 else before - 1
                    await leases.pause(lambda n=enough, b=before: leases.in_hand <= n < b)  # type: ignore[misc]
        except Exception:
            failed = True
            raise
        finally:
            with Unbroken():
                await leases.leave(failed=failed)


def queue_source(
    conninfo: str,
    table: str,
    settings: QueueSettings = QueueSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of the messages in a table of `queue_schema`, each of which is given to one at a time.

    They are taken when one is asked for (§1.1), `settings.prefetch` at a time, in the order in which they
    were put in; whoever takes some passes over those that others are just taking (FOR UPDATE SKIP LOCKED),
    so any number of programs may share a table. The value is the payload; the headers are "queue", "id" and
    "attempt", which is 1 the first time. `ack()` deletes the row, `nack()` has it given again, `reject`
    leaves it where it is, for nobody. At least once: when the flow ends, in whatever way, what was passed on
    may be answered for `settings.linger` seconds more; what is not is given back; of a program that was
    killed it is given again when the lease has run out. It goes on for ever, or until the table is empty.
    Fails as `source` does.

    >>> from operators.connectors import postgres
    >>> async def worker(shop, send):
    ...     async for message in postgres.queue_source(shop, "letters"):
    ...         await send(message.value)
    ...         message.ack()
    """
    need_arguments("postgres.queue_source", QueueSettings, settings, conninfo=conninfo, table=table)
    return _Source(conninfo, table, settings).flow()


class _QueueSink(RowSink):
    name = "postgres.queue_sink"


def queue_sink(
    conninfo: str,
    table: str,
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that puts each item into a table of `queue_schema`, as JSON.

    For transactions, bounds, the promise and errors it is `sink`; a TypeError is for what is no JSON. Whoever
    writes rows in the same database may as well put messages in themselves, in the same transaction:
    `INSERT INTO jobs (payload) VALUES ('{"id": 7}')`.

    >>> from operators import Flow
    >>> from operators.connectors import postgres
    >>> def put(shop, *jobs):
    ...     made = postgres.SinkSettings(setup=postgres.queue_schema("jobs"))
    ...     return Flow.of(*jobs).apply(postgres.queue_sink(shop, "jobs", made))
    """
    need_arguments("postgres.queue_sink", SinkSettings, settings, conninfo=conninfo, table=table)
    statement = f"INSERT INTO {identifier(table)} (payload) VALUES (%s)"
    return _QueueSink(conninfo, statement, settings, _as_json)


def _as_json(value: Any) -> tuple[Any]:
    return (need("psycopg.types.json", "postgres").Jsonb(value),)
