"""Parquet files, with pyarrow: record batches or rows, read a batch and written a row group at a time.

>>> from operators.connectors import parquet, values
>>> cheap = parquet.SourceSettings(columns=("name", "price"), items="rows")
>>> names = parquet.source("sold.parquet", cheap).apply(values()).map(lambda row: row["name"])
"""

from operators.connectors.parquet.settings import SinkSettings, SourceSettings
from operators.connectors.parquet.sink import sink
from operators.connectors.parquet.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source"]
