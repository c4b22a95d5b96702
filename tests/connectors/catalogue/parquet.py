"""Parquet files in a folder that ends with the tests."""

from __future__ import annotations

import itertools
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import parquet, values
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own

large = True
_FOLDER = tempfile.TemporaryDirectory()
_NUMBERS = itertools.count()


def as_row(n: int) -> dict[str, int]:
    return {"n": n}


def fresh() -> Path:
    return Path(_FOLDER.name, f"{next(_NUMBERS)}.parquet")


@cache
def _file(elements: int) -> Path:
    path = fresh()
    rows = Flow.range(elements).map(as_row)
    settings = parquet.SinkSettings(schema=_schema())
    rows.apply(parquet.sink(path, settings)).run()
    return path


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([("n", pa.int64())])


def _source(elements: int) -> Flow[Any]:
    settings = parquet.SourceSettings(items="rows", batch=7)
    return parquet.source(_file(min(elements, 1_000)), settings).apply(values())


def _sink(elements: int) -> Flow[Any]:
    _schema()  # it is imported by that
    return Flow.range(elements).map(as_row).apply(parquet.sink(fresh()))


SOURCES = [Own("parquet.source", _source, MANY, hops=True)]
SINKS = [Own("parquet.sink", _sink, EACH, hops=True)]
VALUES = {"parquet.sink": as_row}
