"""LISTEN and NOTIFY of PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from operators import Flow
from operators.connectors import postgres
from tests.connectors.faults.postgres import backends
from tests.connectors.servers.base import shared
from tests.connectors.servers.postgres import Postgres
from tests.operators.kit import eventually, probe

on_server = pytest.mark.server("postgres")
_NUMBERS = itertools.count()
ANNOUNCED = postgres.NotificationSettings(announce=True)


def channel() -> str:
    return f"Channel.{next(_NUMBERS)}"


def say(server: Postgres, where: str, *texts: str) -> None:
    for text in texts:
        server.sql("SELECT pg_notify(%s, %s)", (where, text))


def listening(server: Postgres, *channels: str, **settings: Any) -> Any:
    made = postgres.NotificationSettings(announce=True, **settings)
    seen = probe(postgres.notifications(server.conninfo, *channels, settings=made), 1_000)
    eventually(lambda: len(seen.items) == 1, "that it listens")
    assert seen.items[0].headers == {"listening": True}
    return seen


def heard(seen: Any) -> list[Any]:
    return list(seen.items[1:])


@on_server
def test_what_is_said_is_heard_on_the_channels_that_are_listened_to():
    server, here, there, nowhere = shared(Postgres), channel(), channel(), channel()
    seen = listening(server, here, there)
    try:
        say(server, here, "a")
        say(server, nowhere, "not for us")
        say(server, there, "b")
        eventually(lambda: len(heard(seen)) == 2)
        assert [(each.value, each.headers["channel"]) for each in heard(seen)] == [
            ("a", here),
            ("b", there),
        ]
        assert all(each.headers["pid"] > 0 for each in heard(seen))
    finally:
        seen.cancel()
    eventually(lambda: not backends(server), "the end of the connection")


@on_server
def test_nothing_is_lost_while_the_server_is_asked_whether_it_is_there():
    server, here = shared(Postgres), channel()
    seen = listening(server, here, quiet=0.001)
    try:
        server.sql(
            "DO $$ BEGIN FOR n IN 1..300 LOOP "
            f"PERFORM pg_notify('{here}', n::text); COMMIT; END LOOP; END $$"
        )
        eventually(lambda: len(heard(seen)) == 300)
        assert [each.value for each in heard(seen)] == [str(n) for n in range(1, 301)]
    finally:
        seen.cancel()


@on_server
def test_on_an_event_loop():
    server, here = shared(Postgres), channel()

    async def main() -> list[Any]:
        found = []
        flow = postgres.notifications(server.conninfo, here, settings=ANNOUNCED)
        async for message in flow.take(3):
            if message.headers.get("listening"):
                await asyncio.to_thread(say, server, here, "a", "b")
            found.append(message.value)
        return found

    assert asyncio.run(main()) == ["", "a", "b"]


@on_server
def test_a_flow_says_it_by_a_sink():
    server, here = shared(Postgres), channel()
    seen = listening(server, here)
    try:
        saying = postgres.sink(server.conninfo, "SELECT pg_notify(%s, %s)")
        Flow.of((here, "x"), (here, "y")).apply(saying).run()
        eventually(lambda: [each.value for each in heard(seen)] == ["x", "y"])
    finally:
        seen.cancel()


def test_no_channel():
    with pytest.raises(TypeError, match="needs a channel"):
        postgres.notifications("dbname=x")


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_is_no_name(name: str):
    with pytest.raises(ValueError, match="the name of a table or a channel"):
        postgres.notifications("dbname=x", name)
    with pytest.raises(ValueError, match="the name of a table or a channel"):
        postgres.queue_source("dbname=x", name)
