"""What goes wrong around PostgreSQL."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from operators import Backoff, Flow
from operators.connectors import Message, postgres, values
from tests.connectors.kit import cancelled_after, eventually, outcome
from tests.connectors.peers import hanging, nowhere, proxy
from tests.connectors.servers.base import own, shared
from tests.connectors.servers.postgres import LOOKS_ON, Postgres

needs = "postgres"
_NUMBERS = itertools.count()
_BY_TEN = postgres.SourceSettings(prefetch=10)
_SOON = Backoff(first=0.05, most=0.5)


@contextmanager
def table(columns: str = "n bigint PRIMARY KEY") -> Iterator[tuple[Postgres, str]]:
    """A table of one's own on the server that all share."""
    server = shared(Postgres)
    name = f"table_{next(_NUMBERS)}"
    server.sql(f"CREATE TABLE {name} ({columns})")
    try:
        yield server, name
    finally:
        server.sql(f"DROP TABLE {name}")


def rows(server: Postgres, name: str) -> list[Any]:
    return [n for (n,) in server.sql(f"SELECT n FROM {name} ORDER BY n")]


def into(server: Postgres, name: str, flow: Flow[int], **settings: Any) -> Flow[Any]:
    made = postgres.SinkSettings(**settings)
    statement = f"INSERT INTO {name} VALUES (%s)"
    return flow.map(lambda n: (n,)).apply(postgres.sink(server.conninfo, statement, made))


def told(run: Callable[[], Any]) -> str:
    """What it raises, without what differs from run to run."""
    found = re.sub(r"port (?:number )?\d+", "port ...", outcome(run))
    return re.sub(r"table_\d+", "numbers", re.sub(r"\s+", " ", found))


def backends(server: Postgres) -> list[Any]:
    """The connections that flows have to the server."""
    return server.sql(
        "SELECT state, query FROM pg_stat_activity "
        "WHERE backend_type = 'client backend' AND application_name <> %s",
        (LOOKS_ON,),
    )


def nobody_there() -> str:
    host, port = nowhere()
    return told(postgres.source(f"host={host} port={port} user=x dbname=x", "SELECT 1").run)


def it_never_answers() -> str:
    (host, port), gone = hanging()
    settings = postgres.SourceSettings(connect_timeout=0.2)
    conninfo = f"host={host} port={port} user=x dbname=x"
    try:
        return told(postgres.source(conninfo, "SELECT 1", None, settings).run)
    finally:
        gone.set()


def wrong_password() -> str:
    server = shared(Postgres)
    conninfo = server.at(server.host, server.port, password="guess")
    return told(postgres.source(conninfo, "SELECT 1").run)


def no_table() -> str:
    return told(postgres.source(shared(Postgres).conninfo, "SELECT * FROM nowhere").run)


def a_row_that_is_refused() -> str:
    with table() as (server, name):
        found = told(into(server, name, Flow.of(1, 2, 3, 2, 4), batch=1).run)
        assert rows(server, name) == [1, 2, 3]
        return f"{found}; what was passed on stays"


def all_or_nothing() -> str:
    with table() as (server, name):
        found = told(into(server, name, Flow.of(1, 2, 3, 2), transaction="flow").run)
        assert rows(server, name) == []
        return f'with transaction="flow": {found}; nothing is written'


def cancel_while_it_works() -> str:
    with own(Postgres) as server:
        run = postgres.source(server.conninfo, "SELECT pg_sleep(600)").for_each(lambda _: None)
        cancelled_after(run, lambda: any("FETCH" in query for _, query in backends(server)))
        eventually(lambda: not backends(server), "the end of the query")
    return "the query is broken off"


def cancel_between_rows() -> str:
    with table() as (server, name):
        server.sql(f"INSERT INTO {name} VALUES (1), (2)")
        query = f"SELECT n FROM {name} ORDER BY n FOR UPDATE"
        seen: list[Any] = []

        def locked() -> bool:
            return not server.sql(f"SELECT n FROM {name} WHERE n = 1 FOR UPDATE SKIP LOCKED")

        for message in postgres.source(server.conninfo, query):
            seen.append(message.value)
            assert locked()
            break
        eventually(lambda: not locked(), "the end of the transaction")
    return "it is rolled back, and what it had locked is free"


def cancel_while_it_writes() -> str:
    with table() as (server, name):
        written: list[Any] = []
        run = into(server, name, Flow.range(10_000_000), batch=10).for_each(written.append)
        cancelled_after(run, lambda: len(written) > 50)
        there = rows(server, name)
        assert there == list(range(len(there)))
        assert len(there) >= len(written)
    return "whole batches are there, and all that was passed on"


