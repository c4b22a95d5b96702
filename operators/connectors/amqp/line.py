"""Line: a connection to a server and one channel on it, until it breaks or is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeVar

from operators._kernel.failures.checks import need_text
from operators.connectors.arguments import need_url
from operators.connectors.extras import need
from operators.connectors.links import connected, opened, shown

T = TypeVar("T")


class Server:
    """Where a server is, and how long an answer may take."""

    def __init__(self, name: str, url: str, timeout: float) -> None:
        need_text(name, "url", url)
        self.timeout = timeout
        parts = need_url(name, url, "amqp", "amqps")
        self.shown: str = shown(parts) + parts.path
        if "heartbeat=" not in parts.query:
            beat = f"heartbeat={max(1, int(timeout))}"
            parts = parts._replace(query=f"{parts.query}&{beat}" if parts.query else beat)
        self.url: str = parts.geturl()

    async def connected(self) -> Line:
        """Return a line; raise what keeps it from being one."""
        return await connected(Line(self))

    def opened(self) -> AbstractAsyncContextManager[Line]:
        """Give a line, which is closed in the end."""
        return opened(Line(self))


class Line:
    """A channel, whose end whoever waits on it is told of."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.library: Any = need("aiormq", "amqp")
        self.channel: Any = None
        self._connection: Any = None
        self._loop = asyncio.get_running_loop()
        self._error: Exception | None = None
        self._bell: asyncio.Future[None] | None = None

    async def connect(self) -> None:
        """Connect, and open the channel."""
        self._connection = connection = self.library.Connection(self._server.url)
        await self.answer(connection.connect())
        await self._new_channel()

    async def _new_channel(self) -> None:
        opening = self._connection.channel(publisher_confirms=True, on_return_raises=True)
        self.channel = await self.answer(opening)
        self.channel.closing.add_done_callback(self._closed)

    def _closed(self, closing: asyncio.Future[Any]) -> None:
        error = None if closing.cancelled() else closing.exception()
        if not isinstance(error, Exception):
            error = ConnectionError(f"{self._server.shown}: the channel was closed")
        self._error = error
        self.ring()

    async def made(self, queue: str, arguments: Mapping[str, Any]) -> None:
        """Make a queue, where there is none; one that exists stays as it is."""
        try:
            await self.answer(self.channel.queue_declare(queue, passive=True))
        except self.library.exceptions.ChannelNotFoundEntity:
            await self._new_channel()  # the server closes one that has asked in vain
            self._error = None
            making = self.channel.queue_declare(queue, durable=True, arguments=dict(arguments))
            await self.answer(making)

    async def answer(self, asked: Coroutine[Any, Any, T]) -> T:
        """Return the answer; raise TimeoutError where there is none in time."""
        try:
            async with asyncio.timeout(self._server.timeout):
                return await asked
        except TimeoutError as error:
            raise self._silent() from error
        except self.library.exceptions.ChannelInvalidStateError as error:
            await asyncio.sleep(0)  # that it is closed is known, and why in a moment
            raise self._error or error from None

    def _silent(self) -> TimeoutError:
        server = self._server
        return TimeoutError(f"{server.shown}: no answer within {server.timeout} s (timeout=)")

    async def next(self) -> bool:
        """Wait until `ring` is called, or half of the timeout; raise what has ended the channel."""
        if self._error is not None:
            raise self._error
        self._bell = bell = self._loop.create_future()
        try:
            await asyncio.wait([bell], timeout=self._server.timeout / 2)
        finally:
            self._bell = None
        if self._error is not None:
            raise self._error
        return bell.done()

    def ring(self) -> None:
        """Something has come."""
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    @property
    def is_open(self) -> bool:
        """Whether something may be said on it."""
        return self._error is None and self.channel is not None

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        connection = self._connection
        if connection is None:
            return
        # Also what has ended already has tasks left, which end with it.
        with suppress(Exception):
            async with asyncio.timeout(self._server.timeout):
                await connection.close(None)
