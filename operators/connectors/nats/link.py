"""Link: one connection to a server, until it breaks or is closed; it is never made anew in secret."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from operators._kernel.failures.checks import need_text
from operators.connectors.extras import need
from operators.connectors.links import connected, opened, shown

T = TypeVar("T")


class Server:
    """Where a server is, and how long a sign of life may take."""

    def __init__(self, name: str, url: str, timeout: float, options: Mapping[str, Any]) -> None:
        need_text(name, "url", url)
        self.url = url
        self.timeout = timeout
        self.options = options
        parts = urlsplit(url if "//" in url else f"nats://{url}")
        self.shown: str = shown(parts)

    async def connected(self) -> Link:
        """Return a link; raise what keeps it from being one."""
        return await connected(Link(self))

    def opened(self) -> AbstractAsyncContextManager[Link]:
        """Give a link, which is closed in the end."""
        return opened(Link(self))


class Link:
    """A connection, whose end whoever waits on it is told of."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.client: Any = need("nats.aio.client", "nats").Client()
        self.errors: Any = need("nats.errors", "nats")
        self.api: Any = need("nats.js.api", "nats")
        self.not_found: Any = need("nats.js.errors", "nats").NotFoundError
        self.stream: Any = None
        self._loop = asyncio.get_running_loop()
        self._error: Exception | None = None
        self._bell: asyncio.Future[None] | None = None
        self._closing = False
        self._asked: set[asyncio.Task[Any]] = set()
        self._heard: list[Any] = []
        # Also what the client subscribes to by itself, for answers, ends with the link.
        self._subscribe = self.client.subscribe
        self.client.subscribe = self._subscribed

    async def connect(self) -> None:
        """Connect, once."""
        server = self._server
        connecting = self.client.connect(
            server.url,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # it counts those of the first connection, too
            reconnect_time_wait=0.01,
            connect_timeout=server.timeout,
            # The server is to answer while nothing else is to be heard of it.
            ping_interval=server.timeout,
            max_outstanding_pings=1,
            error_cb=self._on_error,
            closed_cb=self._on_closed,
            **server.options,
        )
        try:
            await self.answer(connecting)
        except self.errors.NoServersError:
            raise self._error or ConnectionError(f"{server.shown}: no server") from None
        self.stream = self.client.jetstream(timeout=server.timeout)

    async def answer(self, asked: Coroutine[Any, Any, T]) -> T:
        """Return the answer; raise what has ended the connection, or TimeoutError."""
        task = self._loop.create_task(asked)
        self._asked.add(task)  # the client itself leaves some of them to wait for ever
        try:
            await asyncio.wait([task], timeout=self._server.timeout)
            if task.done():
                if task.cancelled() and self._error is not None:
                    raise self._error
                return task.result()
        except self.errors.TimeoutError:
            pass
        except self.errors.ConnectionClosedError as error:  # what has closed it says more
            raise self._error or self.client.last_error or error from None
        finally:
            self._asked.discard(task)
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # it may have come just when nobody waits any more
        raise self._silent()

    def _silent(self) -> TimeoutError:
        server = self._server
        return TimeoutError(f"{server.shown}: no answer within {server.timeout} s (timeout=)")

    async def next(self) -> None:
        """Wait until `ring` is called; raise what has ended the connection, or TimeoutError."""
        if self._error is not None:
            raise self._error
        self._bell = self._loop.create_future()
        async with asyncio.timeout(self._server.timeout) as limit:
            try:
                await self._bell
            except asyncio.CancelledError:
                if limit.expired():
                    raise self._silent() from None
                raise
            finally:
                self._bell = None
        if self._error is not None:
            raise self._error

    def ring(self) -> None:
        """Something has come."""
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def _on_error(self, error: Exception) -> None:
        if not isinstance(error, self.errors.SlowConsumerError):
            self._broken(error)

    async def _on_closed(self) -> None:
        if not self._closing:
            self._broken(self.client.last_error or self.errors.ConnectionClosedError())

    def _broken(self, error: Exception) -> None:
        self._error = self._error or error
        if self.stream is not None:  # before there is one it is connecting, which ends by itself
            for task in self._asked:
                task.cancel()
            self.ring()

    async def listen(self, subject: str, take: Callable[[Any], Awaitable[None]]) -> None:
        """Have a function called with each message that comes for a subject."""
        await self.client.subscribe(subject, cb=take)

    async def _subscribed(self, *args: Any, **options: Any) -> Any:
        heard = await self._subscribe(*args, **options)
        self._heard.append(heard)
        return heard

    async def made(self, name: str, subjects: list[str]) -> None:
        """Make a stream, where there is none."""
        try:
            await self.stream.stream_info(name)
        except self.not_found:
            await self.stream.add_stream(name=name, subjects=subjects)

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        self._closing = True
        with suppress(Exception):
            async with asyncio.timeout(self._server.timeout):
                await self.client.close()
        # Where its connection broke in the midst of a write the client has left these as they were.
        left = [getattr(each, "_wait_for_msgs_task", None) for each in self._heard]
        left += [
            getattr(self.client, name, None) for name in ("_flusher_task", "_ping_interval_task")
        ]
        tasks = [task for task in left if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        transport = getattr(self.client, "_transport", None)
        if transport is not None:
            transport.close()
