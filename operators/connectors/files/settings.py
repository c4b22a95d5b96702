"""Settings of the files' source and sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_encoding, need_fields

Format = Literal["lines", "blocks", "csv", "json"]
Compression = Literal["auto", "none", "gzip", "zstd"]
FORMATS = ("lines", "blocks", "csv", "json")
COMPRESSIONS = ("auto", "none", "gzip", "zstd")


def need_delimiter(delimiter: str) -> None:
    """Raise ValueError unless it is one letter."""
    if len(delimiter) != 1:
        raise ValueError(f"files: delimiter must be one letter, got {delimiter!r}")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a file.

    `format`: "lines" are str without their line feed, "blocks" bytes of `block` bytes or fewer, "csv" a
    dict for each row after the first, which has the names, "json" a value for each line. `compression`
    "auto" goes by the suffix, .gz or .zst (which needs the extra `zstd`). A line, or a record of several
    lines, has at most `largest` bytes. One block is in hand, of which `prefetch` items are cut off at a
    time.

    `follow` goes on at the end of the file: what is appended is read, a file that was truncated is read
    from its beginning, and one that was renamed is read to its end before the new one of that name. It is
    looked at every `poll` seconds, and, where the package watchfiles is installed, as soon as the system
    tells of a change; `start="end"` leaves out what is there when the flow begins. A last line without a
    line feed waits for it.
    """

    format: Format = "lines"
    compression: Compression = "auto"
    encoding: str = "utf-8"
    delimiter: str = ","
    block: int = 65_536
    largest: int = 1_048_576
    prefetch: int = 256
    follow: bool = False
    start: Literal["beginning", "end"] = "beginning"
    poll: float = 0.1

    def __post_init__(self) -> None:
        need_fields("files", self)
        need_choice("files", "format", self.format, FORMATS)
        need_choice("files", "compression", self.compression, COMPRESSIONS)
        need_choice("files", "start", self.start, ("beginning", "end"))
        for name in ("block", "largest", "prefetch"):
            need_count("files", name, getattr(self, name))
        need_seconds("files", "poll", self.poll)
        need_encoding("files", self.encoding)
        need_delimiter(self.delimiter)
        if self.start == "end" and not self.follow:
            raise ValueError("files: start='end' is for follow=True: there is nothing else to read")
        if self.follow and self.format == "blocks":
            raise ValueError("files: follow=True reads lines, csv or json")


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write a file.

    `format` and `compression` are those of `SourceSettings`; `append` keeps what is there. With `rotate`,
    a file that would grow beyond so many bytes (before compression) is renamed to name.1, what was that
    to name.2, up to name.`keep`; the oldest is deleted. `fsync`: the disk has what was written "never" by
    our doing, at the "end" of each file, or after each "batch", before its items are passed on. `batch`
    items wait, and as many are in hand.
    """

    format: Format = "lines"
    compression: Compression = "auto"
    encoding: str = "utf-8"
    delimiter: str = ","
    append: bool = False
    rotate: int | None = None
    keep: int = 5
    fsync: Literal["never", "end", "batch"] = "never"
    batch: int = 256

    def __post_init__(self) -> None:
        need_fields("files", self)
        need_choice("files", "format", self.format, FORMATS)
        need_choice("files", "compression", self.compression, COMPRESSIONS)
        need_choice("files", "fsync", self.fsync, ("never", "end", "batch"))
        need_encoding("files", self.encoding)
        need_delimiter(self.delimiter)
        if self.rotate is not None:
            need_count("files", "rotate", self.rotate)
        need_count("files", "keep", self.keep)
        need_count("files", "batch", self.batch)
