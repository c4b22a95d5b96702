r"""Files: lines, blocks, CSV and JSON lines, plain or compressed; also those that grow or are rotated.

>>> import tempfile
>>> from pathlib import Path
>>> from operators import Flow
>>> from operators.connectors import files, values
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "numbers.gz")
...     _ = Flow.range(3).map(str).apply(files.sink(path)).run()
...     list(files.source(path).apply(values()))
['0', '1', '2']
"""

from operators.connectors.files.settings import SinkSettings, SourceSettings
from operators.connectors.files.sink import sink
from operators.connectors.files.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source"]
