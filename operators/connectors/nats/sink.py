"""A subject as a sink."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from operators._kernel.failures.checks import need_text, shown
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import value_of
from operators.connectors.nats.link import Link, Server
from operators.connectors.nats.settings import SinkSettings
from operators.custom import Sink


class _Sink(Sink[Any]):
    name = "nats.sink"

    def __init__(self, url: str, subject: str, settings: SinkSettings) -> None:
        need_text("nats.sink", "subject", subject)
        self._server = Server("nats.sink", url, settings.timeout, settings.options)
        self._subject = subject
        self._settings = settings
        self.details: str = f"{subject} of {self._server.shown}"
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        settings = self._settings
        async with self._server.opened() as link:
            if settings.stream:
                await link.answer(link.made(settings.stream, [self._subject]))
            publishing = _Publishing(link, self._subject, settings.message_id)
            await publishing.begin()
            yield publishing.write


class _Publishing:
    """Messages on their way, and the server's answers to them, which come in any order."""

    def __init__(self, link: Link, subject: str, message_id: Callable[[Any], str] | None) -> None:
        self._link = link
        self._subject = subject
        self._message_id = message_id
        self._inbox: str = link.client.new_inbox()
        self._numbers = itertools.count()
        self._left: set[str] = set()
        self._error: Exception | None = None
        self._errors = need("nats.js.errors", "nats")

    async def begin(self) -> None:
        """Listen for answers."""
        await self._link.listen(f"{self._inbox}.*", self._answered)

    async def write(self, items: list[Any]) -> None:
        """Publish, in order, and wait for all answers."""
        link = self._link
        await link.answer(self._publish(items))
        while self._left and self._error is None:
            await link.next()
        if self._error is not None:
            raise self._error

    async def _publish(self, items: list[Any]) -> None:
        for item in items:
            value = value_of(item)
            if not isinstance(value, bytes):
                raise TypeError(f"nats.sink: a message is bytes, got {shown(value)}")
            headers = None
            if self._message_id is not None:
                headers = {"Nats-Msg-Id": self._message_id(item)}
            reply = f"{self._inbox}.{next(self._numbers)}"
            self._left.add(reply)
            await self._link.client.publish(self._subject, value, reply=reply, headers=headers)

    async def _answered(self, message: Any) -> None:
        self._left.discard(message.subject)
        headers: dict[str, str] = message.headers or {}
        if headers.get("Status") == "503":
            self._error = self._error or self._errors.NoStreamResponseError()
        else:
            answer = json.loads(message.data)
            if "error" in answer:
                try:
                    self._errors.APIError.from_error(answer["error"])
                except Exception as error:
                    self._error = self._error or error
        if not self._left or self._error is not None:
            self._link.ring()


def sink(url: str, subject: str, settings: SinkSettings = SinkSettings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that publishes each item, bytes or a Message of them, to a subject of a JetStream stream.

    Up to `settings.batch` of them are on their way together, in order, and an item is passed on when
    the server has said that it is stored: acknowledged then, each is written at least once; with
    `settings.message_id`, once within the stream's duplicate window. `url` is "nats://host:port", or
    "tls://...". Fails with an error of nats.errors or nats.js.errors, NoStreamResponseError where no
    stream has the subject; with TimeoutError where no answer comes, with TypeError for what is not bytes.

    >>> from operators import Flow
    >>> from operators.connectors import nats
    >>> once = nats.SinkSettings(message_id=lambda order: order.decode())
    >>> writing = Flow.of(b"tea", b"rum").apply(nats.sink("nats://localhost", "orders.new", once))
    """
    need_arguments("nats.sink", SinkSettings, settings, url=url, subject=subject)
    return _Sink(url, subject, settings)
