"""Settings of the Parquet source and sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from operators._kernel.failures.checks import need_choice, need_count
from operators.connectors.arguments import need_fields

_COMPRESSIONS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a Parquet file.

    `columns` are the only ones that are read; None for all. `items`: an Arrow record batch each
    ("batches"), or a dict each ("rows"). A batch has `batch` rows at most; one is in hand. `row_groups` are
    the only ones that are read, by their number from 0; None for all.
    """

    columns: tuple[str, ...] | None = None
    items: Literal["batches", "rows"] = "batches"
    batch: int = 8_192
    row_groups: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        need_fields("parquet", self)
        need_choice("parquet", "items", self.items, ("batches", "rows"))
        need_count("parquet", "batch", self.batch)
        for name in ("columns", "row_groups"):
            value = getattr(self, name)
            if isinstance(value, str) or (value is not None and not isinstance(value, tuple)):
                raise TypeError(f"parquet: {name} must be a tuple, got {value!r}")


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write a Parquet file.

    `schema` is the Arrow schema; None for that of the first group of rows, or of the first record batch.
    Rows are gathered until there are `row_group` of them, which are then written; `rotate` is for how many
    rows a file has, each of which is then called name-00001.parquet and so on. `compression` is that of the
    columns. `batch` items wait, and as many are in hand: take 1 for large record batches.
    """

    schema: Any = None
    row_group: int = 65_536
    rotate: int | None = None
    compression: Literal["none", "snappy", "gzip", "brotli", "lz4", "zstd"] = "zstd"
    batch: int = 64

    def __post_init__(self) -> None:
        need_fields("parquet", self)
        need_count("parquet", "row_group", self.row_group)
        if self.rotate is not None:
            need_count("parquet", "rotate", self.rotate)
        need_choice("parquet", "compression", self.compression, _COMPRESSIONS)
        need_count("parquet", "batch", self.batch)
