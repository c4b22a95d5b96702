"""Parquet files as a sink."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from errno import ENOENT
from pathlib import Path
from typing import Any
from uuid import uuid4

from operators._kernel.failures.checks import shown
from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import value_of
from operators.connectors.parquet.settings import SinkSettings
from operators.custom import Sink


class _Output:
    """The file that is written now; all of it runs on one thread."""

    def __init__(self, path: Path, settings: SinkSettings) -> None:
        self._path = path
        self._settings = settings
        self._arrow = need("pyarrow", "parquet")
        self._schema = settings.schema
        self._first: list[Mapping[str, Any]] = []  # rows from which the schema is found out
        self._most_first = min(settings.row_group, settings.rotate or settings.row_group)
        self._parts: list[Any] = []  # record batches that are gathered for a row group
        self._gathered = 0
        self._rows = 0  # of the file, those that are gathered included
        self._number = 0
        self._writer: Any = None
        # Whoever writes the same file meanwhile, of this process or another, has a name of its own.
        self._partial = path.with_name(f"{path.name}.{uuid4().hex[:8]}.partial")

    def write(self, items: list[Any]) -> None:
        """Take the items; what makes a row group is written."""
        rows: list[Any] = []
        for item in items:
            value = value_of(item)
            if isinstance(value, Mapping):
                rows.append(value)
                continue
            self._take_rows(rows)
            rows = []
            for part in self._batches_of(value):
                self._begin()
                self._take(part)
        self._take_rows(rows)

    def _batches_of(self, value: Any) -> list[Any]:
        if isinstance(value, self._arrow.RecordBatch):
            return [value]
        if isinstance(value, self._arrow.Table):
            return list(value.to_batches())
        raise TypeError(
            "parquet.sink: writes record batches and tables of Arrow, and rows, a dict each, "
            f"got {type(value).__name__}"
        )

    def _take_rows(self, rows: list[Any]) -> None:
        if not rows:
            return
        if self._schema is None:
            room = self._most_first - len(self._first)
            self._first += rows[:room]
            if len(rows) >= room:
                self._begin()
                self._take_rows(rows[room:])
            return
        # A name that is not there would be left out without a word.
        known = set(self._schema.names)
        empty = [field.name for field in self._schema if field.type == self._arrow.null()]
        for row in rows:
            unknown = row.keys() - known
            for name in (*unknown, *(name for name in empty if row.get(name) is not None)):
                where = "in the file" if name in unknown else "that has been anything but None"
                raise ValueError(
                    f"parquet.sink: there is no column {name!r} {where}, which has "
                    f"{', '.join(self._schema.names)}; give schema= for what the first rows have not"
                )
        self._take(self._arrow.RecordBatch.from_pylist(rows, schema=self._schema))

    def _begin(self) -> None:
        """Find out the schema from the rows that have come, however many of them at a time."""
        rows, self._first = self._first, []
        if rows:
            names = list(dict.fromkeys(name for row in rows for name in row))
            columns = [self._arrow.array([row.get(name) for row in rows]) for name in names]
            self._take(self._arrow.RecordBatch.from_arrays(columns, names=names))

    def _take(self, part: Any) -> None:
        if self._schema is None:
            self._schema = part.schema
        if not part.schema.equals(self._schema):
            part = part.cast(self._schema)
        settings = self._settings
        while part.num_rows:
            room = settings.row_group - self._gathered
            if settings.rotate is not None:
                room = min(room, settings.rotate - self._rows)
            piece, part = part.slice(0, room), part.slice(room)
            self._parts.append(piece)
            self._gathered += piece.num_rows
            self._rows += piece.num_rows
            if self._gathered == settings.row_group:
                self._put()
            if self._rows == settings.rotate:
                self.complete()

    def _put(self) -> None:
        parts, self._parts = self._parts, []
        self._gathered = 0
        if self._writer is None:
            if not self._path.parent.is_dir():
                raise FileNotFoundError(
                    ENOENT, "parquet.sink: no such folder", str(self._path.parent)
                )
            compression = self._settings.compression
            self._writer = need("pyarrow.parquet", "parquet").ParquetWriter(
                self._partial, self._schema, compression=compression, write_page_checksum=True
            )
        table = self._arrow.Table.from_batches(parts, schema=self._schema)
        if table.num_rows:
            self._writer.write_table(table, row_group_size=self._settings.row_group)

    def complete(self) -> None:
        """Write the rest and the end of the file, and give it its name."""
        self._begin()
        if self._schema is None or (self._settings.rotate is not None and not self._rows):
            return  # there is nothing to say; a file without rows has columns at least
        self._put()
        writer, self._writer = self._writer, None
        writer.close()
        path = self._path
        if self._settings.rotate is not None:
            self._number += 1
            path = path.with_name(f"{path.stem}-{self._number:05}{path.suffix}")
        self._partial.replace(path)
        self._rows = 0

    def give_up(self) -> None:
        """Close and delete what has no end."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)


class _Sink(Sink[Any]):
    name = "parquet.sink"

    def __init__(self, path: Path, settings: SinkSettings) -> None:
        self._path = path
        self._settings = settings
        self.details: str = path.name
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async with Blocking("operators-parquet") as blocking:
            output = await blocking.call(lambda: _Output(self._path, self._settings))

            async def write(items: list[Any]) -> None:
                await blocking.call(lambda: output.write(items))

            try:
                yield write
                await blocking.call(output.complete)
            finally:
                await blocking.call(output.give_up)


def sink(
    path: str | os.PathLike[str],
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that writes record batches, tables, or rows (dicts) into a Parquet file, on a thread.

    Rows are gathered, `settings.row_group` of them at most, and written as a group. A Parquet file can be
    read when it has its end: until then it is called name.….partial, and it gets its name when the flow has
    completed, or, with `settings.rotate`, so many rows are in it. So a file is there as a whole or not at
    all: at an error or a cancel the one that is being written is deleted, and of two flows that write one
    file at once each writes it whole, and who ends last has the name. An item is passed on when it is
    in hand, so what is acknowledged after this may be lost: acknowledge when the flow has completed. Without
    `settings.schema` the columns are those of the rows of the first group, and of their kinds. Fails
    with an OSError for a file that cannot be written, with an error of pyarrow (a ValueError or a TypeError)
    for what does not fit the schema, and with MissingExtraError without pyarrow.

    >>> from operators import Flow
    >>> from operators.connectors import parquet
    >>> def write(path, *rows):
    ...     settings = parquet.SinkSettings(row_group=10_000, rotate=1_000_000)
    ...     return Flow.of(*rows).apply(parquet.sink(path, settings)).count().run()
    """
    need_arguments("parquet.sink", SinkSettings, settings, path=path)
    if settings.schema is not None:
        schema = need("pyarrow", "parquet").Schema
        if not isinstance(settings.schema, schema):
            raise TypeError(
                f"parquet.sink: schema must be a pyarrow.Schema, got {shown(settings.schema)}"
            )
    return _Sink(Path(path), settings)
