"""postgres, on a real server that all share."""

from __future__ import annotations

import itertools
from typing import Any

from operators import Flow
from operators.connectors import postgres, values
from tests.connectors.kit import EACH, MANY
from tests.connectors.servers.base import shared
from tests.connectors.servers.postgres import Postgres
from tests.tck.own import Own

needs = "postgres"
_TABLES = itertools.count()
_UNTIL_EMPTY = postgres.QueueSettings(until_empty=True)
_ANNOUNCED = postgres.NotificationSettings(announce=True)
_COUNTING = "SELECT n FROM generate_series(1, %s) n"
_KEEPING = postgres.SinkSettings(setup="CREATE TABLE IF NOT EXISTS kit (n bigint)")


def as_row(n: int) -> tuple[int]:
    return (n,)


def _source(elements: int) -> Flow[Any]:
    return postgres.source(shared(Postgres).conninfo, _COUNTING, (min(elements, 1_000),))


def _sink(elements: int) -> Flow[Any]:
    server = shared(Postgres)
    written = postgres.sink(server.conninfo, "INSERT INTO kit VALUES (%s)", _KEEPING)
    return Flow.range(elements).map(as_row).apply(written)


def _filled(elements: int) -> str:
    """The name of a queue's table with so many messages."""
    name = f"kit_{next(_TABLES)}"
    count = min(elements, 1_000)
    shared(Postgres).sql(
        f"{postgres.queue_schema(name)}"
        f"INSERT INTO {name} (payload) SELECT to_jsonb(n) FROM generate_series(1, {count}) n"
    )
    return name


def _queue(elements: int) -> Flow[Any]:
    server = shared(Postgres)

    def filled() -> Flow[Any]:
        source = postgres.queue_source(server.conninfo, _filled(elements), _UNTIL_EMPTY)
        return source.apply(values())

    return Flow.defer(filled)


def _notifications(elements: int) -> Flow[Any]:
    server = shared(Postgres)

    def said() -> Flow[Any]:
        channel = f"kit_{next(_TABLES)}"

        def say(message: Any) -> None:
            if message.headers.get("listening"):
                server.sql(
                    f"SELECT pg_notify('{channel}', n::text) FROM generate_series(1, %s) n",
                    (count,),
                )

        listening = postgres.notifications(server.conninfo, channel, settings=_ANNOUNCED)
        return listening.tap(say).skip(1).take(count).apply(values()) if count else Flow.empty()

    count = min(elements, 1_000)
    return Flow.defer(said)


def _queue_sink(elements: int) -> Flow[Any]:
    settings = postgres.SinkSettings(setup=postgres.queue_schema("kit_sink"))
    return Flow.range(elements).apply(
        postgres.queue_sink(shared(Postgres).conninfo, "kit_sink", settings)
    )


SOURCES = [
    Own("postgres.source", _source, MANY, hops=True),
    Own("postgres.queue_source", _queue, MANY, hops=True),
    Own("postgres.notifications", _notifications, MANY, hops=True),
]
SINKS = [
    Own("postgres.sink", _sink, EACH, hops=True),
    Own("postgres.queue_sink", _queue_sink, EACH, hops=True),
]
VALUES = {"postgres.sink": as_row}
