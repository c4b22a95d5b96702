"""Frames of RSocket 1.0, by the package `rsocket`; those that carry items, or errors, are made and read here.

An item's frame takes that package 7 microseconds to make and 9 to read, ten times as long as it need. And it
takes an error whose code is an application's own, of which there may be four milliards, for a broken frame.
"""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import shown
from operators.connectors.extras import need
from operators.connectors.message import NO_HEADERS, Message

MOST = 2**31 - 1
"""The largest demand that a frame can tell."""
LARGEST = 16_777_215
"""Bytes of a frame, which 3 bytes count."""
SMALLEST_FRAGMENT = 64
HEADER = 6

SETUP, LEASE, KEEPALIVE = 1, 2, 3
REQUEST_RESPONSE, REQUEST_FNF, REQUEST_STREAM, REQUEST_CHANNEL = 4, 5, 6, 7
REQUEST_N, CANCEL, PAYLOAD, ERROR, METADATA_PUSH, RESUME = 8, 9, 10, 11, 12, 13

IGNORE, METADATA = 2, 1  # of the byte that has the type, too
FOLLOWS, COMPLETE, NEXT = 0x80, 0x40, 0x20  # of the byte after it

INVALID_SETUP, UNSUPPORTED_SETUP, REJECTED_SETUP, REJECTED_RESUME = 1, 2, 3, 4
CONNECTION_ERROR, CONNECTION_CLOSE = 0x101, 0x102
APPLICATION_ERROR, REJECTED, CANCELED, INVALID = 0x201, 0x202, 0x203, 0x204
_CODES = {
    INVALID_SETUP: "INVALID_SETUP",
    UNSUPPORTED_SETUP: "UNSUPPORTED_SETUP",
    REJECTED_SETUP: "REJECTED_SETUP",
    REJECTED_RESUME: "REJECTED_RESUME",
    CONNECTION_ERROR: "CONNECTION_ERROR",
    CONNECTION_CLOSE: "CONNECTION_CLOSE",
    APPLICATION_ERROR: "APPLICATION_ERROR",
    REJECTED: "REJECTED",
    CANCELED: "CANCELED",
    INVALID: "INVALID",
}


class RemoteError(Exception):
    """An error that the other side has sent.

    `code` is the protocol's number of it: `rsocket.APPLICATION_ERROR`, 0x201, for what its program has
    raised, an application's own from 0x301 on; `text` is what it says.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code: int = code
        self.text: str = text

    def __str__(self) -> str:
        return f"{_CODES.get(self.code, hex(self.code))}: {self.text}"


class ProtocolError(Exception):
    """The other side does not keep to the protocol; the message says how."""


def frames() -> Any:
    """Return the package's module of frames."""
    return need("rsocket.frame", "rsocket")


# Made -------------------------------------------------------------------------------------------


def parts(item: Any) -> tuple[bytes, bytes | None]:
    """Return data and metadata of an item; raise TypeError for what is none."""
    metadata: Any = None
    if isinstance(item, Message):
        message: Message[Any] = item  # pyright: ignore[reportUnknownVariableType]
        metadata = message.headers.get("metadata")
        item = message.value
    if not isinstance(item, bytes):
        item = _bytes("a payload", item)
    if metadata is not None and not isinstance(metadata, bytes):
        metadata = _bytes("metadata", metadata)
    return item, metadata


def _bytes(what: str, value: Any) -> bytes:
    if type(value) not in (bytearray, memoryview):
        raise TypeError(f"rsocket: {what} is bytes, or a Message of bytes, got {shown(value)}")
    return bytes(value)


def item_frames(stream: int, item: Any, fragment: int | None) -> list[bytes]:
    """Return the frames of an item: one, or several if it is longer than `fragment` bytes."""
    data, metadata = parts(item)
    size = HEADER + len(data) + (0 if metadata is None else 3 + len(metadata))
    if fragment is not None and size + 3 > fragment:
        return _fragments(payload_frame(stream, data, metadata), fragment)
    if size > LARGEST:
        raise ValueError(
            f"rsocket: an item of {size:,} bytes is longer than a frame; Settings(fragment=) cuts it"
        )
    return [item_frame(stream, data, metadata)]


def item_frame(stream: int, data: bytes, metadata: bytes | None) -> bytes:
    """Return the one frame of an item."""
    if metadata is None:
        return b"%b\x28\x20%b" % (stream.to_bytes(4, "big"), data)
    return b"%b\x29\x20%b%b%b" % (
        stream.to_bytes(4, "big"), len(metadata).to_bytes(3, "big"), metadata, data,
    )  # fmt: skip


def payload_frame(stream: int, data: bytes, metadata: bytes | None) -> Any:
    """Return the package's frame of an item."""
    frame = frames().PayloadFrame()
    frame.stream_id, frame.flags_next = stream, True
    frame.data, frame.metadata = data, metadata
    return frame


def complete_frame(stream: int) -> bytes:
    """Return the frame that says that no more items come."""
    return stream.to_bytes(4, "big") + b"\x28\x40"


