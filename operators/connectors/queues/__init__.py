"""Queues of the standard library, and what looks like them: asyncio, queue, multiprocessing, janus, anyio.

>>> import queue
>>> from operators import Flow
>>> from operators.connectors import queues, values
>>> numbers = queue.Queue()
>>> Flow.range(3).apply(queues.sink(numbers, queues.SinkSettings(end=None))).run()
2
>>> list(queues.source(numbers).apply(values()))
[0, 1, 2]
"""

from operators.connectors.queues.settings import SinkSettings, SourceSettings
from operators.connectors.queues.sink import sink
from operators.connectors.queues.source import source

__all__ = ["SinkSettings", "SourceSettings", "sink", "source"]
