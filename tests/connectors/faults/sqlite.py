"""What goes wrong around SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import sqlite, values
from tests.connectors.faults.files import folder
from tests.connectors.kit import cancelled_after, eventually, outcome

INSERT = "INSERT INTO numbers VALUES (?)"
SELECT = "SELECT n FROM numbers ORDER BY n"
SETUP = "CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)"
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"


@contextmanager
def table() -> Iterator[Path]:
    with folder() as here:
        path = here / "numbers.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SETUP)
        yield path


def rows(path: Path) -> list[int]:
    return [n for (n,) in sqlite.source(path, SELECT).apply(values())]


def _into(path: Path, flow: Flow[int], **settings: Any) -> Flow[Any]:
    made = sqlite.SinkSettings(**settings)
    return flow.map(lambda n: (n,)).apply(sqlite.sink(path, INSERT, made))


def no_database() -> str:
    with folder() as here:
        return outcome(sqlite.source(here / "none" / "x.db", "SELECT 1").run)


def no_table() -> str:
    return outcome(sqlite.source(":memory:", SELECT).run)


def no_database_at_all() -> str:
    with folder() as here:
        (here / "x.db").write_bytes(b"this is no database" * 100)
        return outcome(sqlite.source(here / "x.db", SELECT).run)


def a_row_that_is_refused() -> str:
    with table() as path:
        found = outcome(_into(path, Flow.of(1, 2, 3, 2, 4), batch=1).run)
        assert rows(path) == [1, 2, 3]
        return f"{found}; what was passed on stays"


def all_or_nothing() -> str:
    with table() as path:
        found = outcome(_into(path, Flow.of(1, 2, 3, 2), transaction="flow").run)
        assert rows(path) == []
        return f'with transaction="flow": {found}; nothing is written'


def locked() -> str:
    with table() as path, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        return "with busy=0.01: " + outcome(_into(path, Flow.of(1), busy=0.01).run)


def locked_for_a_while() -> str:
    with table() as path, closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.02, other.rollback)
        timer.start()
        _into(path, Flow.of(1)).run()
        timer.join()
        assert rows(path) == [1]
    return "waits for it"


def cancel_while_it_works() -> str:
    run = sqlite.source(":memory:", ENDLESS).for_each(lambda _: None)
    cancelled_after(run, lambda: any("sqlite" in each.name for each in threading.enumerate()))
    return "the query is interrupted"


def cancel_while_it_writes() -> str:
    with table() as path:
        written: list[Any] = []
        run = _into(path, Flow.range(10_000_000), batch=10).for_each(written.append)
        cancelled_after(run, lambda: len(written) > 50)
        there = rows(path)
        assert there == list(range(len(there)))
        assert len(there) >= len(written)
    return "whole batches are there, and all that was passed on"


def slow_reader() -> str:
    with table() as path:
        _into(path, Flow.range(1_000)).run()
        flow = sqlite.source(path, SELECT, (), sqlite.SourceSettings(prefetch=10))
        for seen, _ in enumerate(flow.take(15)):
            if seen == 12:
                # Nothing is locked for long: others may read and, in WAL mode, write.
                assert len(rows(path)) == 1_000
    return "`prefetch` rows in hand"


def two_threads() -> str:
    with table() as path:
        runs = [_into(path, Flow.range(at, 400, 2)).for_each(lambda _: None) for at in range(2)]
        for run in runs:
            run.result(20)
        eventually(lambda: rows(path) == list(range(400)))
    return "each row once"


FAULTS = {
    "a row that is refused": a_row_that_is_refused,
    "a row that is refused, all or nothing": all_or_nothing,
    "cancel while it works": cancel_while_it_works,
    "cancel while it writes": cancel_while_it_writes,
    "locked by another": locked,
    "locked by another, for a while": locked_for_a_while,
    "no such folder": no_database,
    "no such table": no_table,
    "not a database": no_database_at_all,
    "slow reader": slow_reader,
    "two threads": two_threads,
}
