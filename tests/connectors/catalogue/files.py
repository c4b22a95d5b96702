"""Files in a folder that is gone with the tests."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import files
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own

_FOLDER = tempfile.TemporaryDirectory(prefix="connectors-", ignore_cleanup_errors=True)
HERE = Path(_FOLDER.name)
_NAMES = itertools.count()


def _file(elements: int) -> Flow[Any]:
    path = HERE / f"lines-{min(elements, 1_000)}"
    path.write_text("".join(f"{n}\n" for n in range(min(elements, 1_000))))
    return files.source(path)


def _file_sink(elements: int) -> Flow[Any]:
    return Flow.range(elements).apply(files.sink(HERE / f"out-{next(_NAMES)}"))


SOURCES = [Own("files.source", _file, MANY, hops=True)]
SINKS = [Own("files.sink", _file_sink, EACH, hops=True)]
