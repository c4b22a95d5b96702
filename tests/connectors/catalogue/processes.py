"""Programs that every system has."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import processes
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own


def _processes_source(elements: int) -> Flow[Any]:
    return processes.source(["seq", "1", str(min(elements, 1_000))])


def _processes_sink(elements: int) -> Flow[Any]:
    return Flow.range(elements).apply(
        processes.sink(["cat"], processes.SinkSettings(stdout="drop"))
    )


SOURCES = [Own("processes.source", _processes_source, MANY, hops=True)]
SINKS = [Own("processes.sink", _processes_sink, EACH, hops=True)]
