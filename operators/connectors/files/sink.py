"""A file as a sink."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments
from operators.connectors.files.opening import compression_of, opened
from operators.connectors.files.records import CsvReader, Writer
from operators.connectors.files.settings import SinkSettings, SourceSettings
from operators.connectors.message import value_of
from operators.custom import Sink


class _Output:
    """The file that is written now; all of it runs on one thread."""

    def __init__(self, path: Path, settings: SinkSettings) -> None:
        self._path = path
        self._settings = settings
        self._writer = Writer(settings)
        self._file: IO[bytes] | None = None
        self._size = 0

    def begin(self) -> None:
        """Open the file."""
        path, settings = self._path, self._settings
        there = settings.append and path.exists() and path.stat().st_size > 0
        if there and settings.format == "csv":
            self._writer.know(_names(path, settings))
        self._begin("a" if settings.append else "w", empty=not there)
        if there and compression_of(path, settings.compression) == "none":
            self._size = path.stat().st_size
            if settings.format != "blocks" and not _ends_a_line(path):
                self._put(
                    [b"\n"]
                )  # what was cut off there, or written by hand, is a line of its own
                self._size += 1

    def _begin(self, mode: str, *, empty: bool) -> None:
        self._writer.begin(empty=empty)
        self._size = 0
        self._file = opened(self._path, mode, self._settings.compression)

    def write(self, items: list[Any]) -> None:
        """Write the values, as one piece, but where the file is full."""
        pending: list[bytes] = []
        limit = self._settings.rotate
        for item in items:
            data = self._writer.bytes_of(value_of(item))
            if limit is not None and self._size and self._size + len(data) > limit:
                self._put(pending)
                pending = []
                self._rotate()
                # With the names of its columns before it.
                data = self._writer.bytes_of(value_of(item))
            pending.append(data)
            self._size += len(data)
        self._put(pending)
        if self._settings.fsync == "batch":
            self._sync()

    def _put(self, pieces: list[bytes]) -> None:
        assert self._file is not None
        rest = memoryview(b"".join(pieces))
        while rest:
            rest = rest[self._file.write(rest) or 0 :]

    def _sync(self) -> None:
        assert self._file is not None
        self._file.flush()
        os.fsync(_descriptor(self._file))

    def _rotate(self) -> None:
        self.close()
        for number in range(self._settings.keep - 1, 0, -1):
            older = _numbered(self._path, number)
            if older.exists():
                older.replace(_numbered(self._path, number + 1))
        self._path.replace(_numbered(self._path, 1))
        self._begin("w", empty=True)

    def close(self) -> None:
        """Close the file; what it holds is written out."""
        file, self._file = self._file, None
        if file is None:
            return
        if self._settings.fsync == "never":
            file.close()
            return
        # A second descriptor: what a compressed file writes as it is closed is to be synced too.
        descriptor = os.dup(_descriptor(file))
        try:
            file.close()
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _descriptor(file: Any) -> int:
    plain = getattr(file, "fileobj", None) or file  # that of gzip
    number: int = plain.fileno()
    return number


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _names(path: Path, settings: SinkSettings) -> list[str]:
    """Return the names of the columns of a file that is appended to."""
    with opened(path, "r", settings.compression) as file:
        first = file.readline().rstrip(b"\r\n")
    known = CsvReader(
        SourceSettings(format="csv", encoding=settings.encoding, delimiter=settings.delimiter)
    )
    known.values([first])
    known.check()
    return known.names


class _Sink(Sink[Any]):
    name = "files.sink"

    def __init__(self, path: Path, settings: SinkSettings) -> None:
        self._path = path
        self._settings = settings
        self.details: str = f"{path.name}, {settings.format}"
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        output = _Output(self._path, self._settings)
        async with Blocking("operators-files") as blocking:

            async def write(items: list[Any]) -> None:
                await blocking.call(lambda: output.write(items))

            try:
                await blocking.call(output.begin)
                yield write
            finally:
                await blocking.call(output.close)


def sink(
    path: str | os.PathLike[str],
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that writes into a file: lines, blocks of bytes, CSV rows (dicts) or JSON values.

    It writes on a thread. An item is passed on when the operating system has it, with `fsync="batch"`
    when the disk has it; a compressed file has it when the flow is over. What is written stays at an
    error or a cancel. Fails with an OSError for a file that cannot be written, and with a ValueError for
    a value that does not fit its format.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from operators import Flow
    >>> from operators.connectors import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "out.jsonl")
    ...     _ = (
    ...         Flow.of({"a": 1}, [2])
    ...         .apply(files.sink(path, files.SinkSettings(format="json")))
    ...         .run()
    ...     )
    ...     print(path.read_text(), end="")
    {"a": 1}
    [2]
    """
    need_arguments("files.sink", SinkSettings, settings, path=path)
    return _Sink(Path(path), settings)
