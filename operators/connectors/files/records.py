"""Records: from lines of bytes to values, and back."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from operators._kernel.failures.checks import shown
from operators.connectors.files.settings import SinkSettings, SourceSettings
from operators.connectors.framing import BadRecordError, CutFrameError, too_large

_EMPTY: Any = object()
_BYTES: tuple[type[Any], ...] = (bytes, bytearray, memoryview)


class Reader(Protocol):
    """Makes values of lines."""

    def values(self, lines: Sequence[bytes]) -> list[Any]:
        """Return the values that are complete with these lines, up to one that is wrong."""
        ...

    def check(self) -> None:
        """Raise BadRecordError, or FrameTooLargeError, where what comes after those values is wrong."""
        ...

    def finish(self) -> None:
        """Raise as `check` does, and CutFrameError where a value is not complete at the end."""
        ...


class LineReader:
    """Each line is a str."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._number = 0
        self._wrong: Exception | None = None

    def values(self, lines: Sequence[bytes]) -> list[Any]:
        encoding = self._encoding
        values: list[Any] = []
        for line in lines:
            self._number += 1
            try:
                values.append(self.value(line.decode(encoding)))
            except ValueError as error:
                self._wrong = BadRecordError(f"line {self._number}: {error}: {line[:80]!r}")
                self._wrong.__cause__ = error
                break
        return values

    def value(self, text: str) -> Any:
        """Return the value of a line."""
        return text

    def check(self) -> None:
        if self._wrong is not None:
            raise self._wrong

    def finish(self) -> None:
        self.check()


class JsonReader(LineReader):
    """Each line is a JSON value; an empty line is none."""

    def values(self, lines: Sequence[bytes]) -> list[Any]:
        return [value for value in super().values(lines) if value is not _EMPTY]

    def value(self, text: str) -> Any:
        return json.loads(text) if text.strip() else _EMPTY


class CsvReader:
    """The first record has the names; each further one is a dict."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._names: list[str] | None = None
        self._delimiter = settings.delimiter.encode(settings.encoding).removeprefix(codecs.BOM_UTF8)
        self._open: list[bytes] = []  # the lines of a record whose quotes are not closed
        self._size = 0
        self._quoted = False
        self._number = 0
        self._wrong: Exception | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns, once they have come."""
        return self._names or []

    def values(self, lines: Sequence[bytes]) -> list[Any]:
        rows: list[Any] = []
        for line in lines:
            self._number += 1
            self._open.append(line)
            self._size += len(line) + 1
            if b'"' in line:
                self._quoted = _goes_on(line, self._delimiter, quoted=self._quoted)
            if self._quoted:
                if self._size > self._settings.largest:
                    self._wrong = too_large(self._size, self._settings.largest)
                    break
                continue
            record = b"\n".join(self._open).removesuffix(b"\r")
            self._open, self._size = [], 0
            if record:
                try:
                    row = self._row(record)
                except BadRecordError as error:
                    self._wrong = error
                    break
                if row is not None:
                    rows.append(row)
        return rows

    def _row(self, record: bytes) -> dict[str, str] | None:
        try:
            text = io.StringIO(record.decode(self._settings.encoding), newline="")
            fields = next(csv.reader(text, delimiter=self._settings.delimiter, strict=True))
        except (ValueError, csv.Error) as error:
            raise BadRecordError(f"line {self._number}: {error}: {record[:80]!r}") from error
        if self._names is None:
            if twice := [name for name in fields if fields.count(name) > 1]:
                raise BadRecordError(f"line {self._number}: two columns are called {twice[0]!r}")
            self._names = fields
            return None
        if len(fields) != len(self._names):
            raise BadRecordError(
                f"line {self._number}: {len(fields)} fields, and there are {len(self._names)} names: "
                f"{record[:80]!r}"
            )
        return dict(zip(self._names, fields, strict=True))

    def check(self) -> None:
        if self._wrong is not None:
            raise self._wrong

    def finish(self) -> None:
        self.check()
        if self._open:
            raise CutFrameError(f"line {self._number}: the file has ended within quotes")


def _goes_on(line: bytes, delimiter: bytes, *, quoted: bool) -> bool:
    """Whether a field in quotes goes on behind this line; a quote within a field without any is a letter."""
    at = 0
    while at >= 0:
        if not quoted and line[at : at + 1] == b'"':
            quoted = True
            at += 1
        while quoted:
            at = line.find(b'"', at) + 1
            if not at:
                return True
            quoted = line[at : at + 1] == b'"'  # a quote that is doubled is one
            at += quoted
        at = line.find(delimiter, at)
        at += len(delimiter) if at >= 0 else 0
    return False


def reader(settings: SourceSettings) -> Reader:
    """Return the reader of a format."""
    match settings.format:
        case "csv":
            return CsvReader(settings)
        case "json":
            return JsonReader(settings.encoding)
        case _:
            return LineReader(settings.encoding)


class Writer:
    """Makes bytes of values."""

    def __init__(self, settings: SinkSettings) -> None:
        self._settings = settings
        self._names: list[str] | None = None
        self._marks = codecs.lookup(settings.encoding).name == "utf-8-sig"
        self._encoding = "utf-8" if self._marks else settings.encoding
        self._mark = b""

    def begin(self, *, empty: bool) -> None:
        """Begin a file; the byte order mark and the names of CSV columns come first in each that is empty."""
        if empty:
            self._names = None
            self._mark = codecs.BOM_UTF8 if self._marks else b""

    def know(self, names: list[str] | None) -> None:
        """Take over the names of a file that is appended to."""
        self._names = names

    def bytes_of(self, value: Any) -> bytes:
        """Return what is to be written for a value."""
        if self._settings.format == "blocks":
            if not isinstance(value, _BYTES):
                raise TypeError(f"files.sink: a block is bytes, got {shown(value)}")
            return bytes(value)
        data = self._bytes_of(value)
        mark, self._mark = self._mark, b""
        return mark + data

    def _bytes_of(self, value: Any) -> bytes:
        match self._settings.format:
            case "json":
                return (json.dumps(value, ensure_ascii=False) + "\n").encode(self._encoding)
            case "csv":
                return self._row(value)
            case _:
                line = value if isinstance(value, bytes) else str(value).encode(self._encoding)
                if b"\n" in line:
                    raise ValueError(
                        "files.sink: a line may have no line feed in it; use format='json'"
                    )
                return line + b"\n"

    def _row(self, value: Any) -> bytes:
        if not isinstance(value, Mapping):
            raise TypeError(
                f"files.sink: a row of CSV is a dict of names and values, got {shown(value)}"
            )
        row: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        names = self._names
        head = ""
        if names is None:
            self._names = names = list(row)
            head = self._record(names)
        if set(names) != set(row):
            raise ValueError(f"files.sink: the columns are {names}, and a row has {list(row)}")
        return (head + self._record([row[name] for name in names])).encode(self._encoding)

    def _record(self, fields: list[Any]) -> str:
        text = io.StringIO(newline="")
        # What may be in the end of a line is put in quotes, a carriage return too.
        csv.writer(text, delimiter=self._settings.delimiter, lineterminator="\r\n").writerow(fields)
        return text.getvalue().removesuffix("\r\n") + "\n"
