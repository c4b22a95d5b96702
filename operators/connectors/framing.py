"""Framing: where in a stream of bytes one value ends and the next begins, each with a largest size."""

from __future__ import annotations

from typing import Protocol


class FrameTooLargeError(ValueError):
    """A frame is larger than allowed; nothing more is read."""


class CutFrameError(EOFError):
    """The stream has ended within a frame."""


class BadRecordError(ValueError):
    """A line is not what its format says; the message has its number."""


class Framing(Protocol):
    """What cuts the bytes of one stream into frames, and makes frames of values."""

    @property
    def pending(self) -> int:
        """The bytes that were taken in and not given."""
        ...

    def feed(self, data: bytes) -> None:
        """Take in what has come."""
        ...

    def take(self, most: int) -> list[bytes]:
        """Return up to `most` frames that are complete; raise FrameTooLargeError where the first is one."""
        ...

    def finish(self) -> list[bytes]:
        """Return the frame that ends with the stream; raise CutFrameError where it is cut."""
        ...

    def frame(self, value: bytes) -> bytes:
        """Return the bytes of a frame."""
        ...


class Lines:
    r"""Frames that end with a line feed, of at most `largest` bytes without it.

    A carriage return before it is dropped, unless `returns`, and the last frame may go without, where the
    stream ends.

    >>> from operators.connectors.framing import Lines
    >>> lines = Lines(largest=100)
    >>> lines.feed(b"a\r\nb\nc")
    >>> lines.take(10), lines.finish()
    ([b'a', b'b'], [b'c'])
    """

    __slots__ = ("_buffer", "_largest", "_returns")

    def __init__(self, largest: int, *, returns: bool = False) -> None:
        self._largest = largest
        self._returns = returns
        self._buffer = b""

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take(self, most: int) -> list[bytes]:
        buffer = self._buffer
        frames = buffer.split(b"\n", most)
        self._buffer = frames.pop()
        if len(buffer) > self._largest:  # otherwise no frame can be
            frames = self._allowed(frames)
        if b"\r" in buffer and not self._returns:
            return [frame.removesuffix(b"\r") for frame in frames]
        return frames

    def _allowed(self, frames: list[bytes]) -> list[bytes]:
        """Return those before one that is too large; raise FrameTooLargeError where it is the first."""
        if not frames:
            if len(self._buffer) > self._largest:
                raise too_large(len(self._buffer), self._largest)
            return frames
        for at, frame in enumerate(frames):
            if len(frame) > self._largest:
                self._buffer = b"\n".join([*frames[at:], self._buffer])
                if not at:
                    raise too_large(len(frame), self._largest)
                return frames[:at]
        return frames

    def finish(self) -> list[bytes]:
        rest, self._buffer = self._buffer, b""
        return [rest] if rest else []

    def frame(self, value: bytes) -> bytes:
        if b"\n" in value:
            raise ValueError(
                "a line may have no line feed in it; use frames with a length for such values"
            )
        if len(value) > self._largest:
            raise too_large(len(value), self._largest)
        return value + b"\n"


class Prefixed:
    r"""Frames with their length before them, as `width` bytes, the most significant one first.

    >>> from operators.connectors.framing import Prefixed
    >>> prefixed = Prefixed(largest=100, width=2)
    >>> prefixed.frame(b"abc")
    b'\x00\x03abc'
    >>> prefixed.feed(b"\x00\x03abc\x00")
    >>> prefixed.take(10)
    [b'abc']
    """

    __slots__ = ("_buffer", "_largest", "_width")

    def __init__(self, largest: int, width: int = 4) -> None:
        self._largest = largest
        self._width = width
        self._buffer = b""

    @property
    def pending(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data

    def take(self, most: int) -> list[bytes]:
        buffer, width, largest = self._buffer, self._width, self._largest
        frames: list[bytes] = []
        at, end = 0, len(buffer)
        while len(frames) < most and at + width <= end:
            size = int.from_bytes(buffer[at : at + width], "big")
            if size > largest:
                if frames:
                    break  # those before it are whole
                raise too_large(size, largest)
            if at + width + size > end:
                break
            at += width + size
            frames.append(buffer[at - size : at])
        self._buffer = buffer[at:]
        return frames

    def finish(self) -> list[bytes]:
        if self._buffer:
            raise CutFrameError(
                f"the stream has ended within a frame, {len(self._buffer)} bytes after its beginning"
            )
        return []

    def frame(self, value: bytes) -> bytes:
        size = len(value)
        if size > self._largest:
            raise too_large(size, self._largest)
        return size.to_bytes(self._width, "big") + value


def too_large(size: int, largest: int) -> FrameTooLargeError:
    """Return the error for a frame that is too large."""
    return FrameTooLargeError(
        f"a frame of {size:,} bytes or more, and {largest:,} are allowed (largest=)"
    )
