"""PostgreSQL as a source and a sink, on a real server; without one, what its settings take."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from operators import Flow
from operators.connectors import Message, postgres, values
from tests.connectors.faults.postgres import backends, into, rows, table
from tests.connectors.kit import memory
from tests.connectors.servers.base import shared
from tests.connectors.servers.postgres import Postgres
from tests.operators.kit import eventually, notes, probe

on_server = pytest.mark.server("postgres")
COUNTING = "SELECT n FROM generate_series(1, %s) n"


@on_server
def test_rows_written_are_rows_read():
    with table() as (server, name):
        into(server, name, Flow.range(1_000)).run()
        found = postgres.source(server.conninfo, f"SELECT n FROM {name} ORDER BY n")
        assert list(found.apply(values())) == [(n,) for n in range(1_000)]


@on_server
def test_rows_as_dicts_and_named_parameters():
    with table("n bigint") as (server, name):
        named = postgres.sink(server.conninfo, f"INSERT INTO {name} VALUES (%(n)s)")
        Flow.of({"n": 1}, Message({"n": 2})).apply(named).run()
        flow = postgres.source(
            server.conninfo,
            f"SELECT n, n * 2 AS twice FROM {name} WHERE n > %(least)s",
            {"least": 1},
            postgres.SourceSettings(rows="dict", binary=True),
        )
        assert list(flow.apply(values())) == [{"n": 2, "twice": 4}]


@on_server
def test_demand_reaches_the_server():
    """A sequence counts in the server itself which rows of the query it has made."""
    server = shared(Postgres)
    server.sql("CREATE SEQUENCE made")
    query = "SELECT nextval('made') FROM generate_series(1, 1000000)"

    def made() -> int:
        return int(server.sql("SELECT last_value FROM made")[0][0])

    try:
        seen = probe(postgres.source(server.conninfo, query, None, _BY_ONE), 3)
        try:
            eventually(lambda: len(seen.items) == 3)
            assert made() == 3
            seen.request(2)
            eventually(lambda: len(seen.items) == 5)
            assert made() == 5
        finally:
            seen.cancel()
        server.sql("ALTER SEQUENCE made RESTART")
        seen = probe(postgres.source(server.conninfo, query), 5)
        try:
            eventually(lambda: len(seen.items) == 5)
            assert made() == 1 + 2 + 4
            seen.request(4_995)
            eventually(lambda: len(seen.items) == 5_000)
            assert 5_000 <= made() < 5_000 + postgres.SourceSettings().prefetch
        finally:
            seen.cancel()
    finally:
        eventually(lambda: not backends(server), "the end of the runs")
        server.sql("DROP SEQUENCE made")


_BY_ONE = postgres.SourceSettings(prefetch=1)


@on_server
def test_the_transaction_is_committed_at_the_end():
    with table() as (server, name):
        server.sql(
            f"CREATE FUNCTION noted(n bigint) RETURNS bigint LANGUAGE sql AS "
            f"'INSERT INTO {name} VALUES (n) RETURNING n'"
        )
        try:
            query = "SELECT noted(n) FROM generate_series(1, 100) n"
            for _ in postgres.source(server.conninfo, query):
                assert rows(server, name) == []
            assert rows(server, name) == list(range(1, 101))
            server.sql(f"DELETE FROM {name}")
            for _ in postgres.source(server.conninfo, query):
                break
            eventually(lambda: not backends(server), "the end of the run")
            assert rows(server, name) == []
        finally:
            server.sql("DROP FUNCTION noted")


@on_server
def test_a_row_is_passed_on_when_it_is_committed():
    with table() as (server, name):
        for (n,) in into(server, name, Flow.range(20)):
            assert n in rows(server, name)


@on_server
def test_all_of_a_flow_is_one_transaction():
    with table() as (server, name):
        flow = into(server, name, Flow.range(100), transaction="flow", batch=10)
        for n, _ in enumerate(flow):
            if n % 10 == 0:
                assert rows(server, name) == []
        assert rows(server, name) == list(range(100))


@on_server
def test_many_that_make_the_same_table_at_the_same_moment():
    server = shared(Postgres)
    settings = postgres.SinkSettings(setup="CREATE TABLE IF NOT EXISTS made_by_many (n bigint)")
    statement = "INSERT INTO made_by_many VALUES (%s)"
    try:
        for _ in range(5):
            runs = [
                Flow.of((n,))
                .apply(postgres.sink(server.conninfo, statement, settings))
                .for_each(str)
                for n in range(8)
            ]
            for run in runs:
                run.result(20)
            assert rows(server, "made_by_many") == list(range(8))
            server.sql("DROP TABLE made_by_many")
    finally:
        server.sql("DROP TABLE IF EXISTS made_by_many")


@on_server
def test_leaving_early_rolls_back_what_is_one_transaction():
    with table() as (server, name):
        for _ in into(server, name, Flow.range(100), transaction="flow"):
            break
        assert rows(server, name) == []


@on_server
def test_rows_are_copied():
    with table("n bigint, word text") as (server, name):
        copying = postgres.sink(server.conninfo, f"copy {name} (n, word) FROM STDIN")
        flow = Flow.range(2_000).map(lambda n: (n, None if n % 2 else f"a\tb\\{n}"))
        assert flow.apply(copying).count().run() == 2_000
        assert server.sql(f"SELECT count(*), max(word) FROM {name}") == [(2_000, "a\tb\\998")]


@on_server
@pytest.mark.parametrize("row", ["text", b"bytes", {"n": 1}, 7])
def test_what_is_no_row_is_not_copied(row: Any):
    with table("n text") as (server, name):
        whole = postgres.SinkSettings(transaction="flow")
        copying = postgres.sink(server.conninfo, f"COPY {name} FROM STDIN", whole)
        with pytest.raises(TypeError, match=r"COPY takes a tuple|an item is a row"):
            Flow.of(("good",), row).apply(copying).run()
        assert rows(server, name) == []


@on_server
def test_on_an_event_loop():
    async def main(server: Postgres, name: str) -> list[Any]:
        await into(server, name, Flow.range(500))
        query = f"SELECT n FROM {name} ORDER BY n"
        return [row async for row in postgres.source(server.conninfo, query).apply(values())]

    with table() as (server, name):
        assert asyncio.run(main(server, name)) == [(n,) for n in range(500)]


@on_server
def test_an_error_says_where_it_stands():
    with pytest.raises(psycopg.errors.SyntaxError, match="syntax") as raised:
        postgres.source(shared(Postgres).conninfo, "SELEC").run()
    assert "in postgres.source, written at" in notes(raised.value)


@on_server
def test_two_that_want_the_same_rows_in_another_order_both_get_through():
    """Deadlocks and serialisation failures: each batch is done again until it goes through."""
    with table("n bigint PRIMARY KEY, times bigint DEFAULT 0") as (server, name):
        server.sql(f"INSERT INTO {name} VALUES (1), (2), (3)")
        again = f"UPDATE {name} SET times = times + 1 WHERE n = %s"
        settings = postgres.SinkSettings(batch=3, isolation="serializable", retries=1_000)
        runs = [
            Flow.from_iterable([(n,) for _ in range(60) for n in order])
            .apply(postgres.sink(server.conninfo, again, settings))
            .for_each(lambda _: None)
            for order in ((1, 2, 3), (3, 2, 1))
        ]
        for run in runs:
            run.result(50)
        assert server.sql(f"SELECT DISTINCT times FROM {name}") == [(120,)]


@contextmanager
def refusing(code: str, times: int) -> Iterator[tuple[Postgres, str]]:
    """A table, and a function "written" that refuses so often to write into it."""
    with table() as (server, name):
        server.sql(f"CREATE SEQUENCE {name}_tries")
        server.sql(
            f"CREATE FUNCTION written(n bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO {name} VALUES (n); IF nextval('{name}_tries') <= {times} "
            f"THEN RAISE 'others were in the way' USING ERRCODE = '{code}'; END IF; END $$"
        )
        try:
            yield server, name
        finally:
            server.sql(f"DROP FUNCTION written; DROP SEQUENCE {name}_tries")


@on_server
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_others_were_in_the_way_of_is_done_again(code: str):
    with refusing(code, 3) as (server, name):
        settings = postgres.SinkSettings(retries=3)
        writing = postgres.sink(server.conninfo, "SELECT written(%s)", settings)
        Flow.of((7,)).apply(writing).run()
        assert rows(server, name) == [7]


@on_server
def test_what_does_not_get_through_after_so_many_tries_fails():
    with refusing("40001", 4) as (server, name):
        settings = postgres.SinkSettings(retries=3)
        writing = postgres.sink(server.conninfo, "SELECT written(%s)", settings)
        with pytest.raises(psycopg.errors.SerializationFailure, match="in the way"):
            Flow.of((7,)).apply(writing).run()
        assert rows(server, name) == []


@on_server
def test_what_is_one_transaction_is_not_done_again():
    with refusing("40001", 1) as (server, name):
        settings = postgres.SinkSettings(transaction="flow")
        writing = postgres.sink(server.conninfo, "SELECT written(%s)", settings)
        with pytest.raises(psycopg.errors.SerializationFailure):
            Flow.of((7,)).apply(writing).run()
        Flow.of((7,)).apply(writing).retry(1).run()
        assert rows(server, name) == [7]


ROWS = int(os.environ.get("POSTGRES_ROWS", "1_000_000"))
"""Ten million have been measured; they take a minute, and change nothing."""


@on_server
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("count", "columns"), [(ROWS, "n"), (200_000, "n, repeat('x', 1000)")], ids=["many", "large"]
)
def test_so_many_rows_take_no_more_memory_than_a_few(count: int, columns: str):
    query = f"SELECT {columns} FROM generate_series(1, %s::bigint) n"
    before = most = 0
    for seen, (n, *_) in enumerate(
        postgres.source(shared(Postgres).conninfo, query, (count,)).apply(values()), 1
    ):
        if seen == count // 20:
            before = memory()
        elif seen % (count // 20) == 0:
            most = max(most, memory())
            assert n == seen
    assert n == count
    print(f"{count:,} rows: {(most - before) / 1e6:.1f} MB more")
    assert most - before < 20_000_000


@on_server
def test_a_slow_reader_is_never_ahead_by_more_than_is_fetched_at_once():
    server = shared(Postgres)
    server.sql("CREATE SEQUENCE ahead")
    try:
        settings = postgres.SourceSettings(prefetch=64)
        query = "SELECT nextval('ahead') FROM generate_series(1, 100000)"
        most = 0
        for seen, _ in enumerate(
            postgres.source(server.conninfo, query, None, settings).take(600), 1
        ):
            time.sleep(0.001)  # that slow
            if seen % 20 == 0:
                made = int(server.sql("SELECT last_value FROM ahead")[0][0])
                most = max(most, made - seen)
        assert 0 < most <= 64
    finally:
        eventually(lambda: not backends(server), "the end of the run")
        server.sql("DROP SEQUENCE ahead")


def test_a_password_is_not_shown():
    flow = postgres.source("postgresql://me:hush@localhost/x", "SELECT 1")
    sunk = Flow.of((1,)).apply(postgres.sink("password=hush", "INSERT INTO t VALUES (%s)"))
    for shown in (flow, sunk):
        assert "hush" not in f"{shown!r}{shown.explain()}"


def test_what_is_no_conninfo_is_told_at_once():
    with pytest.raises(psycopg.ProgrammingError, match="missing"):
        postgres.source("localhost", "SELECT 1").run()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: postgres.SourceSettings(prefetch=0),
        lambda: postgres.SourceSettings(rows="list"),  # type: ignore[arg-type]
        lambda: postgres.SourceSettings(timeout=-1),
        lambda: postgres.SinkSettings(transaction="none"),  # type: ignore[arg-type]
        lambda: postgres.SinkSettings(isolation="loose"),  # type: ignore[arg-type]
        lambda: postgres.SinkSettings(retries=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="postgres"):
        wrong()
