"""A queue of an AMQP server as a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_text
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.amqp.consumer import Consumer
from operators.connectors.amqp.line import Server
from operators.connectors.amqp.settings import SourceSettings
from operators.connectors.answers import let_go
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[bytes]]):
    name = "amqp.source"

    def __init__(self, url: str, queue: str, settings: SourceSettings) -> None:
        need_text("amqp.source", "queue", queue)
        self._server = Server("amqp.source", url, settings.timeout)
        self._queue = queue
        self._settings = settings
        self.details: str = f"{queue} of {self._server.shown}"
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[Iterator[Message[bytes]]]:
        consumer = Consumer(self._server, self._queue, self._settings)
        failed = False
        try:
            await consumer.begin()
            while messages := await consumer.read():
                yield let_go([self._message(consumer, each) for each in messages])
        except Exception:
            failed = True
            raise
        finally:
            with Unbroken():
                await consumer.end(failed=failed)

    def _message(self, consumer: Consumer, message: Any) -> Message[bytes]:
        properties = message.header.properties
        own: dict[str, Any] = properties.headers or {}
        headers: dict[str, Any] = {
            **own,
            "routing_key": message.routing_key,
            "exchange": message.exchange,
            "message_id": properties.message_id,
            "redelivered": bool(message.redelivered),
        }
        return Message(message.body, headers, consumer.answers.give(message.delivery_tag))


def source(
    url: str,
    queue: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[bytes]]:
    """Return a flow of the messages of a queue, each of which falls to one of those who read it.

    Messages come from the first item asked for on (§1.1), up to a window: those that were given out and
    not acknowledged, in hand or fetched ahead, are `settings.prefetch` at most; the others stay with the
    server. So acknowledge each, also what you filter out: when the window is full nothing more comes. The
    value of a message is bytes; its headers are those it has, and "routing_key", "exchange", "message_id"
    and "redelivered". `nack()` puts it back, `amqp.reject(message)` makes it a dead letter; what was not
    answered when the connection ends is given again: at least once. It never completes, unless with
    `follow=False`. `url` is as for `sink`. Fails with an error of aiormq.exceptions, an OSError, or with
    TimeoutError where no answer comes; to connect again there is `flow.restart(Backoff(...))`.

    >>> from operators.connectors import amqp
    >>> orders = amqp.source("amqp://localhost", "orders", amqp.SourceSettings(prefetch=10))
    >>> texts = orders.map(lambda order: order.with_value(order.value.decode()))
    """
    need_arguments("amqp.source", SourceSettings, settings, url=url, queue=queue)
    return _Source(url, queue, settings).flow()
