"""Settings of SQLite's source and sink, and how a database is opened."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_fields


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read the rows of a query.

    The first fetch is of one row, each is twice the one before, up to `prefetch`; with 1, just as many rows
    are fetched as are asked for. `rows`: a "tuple" or a "dict" each. `busy` is how long another's lock is
    waited for, in seconds. With `uri` the name of the database is a URI, such as "file:shop.db?mode=ro".
    """

    prefetch: int = 512
    rows: Literal["tuple", "dict"] = "tuple"
    busy: float = 5.0
    uri: bool = False

    def __post_init__(self) -> None:
        need_fields("sqlite", self)
        need_count("sqlite", "prefetch", self.prefetch)
        need_choice("sqlite", "rows", self.rows, ("tuple", "dict"))
        need_seconds("sqlite", "busy", self.busy)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write rows.

    Up to `batch` of them are written at a time, in a transaction of their own or of the whole "flow".
    `setup` is SQL that is run first, outside of it: for a table that has to be there. `batch` rows wait
    besides. `busy` and `uri` are those of `SourceSettings`.
    """

    batch: int = 256
    transaction: Literal["batch", "flow"] = "batch"
    setup: str = ""
    busy: float = 5.0
    uri: bool = False

    def __post_init__(self) -> None:
        need_fields("sqlite", self)
        need_count("sqlite", "batch", self.batch)
        need_choice("sqlite", "transaction", self.transaction, ("batch", "flow"))
        need_seconds("sqlite", "busy", self.busy)


def opened(
    database: str | os.PathLike[str], settings: SourceSettings | SinkSettings
) -> sqlite3.Connection:
    """Return a connection whose transactions begin and end where it is written."""
    return sqlite3.connect(
        database,
        timeout=settings.busy,
        isolation_level=None,
        uri=settings.uri,
        check_same_thread=False,  # it is interrupted from the event loop's thread
    )


def interrupt(connection: sqlite3.Connection) -> None:
    """Have what runs on it end soon, in an error."""
    with suppress(sqlite3.ProgrammingError):  # it is closed
        connection.interrupt()
