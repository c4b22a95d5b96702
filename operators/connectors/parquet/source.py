"""A Parquet file as a source."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import Message
from operators.connectors.parquet.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[Any]]):
    name = "parquet.source"

    def __init__(self, path: Path, settings: SourceSettings) -> None:
        self._path = path
        self._settings = settings
        self._headers: Mapping[str, Any] = MappingProxyType({"path": str(path)})
        self.details: str = path.name
        self.holds: int = settings.batch if settings.items == "rows" else 1

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        headers = self._headers
        async with Blocking("operators-parquet") as blocking:
            file = await blocking.call(self._opened, _close)
            try:
                parts = await blocking.call(partial(self._parts, file))
                while (batch := await blocking.call(partial(next, parts, None))) is not None:
                    if self._settings.items == "batches":
                        yield [Message(batch, headers)]
                    elif rows := await blocking.call(batch.to_pylist):
                        yield [Message(row, headers) for row in rows]
            finally:
                await blocking.call(partial(_close, file))

    def _opened(self) -> Any:
        # By default a whole row group is read ahead, and what is damaged is not noticed.
        return need("pyarrow.parquet", "parquet").ParquetFile(
            self._path, pre_buffer=False, page_checksum_verification=True
        )

    def _parts(self, file: Any) -> Any:
        settings = self._settings
        columns = settings.columns
        if columns is not None:
            # A name that is not there would be left out without a word.
            known = [field.name for field in file.schema_arrow]
            if unknown := [name for name in columns if name.partition(".")[0] not in known]:
                raise ValueError(
                    f"parquet: {self._path} has no column {unknown[0]!r}; it has {', '.join(known)}"
                )
        return file.iter_batches(
            settings.batch,
            None if settings.row_groups is None else list(settings.row_groups),
            None if columns is None else list(columns),
        )


def _close(file: Any) -> None:
    file.close()


def source(
    path: str | os.PathLike[str],
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of a Parquet file: Arrow record batches, or rows as dicts, with its path as a header.

    A batch of `settings.batch` rows is decoded when one is asked for (§1.1) and the one before is used up, on
    a thread; beside it what is compressed of one row group may be in memory. Only `settings.columns` are
    read. Fails with an OSError for a file that cannot be read, with an error of pyarrow (a ValueError or
    an OSError) for one that is no Parquet file or is damaged, with ValueError for a column that is not
    there, and with MissingExtraError without pyarrow.

    >>> from operators.connectors import parquet, values
    >>> def total(path):
    ...     settings = parquet.SourceSettings(columns=("price",), items="rows")
    ...     return sum(parquet.source(path, settings).apply(values()).map(lambda row: row["price"]))
    """
    need_arguments("parquet.source", SourceSettings, settings, path=path)
    return _Source(Path(path), settings).flow()
