"""Server-Sent Events: from a stream of bytes to events, and back, by the rules of the WHATWG."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from operators.connectors.framing import too_large
from operators.connectors.message import Message

_LINE_END = re.compile(r"\r\n|\r|\n")


class Events:
    r"""Makes Messages of a stream, of the data, with the headers "event" and, where there is one, "id".

    An event that the end of the stream cuts is dropped, as the rules say. `last_id` and `retry` are what
    a client needs to connect again.

    >>> from operators.connectors.http.sse import Events
    >>> events = Events(largest=100)
    >>> events.feed(b"id: 1\ndata: a\ndata: b\n\n: nothing\n\nevent: end\ndata\n\ndata: cut")
    >>> events.take(9)
    [Message('a\nb', {'event': 'message', 'id': '1'}), Message('', {'event': 'end', 'id': '1'})]
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = b""
        self._after_return = False
        self._began = False
        self._id = ""
        self._headers: dict[str, str] = {}
        self._ready: list[Message[str]] = []
        self.last_id: str = ""
        """The id of the last event that was given."""
        self.retry: float | None = None
        """Seconds to wait before connecting again, where the server has said so."""

    def begin(self) -> None:
        """Begin a stream anew; what was said about ids and pauses stays."""
        for line in self._buffer.split(b"\n")[:-1]:
            # It counts from its line on, not from the end of its event.
            if line.startswith(b"retry:"):
                self._pause(line[6:].decode("utf-8", "replace"))
        self._buffer = b""
        self._after_return = self._began = False
        self._id = self.last_id

    def feed(self, data: bytes) -> None:
        """Take in what has come; raise FrameTooLargeError for an event beyond what is allowed."""
        if self._after_return and data:
            data = data.removeprefix(b"\n")  # it ends the same line
            self._after_return = False
        if b"\r" in data:
            self._after_return = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        known = len(self._buffer)
        buffer = self._buffer + data if known else data
        if not self._began and len(buffer) >= len(codecs.BOM_UTF8):
            self._began = True
            buffer = buffer.removeprefix(codecs.BOM_UTF8)
            known = 0
        end = buffer.rfind(b"\n\n", max(known - 1, 0))
        if end < 0 and buffer.startswith(b"\n"):
            end = 0  # an event that is nothing but its end
        rest = buffer[end + 2 :] if end > 0 else buffer.removeprefix(b"\n")
        self._buffer = rest
        if end > 0:
            whole = buffer[:end]
            if end > self._largest:
                self._measure(max(map(len, whole.split(b"\n\n"))))
            for event in whole.decode("utf-8", "replace").split("\n\n"):
                self._event(event)
        self._measure(len(rest))

    def _measure(self, size: int) -> None:
        if size > self._largest:
            raise too_large(size, self._largest)

    def _event(self, event: str) -> None:
        data: list[str] = []
        kind = "message"
        for line in event.split("\n"):
            name, _, rest = line.partition(":")
            if name == "data":
                data.append(rest[1:] if rest[:1] == " " else rest)
            elif name == "event":
                kind = rest.removeprefix(" ") or "message"
            elif name == "id":
                if "\0" not in rest:
                    self._id = rest.removeprefix(" ")
            elif name == "retry":
                self._pause(rest)
        headers = self._headers
        if self._id != self.last_id or headers.get("event") != kind:
            self.last_id = self._id
            headers = {"event": kind, "id": self._id} if self._id else {"event": kind}
            self._headers = headers
        if data:
            self._ready.append(Message("\n".join(data) if len(data) > 1 else data[0], headers))

    def _pause(self, rest: str) -> None:
        digits = rest.removeprefix(" ")
        if digits.isascii() and digits.isdigit() and len(digits) < _MOST_DIGITS:
            self.retry = int(digits) / 1_000

    def take(self, most: int) -> list[Message[str]]:
        """Return up to `most` events that are whole."""
        taken, self._ready = self._ready[:most], self._ready[most:]
        return taken


_MOST_DIGITS = 12


def event_of(item: Any) -> bytes:
    r"""Return the bytes of an event: text as it is, anything else as JSON; of a Message with its headers.

    >>> from operators.connectors import Message
    >>> from operators.connectors.http.sse import event_of
    >>> event_of(Message({"n": 1}, {"event": "token", "id": "7"}))
    b'event: token\nid: 7\ndata: {"n": 1}\n\n'
    >>> event_of("two\nlines")
    b'data: two\ndata: lines\n\n'
    """
    lines: list[str] = []
    if isinstance(item, Message):
        message: Message[Any] = item  # pyright: ignore[reportUnknownVariableType]
        for name in ("event", "id", "retry"):
            value = message.headers.get(name)
            if value is None or (name == "event" and value == "message"):
                continue
            text = str(value)
            if _LINE_END.search(text) or "\0" in text:
                raise ValueError(f"the {name} of an event may have no line end or NUL: {text!r}")
            lines.append(f"{name}: {text}")
        item = message.value
    text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
    lines += [f"data: {line}" for line in _LINE_END.split(text)]
    return ("\n".join(lines) + "\n\n").encode()


STILL_HERE = b": still here\n\n"
"""A comment, which says that the connection lives."""
