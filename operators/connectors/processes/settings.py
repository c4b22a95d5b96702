"""Settings of processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_encoding, need_fields


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read what a program prints.

    `format`: "lines" are str without their line feed, of `largest` bytes at most, "blocks" bytes as they
    come, of 64 KiB at most; `prefetch` lines are cut off at a time. `cwd` and `env` are those of
    `subprocess.Popen`. A program that is cancelled is asked to end, and killed after `grace` seconds.
    """

    format: Literal["lines", "blocks"] = "lines"
    encoding: str = "utf-8"
    largest: int = 1_048_576
    prefetch: int = 256
    cwd: str | os.PathLike[str] | None = None
    env: Mapping[str, str] | None = None
    grace: float = 5.0

    def __post_init__(self) -> None:
        need_fields("processes", self)
        need_encoding("processes", self.encoding)
        need_choice("processes", "format", self.format, ("lines", "blocks"))
        need_count("processes", "largest", self.largest)
        need_count("processes", "prefetch", self.prefetch)
        need_seconds("processes", "grace", self.grace)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write what a program reads.

    A str is written as a line, bytes as they are. Up to `batch` items wait for it, and as many are in
    hand. `cwd`, `env` and `grace` are those of `SourceSettings`; what it prints goes where ours goes, or
    nowhere with stdout="drop".
    """

    encoding: str = "utf-8"
    batch: int = 64
    stdout: Literal["ours", "drop"] = "ours"
    cwd: str | os.PathLike[str] | None = None
    env: Mapping[str, str] | None = None
    grace: float = 5.0

    def __post_init__(self) -> None:
        need_fields("processes", self)
        need_count("processes", "batch", self.batch)
        need_choice("processes", "stdout", self.stdout, ("ours", "drop"))
        need_seconds("processes", "grace", self.grace)
