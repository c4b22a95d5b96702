"""A table of PostgreSQL as a queue."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from operators import Flow
from operators.connectors import postgres, values
from operators.connectors.answers import reject
from tests.connectors.faults.postgres import backends
from tests.connectors.kit import DEADLINE
from tests.connectors.servers.base import shared
from tests.connectors.servers.postgres import Postgres
from tests.operators.kit import eventually, probe

_NUMBERS = itertools.count()


@contextmanager
def queue(*payloads: Any) -> Iterator[tuple[Postgres, str]]:
    """A queue's table of one's own, with something in it."""
    server = shared(Postgres)
    name = f"queue_{next(_NUMBERS)}"
    made = postgres.SinkSettings(setup=postgres.queue_schema(name))
    Flow.of(*payloads).apply(postgres.queue_sink(server.conninfo, name, made)).run()
    try:
        yield server, name
    finally:
        eventually(lambda: not backends(server), "the end of the runs")
        server.sql(f"DROP TABLE {name}")


def payloads(server: Postgres, name: str, where: str = "true") -> list[Any]:
    return [each for (each,) in server.sql(f"SELECT payload FROM {name} WHERE {where} ORDER BY id")]


def taking(server: Postgres, name: str, **settings: Any) -> Flow[Any]:
    made = postgres.QueueSettings(**{"poll": 0.02, "linger": 0.05, **settings})
    return postgres.queue_source(server.conninfo, name, made)


pytestmark = pytest.mark.server("postgres")


def test_what_is_put_in_is_taken_out_in_order_and_gone():
    given = [{"n": n} for n in range(100)]
    with queue(*given) as (server, name):
        taken = []
        for message in taking(server, name, until_empty=True):
            taken.append(message.value)
            assert message.headers["queue"] == name
            assert message.headers["attempt"] == 1
            message.ack()
        assert taken == given
        assert payloads(server, name) == []


def test_what_comes_later_is_seen():
    with queue() as (server, name):
        seen = probe(taking(server, name).apply(values()), 10)
        try:
            eventually(lambda: backends(server))
            server.sql(f"INSERT INTO {name} (payload) VALUES ('\"late\"')")
            eventually(lambda: seen.items == ["late"])
            eventually(lambda: payloads(server, name) == [])
        finally:
            seen.cancel()


def test_demand_reaches_the_table():
    with queue(*range(10)) as (server, name):
        seen = probe(taking(server, name, prefetch=1), 3)
        try:
            eventually(lambda: len(seen.items) == 3)
            assert payloads(server, name, "owner IS NOT NULL") == [0, 1, 2]
        finally:
            seen.cancel()


def test_no_more_are_taken_than_may_be_unanswered():
    with queue(*range(10)) as (server, name):
        seen = probe(taking(server, name, in_hand=4, prefetch=3), 10)
        try:
            eventually(lambda: len(seen.items) == 4)
            assert payloads(server, name, "owner IS NOT NULL") == [0, 1, 2, 3]
            seen.items[1].ack()
            eventually(lambda: len(seen.items) == 5)
            eventually(lambda: payloads(server, name, "owner IS NOT NULL") == [0, 2, 3, 4])
        finally:
            seen.cancel()


def test_what_is_refused_comes_again():
    with queue("a", "b") as (server, name):
        taken: list[tuple[str, int]] = []
        for message in taking(server, name, until_empty=True, again=0.05):
            taken.append((message.value, message.headers["attempt"]))
            if message.value == "a" and message.headers["attempt"] < 3:
                message.nack()
            else:
                message.ack()
        assert taken == [("a", 1), ("b", 1), ("a", 2), ("a", 3)]


def test_what_is_not_answered_is_given_back_at_the_end():
    with queue(*range(5)) as (server, name):
        seen = probe(taking(server, name), 5)
        eventually(lambda: len(seen.items) == 5)
        seen.items[0].ack()
        seen.cancel()
        eventually(lambda: payloads(server, name, "owner IS NULL") == [1, 2, 3, 4])
        again = taking(server, name, until_empty=True).tap(lambda message: message.ack())
        assert [(each.value, each.headers["attempt"]) for each in again] == [
            (n, 2) for n in (1, 2, 3, 4)
        ]


def test_what_was_passed_on_may_be_answered_after_the_end():
    with queue(*range(5)) as (server, name):
        for message in taking(server, name, linger=20).take(3):
            message.ack()
        eventually(lambda: payloads(server, name) == [3, 4])
        eventually(lambda: payloads(server, name, "owner IS NULL") == [3, 4])


def test_what_is_rejected_stays_and_is_given_to_nobody():
    with queue("good", "bad") as (server, name):
        for message in taking(server, name, until_empty=True):
            assert reject(message) if message.value == "bad" else message.ack()
        assert payloads(server, name, "visible_at = 'infinity'") == ["bad"]


def test_a_lease_is_made_longer_while_its_message_is_in_hand():
    with queue("slow") as (server, name):
        mine = probe(taking(server, name, lease=0.6), 2)
        other = probe(taking(server, name, lease=0.6), 2)
        try:
            eventually(lambda: mine.items or other.items)
            times: set[Any] = set()

            def extended() -> bool:
                times.update(server.sql(f"SELECT visible_at FROM {name}"))
                return len(times) >= 5

            eventually(extended, "four times longer")
            assert len(mine.items) + len(other.items) == 1
        finally:
            mine.cancel()
            other.cancel()


def test_an_answer_to_a_lease_that_has_run_out_is_no_answer():
    with queue("x") as (server, name):
        late = probe(taking(server, name), 1)
        try:
            eventually(lambda: len(late.items) == 1)
            # Its time is over, for instance because its machine stood still.
            server.sql(f"UPDATE {name} SET visible_at = now() - interval '1 s'")
            seen = probe(taking(server, name), 1)
            try:
                eventually(lambda: len(seen.items) == 1)
                assert seen.items[0].headers["attempt"] == 2
                late.items[0].ack()
                late.cancel()
                eventually(lambda: len(backends(server)) == 1, "the end of the late one")
                assert payloads(server, name, "owner IS NOT NULL") == ["x"]
            finally:
                seen.cancel()
        finally:
            late.cancel()


def test_many_workers_share_a_table_and_each_message_goes_to_one():
    with queue(*range(400)) as (server, name):
        taken: list[int] = []

        def work(message: Any) -> None:
            taken.append(message.value)
            message.ack()

        runs = [taking(server, name, prefetch=7, until_empty=True).for_each(work) for _ in range(4)]
        for run in runs:
            run.result(DEADLINE)
        assert Counter(taken) == Counter(range(400))


def test_answers_from_other_threads():
    with queue(*range(50)) as (server, name):
        flow = taking(server, name, until_empty=True)
        threads: list[threading.Thread] = []
        for message in flow:
            thread = threading.Thread(target=message.ack)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
        assert payloads(server, name) == []


def test_on_an_event_loop():
    async def main(server: Postgres, name: str) -> list[int]:
        found = []
        async for message in taking(server, name, until_empty=True):
            await asyncio.sleep(0)
            found.append(message.value)
            message.ack()
        return found

    with queue(*range(50)) as (server, name):
        assert asyncio.run(main(server, name)) == list(range(50))


def test_what_is_no_json_is_refused():
    with queue() as (server, name), pytest.raises(TypeError, match="JSON serializable"):
        Flow.of(object()).apply(postgres.queue_sink(server.conninfo, name)).run()


def test_no_such_queue():
    server = shared(Postgres)
    with pytest.raises(psycopg.errors.UndefinedTable, match="nowhere"):
        taking(server, "nowhere").run()


def test_a_schema_and_a_name_that_needs_quotes():
    server = shared(Postgres)
    server.sql('CREATE SCHEMA "My jobs"')
    try:
        name = 'My jobs.of "today"'
        made = postgres.SinkSettings(setup=postgres.queue_schema(name))
        Flow.of(1).apply(postgres.queue_sink(server.conninfo, name, made)).run()
        assert [*taking(server, name, until_empty=True).apply(values())] == [1]
    finally:
        server.sql('DROP SCHEMA "My jobs" CASCADE')
