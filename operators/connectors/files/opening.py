"""Opening a file, plain or compressed."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import IO, Any, cast

from operators.connectors.extras import need
from operators.connectors.files.settings import Compression

_SUFFIXES: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}


def compression_of(path: Path, compression: Compression) -> Compression:
    """Return the compression of a file, by its name where that decides."""
    if compression != "auto":
        return compression
    return _SUFFIXES.get(path.suffix, "none")


def opened(path: Path, mode: str, compression: Compression) -> IO[bytes]:
    """Return the file, opened for bytes; `mode` is "r", "w" or "a"."""
    match compression_of(path, compression):
        case "gzip":
            return cast("IO[bytes]", gzip.open(path, mode + "b"))
        case "zstd":
            zstd: Any = _zstd()
            # Damage is to be seen when it is read, which zstd leaves out unless it is told to.
            options = (
                {} if mode == "r" else {"options": {zstd.CompressionParameter.checksum_flag: 1}}
            )
            return cast("IO[bytes]", zstd.open(path, mode + "b", **options))
        case _:
            return path.open(mode + "b", buffering=0)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        return need("compression.zstd", "zstd")
    return need("backports.zstd", "zstd")
