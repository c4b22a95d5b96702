"""Queues of the language: nothing else is needed."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

from operators import Flow
from operators.connectors import queues
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own


def _filled(made: Any, elements: int) -> Any:
    for n in range(min(elements, 1_000)):
        made.put_nowait(n)
    made.put_nowait(None)
    return made


def _queue(elements: int) -> Flow[Any]:
    return Flow.defer(lambda: queues.source(_filled(queue.Queue(), elements)))


def _async_queue(elements: int) -> Flow[Any]:
    settings = queues.SourceSettings(prefetch=8)
    return Flow.defer(lambda: queues.source(_filled(asyncio.Queue(), elements), settings))


SOURCES = [
    Own("queues.source", _queue, MANY, hops=True),
    Own("queues.source", _async_queue, MANY, hops=True),
]
SINKS = [
    Own("queues.sink", lambda n: Flow.range(n).apply(queues.sink(queue.SimpleQueue())), EACH, hops=True),
    Own("queues.sink", lambda n: Flow.range(n).apply(queues.sink(asyncio.Queue())), EACH, hops=True),
]  # fmt: skip