def slow_reader() -> str:
    with table() as (server, name):
        into(server, name, Flow.range(1_000)).run()
        settings = postgres.SourceSettings(prefetch=10)
        flow = postgres.source(server.conninfo, f"SELECT n FROM {name}", None, settings)
        for seen, _ in enumerate(flow.take(15)):
            if seen == 12:
                into(server, name, Flow.of(-1)).run()
    return "`prefetch` rows in hand; others may read and write"


def two_threads() -> str:
    with table() as (server, name):
        flows = [into(server, name, Flow.range(at, 400, 2)) for at in range(2)]
        runs = [flow.for_each(lambda _: None) for flow in flows]
        for run in runs:
            run.result(20)
        assert rows(server, name) == list(range(400))
    return "each row once"


def lost(run: Callable[[], Any]) -> None:
    """The server is gone, in whatever way that is noticed."""
    try:
        run()
    except psycopg.OperationalError:
        return
    raise AssertionError("it went well")


def killed_while_it_reads() -> str:
    with own(Postgres) as server:
        last = [0]

        def rest() -> Flow[Any]:
            query = "SELECT n FROM generate_series(%s::int, 2000) n"
            return postgres.source(server.conninfo, query, (last[0] + 1,), _BY_TEN).apply(values())

        def seen(row: tuple[int]) -> None:
            last[0] = row[0]
            if row[0] == 1_005 and not again:
                again.append(True)
                server.kill()
                server.begin()

        again: list[bool] = []
        lost(rest().tap(seen).run)
        assert last[0] < 2_000
        last[0], again[:] = 0, []
        found = list(Flow.defer(rest).tap(seen).retry(backoff=_SOON))
        assert found == [(n,) for n in range(1, 2_001)]
    return "OperationalError; with `retry(backoff=)` it goes on after the last row, where the query says so"


def killed_while_it_writes() -> str:
    with own(Postgres) as server:
        server.sql("CREATE TABLE numbers (n bigint)")
        written: list[int] = []

        def seen(row: tuple[int]) -> None:
            written.append(row[0])
            if len(written) == 500:
                server.kill()

        lost(into(server, "numbers", Flow.range(100_000), batch=10).tap(seen).run)
        server.begin()
        there = rows(server, "numbers")
        assert there == list(range(len(there)))
        assert 500 <= len(written) <= len(there) <= len(written) + 20
    return "OperationalError; all that was passed on is there, and a batch more at most"


def _has(seen: list[Any], count: int) -> bool:
    return len(seen) == count


def killed_while_it_listens() -> str:
    with own(Postgres) as server:
        announced = postgres.NotificationSettings(announce=True)
        flow = postgres.notifications(server.conninfo, "orders", settings=announced)
        seen: list[Any] = []
        run = flow.restart(_SOON).for_each(seen.append)
        try:
            for times in (1, 2):
                eventually(partial(_has, seen, 2 * times - 1), "that it listens")
                server.sql("NOTIFY orders, 'tea'")
                eventually(partial(_has, seen, 2 * times))
                if times == 1:
                    server.kill()
                    server.begin()
            assert [each.value for each in seen] == ["", "tea", "", "tea"]
        finally:
            cancelled_after(run, lambda: True)
    return "with `restart` it listens again, and says so; what was said meanwhile is lost"


def killed_with_messages_in_hand() -> str:
    with own(Postgres) as server:
        filled(server, 200)
        settings = postgres.QueueSettings(lease=0.5, poll=0.02, until_empty=True)
        taken: Counter[int] = Counter()

        def work(message: Any) -> None:
            taken[message.value] += 1
            if sum(taken.values()) == 50:
                server.kill()
                server.begin()
            message.ack()

        flow = postgres.queue_source(server.conninfo, "jobs", settings)
        flow.retry(backoff=_SOON).tap(work).run()
        assert sorted(taken) == list(range(1, 201))
    return "with `retry` all are given, those that were in hand once more"


