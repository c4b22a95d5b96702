"""A client: the body of an answer as a flow, a flow as the body of a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.http.asking import Asking
from operators.connectors.http.formats import decoder
from operators.connectors.http.settings import ClientSettings
from operators.connectors.message import Message, value_of
from operators.custom import AsyncSource, Sink

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[Any]]):
    name = "http.source"

    def __init__(self, url: str, settings: ClientSettings) -> None:
        self._asking = Asking(url, settings)
        self._settings = settings
        self.details: str = self._asking.details
        self.any_thread: bool | None = self._asking.any_thread
        self.holds: int = 1 if settings.format == "bytes" else settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        asking, settings = self._asking, self._settings
        found = decoder(settings.format, self.details, settings.encoding, settings.largest)
        most = settings.prefetch
        async with (
            asking.client() as client,
            asking.answer(client, asking.body()) as answer,
            aclosing(asking.pieces(answer)) as pieces,
        ):
            headers = {"status": answer.status_code, **answer.headers}
            async for piece in pieces:
                found.feed(piece)
                while items := found.take(most):
                    yield [Message(item, headers) for item in items]
            yield [Message(item, headers) for item in found.finish()]


class _Sink(Sink[Any]):
    name = "http.sink"

    def __init__(self, url: str, settings: ClientSettings) -> None:
        if settings.body is not None:
            raise ValueError("http.sink: the body is what comes; there is no other (body=)")
        self._asking = Asking(url, settings if settings.method else _posting(settings))
        self.details: str = self._asking.details
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        encode = self._asking.encoder()
        passing = _Passing()
        sending = asyncio.create_task(self._send(passing))

        async def write(items: list[Any]) -> None:
            await passing.put(b"".join([encode(value_of(item)) for item in items]), sending)

        try:
            yield write
            passing.end()
            await sending
        finally:
            sending.cancel()
            with Unbroken():
                await asyncio.wait([sending])
            if not sending.cancelled():
                sending.exception()  # it was raised, or something else was in the way

    async def _send(self, passing: _Passing) -> None:
        asking = self._asking
        async with (
            asking.client() as client,
            asking.answer(client, passing.pieces()) as answer,
            aclosing(asking.pieces(answer)) as pieces,
        ):
            async for _ in pieces:
                pass


class _Passing:
    """One piece at a time, from who writes to who sends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._piece: bytes | None = None
        self._ended = False
        self._came: asyncio.Future[None] = self._loop.create_future()
        self._went: asyncio.Future[None] = self._loop.create_future()

    async def put(self, piece: bytes, sending: asyncio.Task[None]) -> None:
        """Give a piece, and wait until it is sent; raise what has ended the request."""
        self._piece = piece
        self._went = went = self._loop.create_future()
        if not self._came.done():
            self._came.set_result(None)
        await asyncio.wait([went, sending], return_when=asyncio.FIRST_COMPLETED)
        if not went.done():
            sending.result()
            raise ConnectionResetError("the server has answered before it had all of the request")

    def end(self) -> None:
        """Say that this was all."""
        self._ended = True
        if not self._came.done():
            self._came.set_result(None)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Give the pieces to who sends: one is sent when the next one is asked for."""
        while True:
            if self._piece is None:
                if self._ended:
                    return
                self._came = self._loop.create_future()
                await self._came
                continue
            piece, self._piece = self._piece, None
            yield piece
            if not self._went.done():
                self._went.set_result(None)


def _posting(settings: ClientSettings) -> ClientSettings:
    from dataclasses import replace

    return replace(settings, method="POST")


def source(
    url: str,
    settings: ClientSettings = ClientSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of what a server answers, asked anew for each Subscriber: lines, JSON values, or bytes.

    Demand counts items (§1.1). What was not asked for is not read, but for one piece of 64 KiB at most and
    `settings.prefetch` lines of it; then the kernel's buffers fill up, and the server has to wait. The
    headers of a message are those of the answer, and "status". It completes when the body has ended; a
    cancel closes the connection. Fails with a StatusError where the status is no success; with an OSError
    (ConnectionRefusedError, ConnectionResetError where the body is cut, TimeoutError), a BadRecordError, or
    a FrameTooLargeError. To ask again there is `flow.retry(on=OSError, ...)`. At most once: HTTP knows no
    acknowledgement.

    >>> from operators.connectors import http
    >>> answer = http.source("http://127.0.0.1:9/prices", http.ClientSettings(format="json"))
    >>> try:
    ...     answer.run()
    ... except OSError as error:
    ...     print(type(error).__name__)
    ConnectionRefusedError
    """
    need_arguments("http.source", ClientSettings, settings, url=url)
    return _Source(url, settings).flow()


def sink(
    url: str,
    settings: ClientSettings = ClientSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that sends each item, or the value of a Message, in the body of one request.

    Items become bytes by `settings.body_format`: "bytes", "lines" or "json". It waits while the connection
    takes nothing; beside that `settings.batch` items wait, and as many are in hand. An item is passed on
    when it is on its way; the end is told when the server has answered with a success, and its answer is
    read and dropped: where it matters, `source` with a flow as its `body` gives it. A cancel, or an error
    of what comes, cuts the request off, so that the server does not take it for whole. Fails as `source`
    does. At most once.

    >>> from operators import Flow
    >>> from operators.connectors import http
    >>> sink = http.sink("http://127.0.0.1:9/orders", http.ClientSettings(body_format="json"))
    >>> try:
    ...     Flow.of({"tea": 3}).apply(sink).run()
    ... except OSError as error:
    ...     print(type(error).__name__)
    ConnectionRefusedError
    """
    need_arguments("http.sink", ClientSettings, settings, url=url)
    return _Sink(url, settings)
