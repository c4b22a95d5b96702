"""A consumer of a JetStream stream as a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_text
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.answers import let_go
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.nats.link import Server
from operators.connectors.nats.puller import Puller
from operators.connectors.nats.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[bytes]]):
    name = "nats.source"

    def __init__(self, url: str, stream: str, consumer: str, settings: SourceSettings) -> None:
        need_text("nats.source", "stream", stream)
        need_text("nats.source", "consumer", consumer)
        self._server = Server("nats.source", url, settings.timeout, settings.options)
        self._stream = stream
        self._consumer = consumer
        self._settings = settings
        self.details: str = f"{stream} of {self._server.shown}, as {consumer}"
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[Iterator[Message[bytes]]]:
        puller = Puller(self._server, self._stream, self._consumer, self._settings)
        failed = False
        try:
            await puller.begin()
            while messages := await puller.read():
                yield let_go([self._message(puller, each) for each in messages])
        except Exception:
            failed = True
            raise
        finally:
            with Unbroken():
                await puller.end(failed=failed)

    def _message(self, puller: Puller, message: Any) -> Message[bytes]:
        told = message.metadata
        own: dict[str, str] = message.headers or {}
        headers: dict[str, Any] = {
            **own,
            "subject": message.subject,
            "sequence": told.sequence.stream,
            "redelivered": told.num_delivered > 1,
        }
        return Message(message.data, headers, puller.answers.give(message.reply))


def source(
    url: str,
    stream: str,
    consumer: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[bytes]]:
    """Return a flow of the messages of a stream, by a durable consumer, which several may share.

    `settings.prefetch` messages are fetched when one is asked for (§1.1) and those before are used up; the
    others stay with the server. The value of a message is bytes; its headers are those it has, and
    "subject", "sequence" (in the stream) and "redelivered". `nack()` has it given again at once, and so is
    what was not acknowledged `ack_wait` seconds after its consumer was last heard of, because it was killed
    say: at least once. `nats.reject(message)` has it never given again. It never completes, unless with
    `follow=False`. `url` is as for `sink`. Fails with an error of nats.errors or nats.js.errors,
    NotFoundError where there is no such stream, with TimeoutError where the server gives no sign of life;
    to connect again there is `flow.restart(Backoff(...))`.

    >>> from operators.connectors import nats
    >>> new = nats.SourceSettings(subject="orders.new", prefetch=10)
    >>> orders = nats.source("nats://localhost", "orders", "billing", new)
    """
    need_arguments(
        "nats.source", SourceSettings, settings, url=url, stream=stream, consumer=consumer
    )
    return _Source(url, stream, consumer, settings).flow()