def a_worker_is_killed() -> str:
    server = shared(Postgres)
    filled(server, 40)
    try:
        command = [sys.executable, "-c", _WORKER, server.conninfo]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        assert worker.stdout is not None
        answered = [int(worker.stdout.readline()) for _ in range(10)]
        worker.kill()
        with worker.stdout:
            worker.wait()
        taken: list[int] = []
        settings = postgres.QueueSettings(poll=0.02, until_empty=True)
        for message in postgres.queue_source(server.conninfo, "jobs", settings):
            taken.append(message.value)
            message.ack()
    finally:
        server.sql("DROP TABLE jobs")
    assert answered == list(range(1, 11))
    # An answer that had not got to the server yet is none.
    assert set(range(11, 41)) <= set(taken)
    assert len(taken) == len(set(taken))
    return "SIGKILL: what it had in hand is given to others when its lease has run out"


_ROOT = Path(__file__).parents[3]
_WORKER = """
import sys, time
from operators.connectors import postgres
settings = postgres.QueueSettings(lease=1.0, poll=0.02, prefetch=16)
for n, message in enumerate(postgres.queue_source(sys.argv[1], "jobs", settings)):
    if n == 10:
        time.sleep(600)
    message.ack()
    print(message.value, flush=True)
"""


def filled(server: Postgres, count: int) -> None:
    server.sql(
        f"{postgres.queue_schema('jobs')}"
        f"INSERT INTO jobs (payload) SELECT to_jsonb(n) FROM generate_series(1, {count}) n"
    )


def it_hangs() -> str:
    with own(Postgres) as server:
        settings = postgres.SourceSettings(prefetch=10, timeout=0.3)
        query = "SELECT n FROM generate_series(1, 100000) n"
        flow = postgres.source(server.conninfo, query, None, settings)

        def hang(message: Message[Any]) -> None:
            if message.value == (500,):
                server.hang()

        return told(flow.tap(hang).run)


def cancel_while_it_hangs() -> str:
    with own(Postgres) as server:
        seen: list[Any] = []
        query = "SELECT n FROM generate_series(1, 100000) n"
        begun = threading.Event()

        def hang(message: Message[Any]) -> None:
            seen.append(message)
            if len(seen) == 500:
                server.hang()
                begun.set()

        run = postgres.source(server.conninfo, query, None, _BY_TEN).for_each(hang)
        cancelled_after(run, begun.is_set)
        server.go_on()
        eventually(lambda: not backends(server), "the end of the connection")
    return "it is over in 1 or 2 seconds, and the connection is closed"


_MANY = "SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n"


def behind(server: Postgres, address: tuple[str, int]) -> Flow[Any]:
    return postgres.source(server.at(*address), _MANY, None, _BY_TEN).apply(values())


def cut_off() -> str:
    server = shared(Postgres)
    with proxy((server.host, server.port), cut_after=500_000) as address:
        seen: list[Any] = []
        lost(behind(server, address).tap(seen.append).run)
        assert [n for n, _ in seen] == list(range(1, len(seen) + 1))
        assert 300 < len(seen) < 500
    return "OperationalError, after whole rows"


def corrupted() -> str:
    server = shared(Postgres)
    # The first byte of a message says of what kind it is; the length of one that is not known means nothing.
    with proxy((server.host, server.port), corrupt_at=0) as address:
        lost(behind(server, address).run)
    return "OperationalError where the protocol notices; without TLS a wrong byte in a value is a wrong value"


def slow() -> str:
    server = shared(Postgres)
    passed = threading.Semaphore(0)
    with proxy((server.host, server.port), piece=32_768, gate=passed.acquire) as address:
        run = behind(server, address).count().for_each(_nothing)
        while not run.done:
            passed.release()
            time.sleep(0.0005)
        run.result(1)
    return "it takes its time"


def _nothing(_: object) -> None:
    pass


FAULTS = {
    "a worker is killed": a_worker_is_killed,
    "behind a proxy that corrupts": corrupted,
    "behind a proxy that cuts": cut_off,
    "behind a slow proxy": slow,
    "cancel while it hangs": cancel_while_it_hangs,
    "it hangs": it_hangs,
    "killed and back while it listens": killed_while_it_listens,
    "killed and back while it reads": killed_while_it_reads,
    "killed and back while it writes": killed_while_it_writes,
    "killed and back with messages in hand": killed_with_messages_in_hand,
    "a row that is refused": a_row_that_is_refused,
    "a row that is refused, all or nothing": all_or_nothing,
    "cancel between rows": cancel_between_rows,
    "cancel while it works": cancel_while_it_works,
    "cancel while it writes": cancel_while_it_writes,
    "it never answers": it_never_answers,
    "no such table": no_table,
    "nobody there": nobody_there,
    "slow reader": slow_reader,
    "two threads": two_threads,
    "wrong password": wrong_password,
}
