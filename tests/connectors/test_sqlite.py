"""SQLite as a source and a sink."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, sqlite, values
from tests.connectors.faults.sqlite import INSERT, SELECT, rows, table
from tests.operators.kit import eventually, notes, probe

COUNTING = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) SELECT n FROM c"
)


@pytest.fixture
def path() -> Iterator[Path]:
    with table() as made:
        yield made


def test_rows_written_are_rows_read(path: Path):
    Flow.range(1_000).map(lambda n: Message((n,))).apply(sqlite.sink(path, INSERT)).run()
    assert rows(path) == list(range(1_000))


def test_rows_as_dicts_and_named_parameters(path: Path):
    named = "INSERT INTO numbers VALUES (:n)"
    Flow.of({"n": 1}, {"n": 2}).apply(sqlite.sink(path, named)).run()
    flow = sqlite.source(
        path, "SELECT n, n * 2 AS twice FROM numbers WHERE n > :least", {"least": 1},
        sqlite.SourceSettings(rows="dict"),
    )  # fmt: skip
    assert list(flow.apply(values())) == [{"n": 2, "twice": 4}]


def test_so_many_rows_are_fetched_as_are_asked_for():
    fetched: list[int] = []
    connect = sqlite3.connect

    class Counting(sqlite3.Cursor):
        def fetchmany(self, size: int | None = 1) -> list[Any]:
            found = super().fetchmany(size)
            fetched.append(len(found))
            return found

    class Connection(sqlite3.Connection):
        def execute(self, *arguments: Any) -> Any:
            return self.cursor(Counting).execute(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Connection, **k))
        settings = sqlite.SourceSettings(prefetch=1)
        seen = probe(sqlite.source(":memory:", COUNTING, (1_000,), settings), 3)
        eventually(lambda: len(seen.items) == 3)
        assert fetched == [1, 1, 1]
        seen.cancel()
        flow = sqlite.source(":memory:", COUNTING, (1_000,))
        assert len(list(flow)) == 1_000
        assert fetched[3:] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 489]
        few = sqlite.source(":memory:", COUNTING, (15,), sqlite.SourceSettings(prefetch=4))
        assert len(list(few)) == 15
        assert fetched[13:] == [1, 2, 4, 4, 4, 0]


def test_a_row_is_passed_on_when_it_is_committed(path: Path):
    for (n,) in Flow.range(100).map(lambda n: (n,)).apply(sqlite.sink(path, INSERT)):
        assert n in rows(path)


def test_all_of_a_flow_is_one_transaction(path: Path):
    settings = sqlite.SinkSettings(transaction="flow", batch=10)
    for _ in Flow.range(100).map(lambda n: (n,)).apply(sqlite.sink(path, INSERT, settings)):
        with closing(sqlite3.connect(path)) as other:
            assert other.execute(SELECT).fetchall() == []
    assert rows(path) == list(range(100))


def test_leaving_early_rolls_back_what_is_one_transaction(path: Path):
    settings = sqlite.SinkSettings(transaction="flow")
    for _ in Flow.range(100).map(lambda n: (n,)).apply(sqlite.sink(path, INSERT, settings)):
        break
    assert rows(path) == []


def test_on_an_event_loop(path: Path):
    async def main() -> list[Any]:
        await Flow.range(500).map(lambda n: (n,)).apply(sqlite.sink(path, INSERT))
        return [row async for row in sqlite.source(path, SELECT).apply(values())]

    assert asyncio.run(main()) == [(n,) for n in range(500)]


def test_an_error_says_where_it_stands():
    with pytest.raises(sqlite3.OperationalError, match="syntax") as raised:
        sqlite.source(":memory:", "SELEC").run()
    assert "in sqlite.source, written at" in notes(raised.value)


def test_a_uri(path: Path):
    settings = sqlite.SinkSettings(uri=True)
    read_only = sqlite.sink(f"file:{path}?mode=ro", INSERT, settings)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        Flow.of((1,)).apply(read_only).run()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sqlite.SourceSettings(prefetch=0),
        lambda: sqlite.SourceSettings(rows="list"),  # type: ignore[arg-type]
        lambda: sqlite.SinkSettings(transaction="none"),  # type: ignore[arg-type]
        lambda: sqlite.SinkSettings(busy=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="sqlite"):
        wrong()


@pytest.mark.parametrize("item", [1, "ab", b"ab", None])
def test_an_item_that_is_no_row_is_named(tmp_path: Path, item: Any):
    settings = sqlite.SinkSettings(setup="CREATE TABLE t (n)")
    sink = sqlite.sink(tmp_path / "a.db", "INSERT INTO t VALUES (?)", settings)
    with pytest.raises(TypeError, match=r"sqlite\.sink: an item is a row.* one alone is"):
        Flow.of(Message(item)).apply(sink).run()
