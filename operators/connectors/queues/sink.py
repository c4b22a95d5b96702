"""A queue as a sink."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from operators.connectors.arguments import need_arguments
from operators.connectors.message import value_of
from operators.connectors.queues.ports import putting
from operators.connectors.queues.settings import NO_END, SinkSettings
from operators.custom import Sink


class _Sink(Sink[Any]):
    name = "queues.sink"
    asyncio_only = False

    def __init__(self, queue: Any, settings: SinkSettings) -> None:
        self._settings = settings
        self._put = putting(queue, settings.longest_wait)
        self.details: str = type(queue).__name__
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        put = self._put

        async def write(items: list[Any]) -> None:
            for item in items:
                await put(value_of(item))

        yield write
        if self._settings.end is not NO_END:
            await put(self._settings.end)


def sink(queue: Any, settings: SinkSettings = SinkSettings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that puts what comes into a queue, and waits while it is full.

    `queue` is as for `source`, or a sending anyio stream. A Message is put in by its value. Beside what is
    in the queue up to `settings.batch` items wait and as many are in hand. At a cancel what waits, and the
    batch in hand, goes to `on_discard`, and nothing more is put in. Raises TypeError for what is no queue;
    what the queue raises fails the flow.

    >>> import queue
    >>> from operators import Flow
    >>> from operators.connectors import queues
    >>> work = queue.Queue()
    >>> Flow.of("a", "b").apply(queues.sink(work)).run()
    'b'
    >>> work.get(), work.get()
    ('a', 'b')
    """
    need_arguments("queues.sink", SinkSettings, settings)
    return _Sink(queue, settings)