def error_frame(stream: int, code: int, text: str) -> bytes:
    """Return the frame of an error."""
    kind = bytes([ERROR << 2, 0])
    return (
        stream.to_bytes(4, "big") + kind + code.to_bytes(4, "big") + text.encode()[: LARGEST - 10]
    )


def request_frames(
    kind: int, stream: int, item: Any, fragment: int | None, n: int = 0, *, complete: bool = False
) -> list[bytes]:
    """Return the frames of a request, with the first demand where its kind has one."""
    module = frames()
    frame = {
        REQUEST_RESPONSE: module.RequestResponseFrame,
        REQUEST_FNF: module.RequestFireAndForgetFrame,
        REQUEST_STREAM: module.RequestStreamFrame,
        REQUEST_CHANNEL: module.RequestChannelFrame,
    }[kind]()
    frame.stream_id = stream
    frame.data, frame.metadata = parts(item)
    if kind in (REQUEST_STREAM, REQUEST_CHANNEL):
        frame.initial_request_n = n
    if complete:
        frame.flags_complete = True
    return _fragments(frame, fragment)


def _fragments(frame: Any, fragment: int | None) -> list[bytes]:
    size = HEADER + 4 + len(frame.data) + len(frame.metadata or b"")
    if fragment is None or size + 6 <= fragment:
        if size > LARGEST:
            raise ValueError(
                f"rsocket: a payload of {size:,} bytes is longer than a frame; Settings(fragment=) cuts it"
            )
        return [frame.serialize()]
    frame.fragment_size_bytes = fragment
    made: list[bytes] = []
    while True:
        piece = frame.get_next_fragment()
        made.append(piece.serialize())
        if not piece.flags_follows:
            return made


def request_n_frame(stream: int, n: int) -> bytes:
    """Return the frame of a demand, of 1 to MOST."""
    frame = frames().RequestNFrame()
    frame.stream_id, frame.request_n = stream, n
    made: bytes = frame.serialize()
    return made


def cancel_frame(stream: int) -> bytes:
    """Return the frame of a cancel."""
    frame = frames().CancelFrame()
    frame.stream_id = stream
    made: bytes = frame.serialize()
    return made


def keepalive_frame(data: bytes = b"", *, respond: bool) -> bytes:
    """Return a sign of life, which may ask for another one."""
    frame = frames().KeepAliveFrame(data)
    frame.flags_respond = respond
    made: bytes = frame.serialize()
    return made


def push_frame(metadata: bytes) -> bytes:
    """Return the frame of metadata of the whole connection."""
    frame = frames().MetadataPushFrame()
    frame.metadata = metadata
    made: bytes = frame.serialize()
    return made


def setup_frame(settings: Any) -> bytes:
    """Return a client's first frame."""
    frame = frames().SetupFrame()
    frame.keep_alive_milliseconds = max(1, int(settings.keep_alive * 1_000))
    frame.max_lifetime_milliseconds = max(1, int(settings.max_lifetime * 1_000))
    frame.data_encoding = settings.data_mime.encode()
    frame.metadata_encoding = settings.metadata_mime.encode()
    frame.data = settings.setup
    made: bytes = frame.serialize()
    return made


# Read -------------------------------------------------------------------------------------------


def read(data: bytes) -> Any:
    """Return the package's frame; None where it is to be ignored. Raises ProtocolError where it is none."""
    kind = data[4] >> 2
    try:
        return frames().parse_or_ignore(data)
    except Exception as error:
        if data[4] & IGNORE:
            return None
        raise ProtocolError(f"a frame of type {kind} cannot be read: {error}") from error


def read_error(data: bytes) -> RemoteError:
    """Return the error that a frame has."""
    return RemoteError(int.from_bytes(data[6:10], "big"), data[10:].decode(errors="replace"))


def message(data: bytes, metadata: bytes | None) -> Message[bytes]:
    """Return the message of a payload."""
    return Message(bytes(data), {"metadata": bytes(metadata)} if metadata else NO_HEADERS)


class Pieces:
    """Fragments of payloads, put together."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._begun: dict[int, tuple[Any, list[bytes], list[bytes]]] = {}
        self._sizes: dict[int, int] = {}

    def __contains__(self, stream: int) -> bool:
        return stream in self._begun

    def drop(self, stream: int) -> None:
        """Forget what has come of a stream."""
        self._begun.pop(stream, None)
        self._sizes.pop(stream, None)

    def add(self, frame: Any) -> Any:
        """Return the whole frame when its last piece has come, else None; raise ProtocolError if too long."""
        stream = frame.stream_id
        first, data, metadata = self._begun.setdefault(stream, (frame, [], []))
        data.append(frame.data or b"")
        metadata.append(frame.metadata or b"")
        size = self._sizes[stream] = self._sizes.get(stream, 0) + len(data[-1]) + len(metadata[-1])
        if size > self._largest:
            self.drop(stream)
            raise ProtocolError(f"a payload has more than largest={self._largest:,} bytes")
        if frame.flags_follows:
            return None
        self.drop(stream)
        first.data, first.metadata = b"".join(data), b"".join(metadata)
        first.flags_complete = frame.flags_complete or first.flags_complete
        if hasattr(first, "flags_next"):
            first.flags_next = True
        return first
