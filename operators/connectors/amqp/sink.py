"""A queue or an exchange of an AMQP server as a sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_text, shown
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.amqp.line import Line, Server
from operators.connectors.amqp.settings import SinkSettings
from operators.connectors.arguments import need_arguments
from operators.connectors.message import value_of
from operators.custom import Sink

_PERSISTENT = 2


class _Sink(Sink[Any]):
    name = "amqp.sink"

    def __init__(self, url: str, routing_key: str, settings: SinkSettings) -> None:
        need_text("amqp.sink", "routing_key", routing_key)
        self._server = Server("amqp.sink", url, settings.timeout)
        self._routing_key = routing_key
        self._settings = settings
        self.details: str = f"{routing_key} of {self._server.shown}"
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async with self._server.opened() as line:
            if not self._settings.exchange:
                await line.made(self._routing_key, self._settings.arguments)
            yield partial(self._write, line)

    async def _write(self, line: Line, items: list[Any]) -> None:
        bodies = [_body(item) for item in items]
        await line.answer(self._published(line, items, bodies))

    async def _published(self, line: Line, items: list[Any], bodies: list[bytes]) -> None:
        # One after another onto the wire, and all their answers are waited for together.
        loop = asyncio.get_running_loop()
        pairs = zip(items, bodies, strict=True)
        tasks = [loop.create_task(self._publish(line, item, body)) for item, body in pairs]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            with Unbroken():
                await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks if not task.cancelled()]
        for error in filter(None, errors):
            raise error

    async def _publish(self, line: Line, item: Any, body: bytes) -> None:
        settings = self._settings
        given: Mapping[str, Any] = {} if settings.properties is None else settings.properties(item)
        properties = line.library.spec.Basic.Properties(**{"delivery_mode": _PERSISTENT, **given})
        await line.channel.basic_publish(
            body,
            exchange=settings.exchange,
            routing_key=self._routing_key,
            properties=properties,
            mandatory=True,
            wait=False,
        )


def _body(item: Any) -> bytes:
    value = value_of(item)
    if not isinstance(value, bytes):
        raise TypeError(f"amqp.sink: a message is bytes, got {shown(value)}")
    return value


def sink(url: str, routing_key: str, settings: SinkSettings = SinkSettings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that publishes each item, bytes or a Message of them, to a queue or an exchange.

    Up to `settings.batch` of them are on their way together, in order, and an item is passed on when the
    server has confirmed that it has it: acknowledged then, each is written at least once. What no queue
    gets is an error (PublishError), and so is what the server refuses (DeliveryError). `url` is
    "amqp://user:password@host:port/vhost", or "amqps://..." with TLS. Fails with an error of
    aiormq.exceptions or an OSError, with TimeoutError where no answer comes, with TypeError for what is not
    bytes.

    >>> from operators import Flow
    >>> from operators.connectors import amqp
    >>> writing = Flow.of(b"tea", b"rum").apply(amqp.sink("amqp://localhost", "orders"))
    """
    need_arguments("amqp.sink", SinkSettings, settings, url=url, routing_key=routing_key)
    return _Sink(url, routing_key, settings)
