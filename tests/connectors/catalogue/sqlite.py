"""sqlite, in memory."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import sqlite
from tests.connectors.kit import EACH
from tests.tck.own import Own

_COUNTING = (
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c LIMIT ?"
)
_KEEPING = sqlite.SinkSettings(setup="CREATE TABLE numbers (n)")


def as_row(n: int) -> tuple[int]:
    return (n,)


def _sqlite_sink(elements: int) -> Flow[Any]:
    return (
        Flow.range(elements)
        .map(as_row)
        .apply(sqlite.sink(":memory:", "INSERT INTO numbers VALUES (?)", _KEEPING))
    )


SOURCES = [
    Own("sqlite.source", lambda n: sqlite.source(":memory:", _COUNTING, (n,)), EACH, hops=True)
]
SINKS = [Own("sqlite.sink", _sqlite_sink, EACH, hops=True)]
VALUES = {"sqlite.sink": as_row}
