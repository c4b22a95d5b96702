"""Formats: what a body is cut into, and how items become a body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from operators.connectors.framing import BadRecordError, Lines


class Decoder(Protocol):
    """Makes values of a body that comes in pieces."""

    def feed(self, data: bytes) -> None:
        """Take in a piece."""
        ...

    def take(self, most: int) -> list[Any]:
        """Return up to `most` values that are complete; none where there is none."""
        ...

    def finish(self) -> list[Any]:
        """Return what ends with the body."""
        ...


class _Blocks:
    """Pieces as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)

    def take(self, most: int) -> list[Any]:
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> list[Any]:
        return []


class _Text:
    """Lines, as text or as the JSON values that they are."""

    def __init__(
        self, what: str, encoding: str, largest: int, value: Callable[[str], Any] | None
    ) -> None:
        self._what = what
        self._lines = Lines(largest)
        self.feed = self._lines.feed
        self._encoding = encoding
        self._value = value
        self._number = 0
        self._wrong: Exception | None = None

    def take(self, most: int) -> list[Any]:
        if self._wrong is not None:
            raise self._wrong
        # Lines that are left out must not look like the end of what there is.
        while lines := self._lines.take(most):
            if values := self._values(lines):
                return values
        return []

    def finish(self) -> list[Any]:
        return self._values(self._lines.finish())

    def _values(self, lines: list[bytes]) -> list[Any]:
        if not lines:
            return []
        value, number = self._value, self._number
        self._number += len(lines)
        try:
            texts = b"\n".join(lines).decode(self._encoding).split("\n")
            if value is None:
                return texts
            found = [value(text) for text in texts]
        except ValueError:
            found = self._before_what_is_wrong(lines, number)
        return [each for each in found if each is not _NOTHING]

    def _before_what_is_wrong(self, lines: list[bytes], number: int) -> list[Any]:
        """Return the values before the line that is wrong; where there are none, raise the error for it."""
        found: list[Any] = []
        for line in lines:
            number += 1
            try:
                text = line.decode(self._encoding)
                found.append(text if self._value is None else self._value(text))
            except ValueError as error:
                self._wrong = BadRecordError(f"{self._what}: line {number}: {error}: {line[:80]!r}")
                self._wrong.__cause__ = error
                break
        if self._wrong is not None and all(each is _NOTHING for each in found):
            raise self._wrong
        return found


_NOTHING: Any = object()


def _json(text: str) -> Any:
    return json.loads(text) if text.strip() else _NOTHING


def decoder(format: str, what: str, encoding: str, largest: int) -> Decoder:
    """Return what cuts a body into values; `what` is told in its errors."""
    if format == "bytes":
        return _Blocks()
    return _Text(what, encoding, largest, _json if format == "json" else None)


def encoder(format: str, what: str, encoding: str) -> Callable[[Any], bytes]:
    """Return what makes the bytes of an item."""

    def block(value: Any) -> bytes:
        if isinstance(value, str):
            return value.encode(encoding)
        if isinstance(value, (bytes, bytearray)):
            return bytes(value)
        raise TypeError(
            f"{what}: format='bytes' takes bytes or str, got {type(value).__name__}; use format='json'"
        )

    def line(value: Any) -> bytes:
        data = value if isinstance(value, bytes) else str(value).encode(encoding)
        if b"\n" in data:
            raise ValueError(f"{what}: a line may have no line feed in it; use format='json'")
        return data + b"\n"

    def record(value: Any) -> bytes:
        return (json.dumps(value, ensure_ascii=False) + "\n").encode(encoding)

    return {"bytes": block, "lines": line, "json": record}[format]
