"""SQLite, of the standard library: rows of a query as a flow, and rows written in transactions.

>>> import tempfile
>>> from pathlib import Path
>>> from operators import Flow
>>> from operators.connectors import sqlite, values
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "shop.db")
...     new = sqlite.SinkSettings(setup="CREATE TABLE sold (name, price)")
...     rows = Flow.of(("tea", 3), ("rum", 12))
...     _ = rows.apply(sqlite.sink(path, "INSERT INTO sold VALUES (?, ?)", new)).run()
...     list(sqlite.source(path, "SELECT name FROM sold WHERE price > ?", (5,)).apply(values()))
[('rum',)]
"""

from operators.connectors.sqlite.settings import SinkSettings, SourceSettings
from operators.connectors.sqlite.sink import sink
from operators.connectors.sqlite.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source"]
