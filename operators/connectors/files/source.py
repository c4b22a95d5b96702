"""A file as a source."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from operators._kernel.hosts.blocking import Blocking
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.files.changes import Changes
from operators.connectors.files.opening import compression_of, opened
from operators.connectors.files.records import Reader, reader
from operators.connectors.files.settings import SourceSettings
from operators.connectors.framing import Lines
from operators.connectors.message import Message
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

Batch = list[Message[Any]]


class _Source(AsyncSource[Message[Any]]):
    name = "files.source"

    def __init__(self, path: Path, settings: SourceSettings) -> None:
        self._path = path
        self._settings = settings
        self._headers: Mapping[str, Any] = MappingProxyType({"path": str(path)})
        self.details: str = f"{path.name}, {settings.format}"
        self.holds: int = 1 if settings.format == "blocks" else settings.prefetch

    async def batches(self) -> AsyncGenerator[Batch]:
        async with Blocking("operators-files") as blocking:
            if self._settings.follow:
                parts = self._follow(blocking)
            elif self._settings.format == "blocks":
                parts = self._blocks(blocking)
            else:
                parts = self._records(blocking)
            try:
                async for batch in parts:
                    yield batch
            finally:
                with Unbroken():
                    await parts.aclose()

    def _messages(self, values: list[Any]) -> Batch:
        headers = self._headers
        return [Message(value, headers) for value in values]

    async def _blocks(self, blocking: Blocking) -> AsyncGenerator[Batch]:
        settings = self._settings
        file = await blocking.call(lambda: opened(self._path, "r", settings.compression), _close)
        try:
            while block := await blocking.call(lambda: file.read(settings.block)):
                yield self._messages([block])
        finally:
            await blocking.call(file.close)

    async def _records(self, blocking: Blocking) -> AsyncGenerator[Batch]:
        settings = self._settings
        lines, records = _lines(settings), reader(settings)
        file = await blocking.call(lambda: opened(self._path, "r", settings.compression), _close)
        try:
            while block := await blocking.call(lambda: file.read(settings.block)):
                lines.feed(block)
                async for batch in self._cut(lines, records):
                    yield batch
        finally:
            await blocking.call(file.close)
        last = records.values(lines.finish())
        if last:
            yield self._messages(last)
        records.finish()

    async def _cut(self, lines: Lines, records: Reader) -> AsyncGenerator[Batch]:
        while frames := lines.take(self._settings.prefetch):
            values = records.values(frames)
            if values:
                yield self._messages(values)
            records.check()

    async def _follow(self, blocking: Blocking) -> AsyncGenerator[Batch]:
        changes = Changes(self._path, self._settings.poll, blocking)
        try:
            async with aclosing(self._followed(blocking, changes)) as parts:
                async for batch in parts:
                    yield batch
        finally:
            await blocking.call(changes.close)

    async def _followed(self, blocking: Blocking, changes: Changes) -> AsyncGenerator[Batch]:
        settings = self._settings
        at_end = settings.start == "end"
        while True:
            file = await self._appeared(blocking, changes)
            at_end, skip = False, at_end
            try:
                lines, records = _lines(settings), reader(settings)
                if skip:
                    await blocking.call(lambda file=file: file.seek(0, os.SEEK_END))  # type: ignore[misc]
                async for batch in self._to_the_end_of(file, lines, records, blocking, changes):
                    yield batch
                last = records.values(lines.finish())
                if last:  # it was renamed without a line feed at its end
                    yield self._messages(last)
                records.check()
            finally:
                await blocking.call(file.close)

    async def _appeared(self, blocking: Blocking, changes: Changes) -> IO[bytes]:
        while True:
            try:
                return await blocking.call(lambda: self._path.open("rb", buffering=0), _close)
            except FileNotFoundError:
                await changes.wait()

    async def _to_the_end_of(
        self, file: IO[bytes], lines: Lines, records: Reader, blocking: Blocking, changes: Changes
    ) -> AsyncGenerator[Batch]:
        """Give what is in one file, and comes, until another one has its name, or it is emptied."""
        replaced = False
        while True:
            if block := await blocking.call(lambda: file.read(self._settings.block)):
                lines.feed(block)
                async for batch in self._cut(lines, records):
                    yield batch
                continue
            if replaced:
                return
            state = await blocking.call(lambda: _state(self._path, file))
            if state == "truncated":
                lines.finish()  # what it was the beginning of is gone
                return
            elif state == "replaced":
                replaced = True  # what was written before that is still to be read
            else:
                await changes.wait()


def _lines(settings: SourceSettings) -> Lines:
    return Lines(settings.largest, returns=settings.format == "csv")  # within quotes they count


def _close(file: IO[bytes]) -> None:
    file.close()


def _state(path: Path, file: IO[bytes]) -> str:
    here = os.fstat(file.fileno())
    try:
        there = path.stat()
    except FileNotFoundError:
        return "the same"  # until there is another one
    if not os.path.samestat(here, there):
        return "replaced"
    return "truncated" if here.st_size < file.tell() else "the same"


def source(
    path: str | os.PathLike[str],
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    r"""Return a flow of what is in a file: lines, blocks, CSV rows or JSON values, with its path as a header.

    A block is read when what was cut from the one before is used up (§1.1), on a thread, so that no event
    loop waits for a disk. It fails with a FileNotFoundError, but for `follow`, which waits for the file;
    with a BadRecordError that has the number of the line; a FrameTooLargeError for a line beyond
    `settings.largest`; and with what gzip raises for a file that is damaged. A flow that follows has no
    end: cancel it. Raises ValueError for settings that make no sense.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from operators.connectors import files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "prices.csv")
    ...     _ = path.write_text("name,price\ntea,3\n")
    ...     files.source(path, files.SourceSettings(format="csv")).run().value
    {'name': 'tea', 'price': '3'}
    """
    need_arguments("files.source", SourceSettings, settings, path=path)
    where = Path(path)
    if settings.follow and compression_of(where, settings.compression) != "none":
        raise ValueError("files.source: a compressed file cannot be followed")
    return _Source(where, settings).flow()
