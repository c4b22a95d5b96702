"""A client of WebSocket, by `websockets`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.framing import FrameTooLargeError
from operators.connectors.http.asking import address, kernel_buffers
from operators.connectors.http.errors import ClosedError, StatusError
from operators.connectors.http.ready import NotYetError, at_once
from operators.connectors.http.settings import WebSocketSettings
from operators.connectors.http.websocket import ENDS, GOING_AWAY, NORMAL, TOO_LARGE, WebSocket
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

_EXCERPT = 2_000


class _Port:
    """A connection of websockets."""

    def __init__(self, connection: Any, what: str, settings: WebSocketSettings) -> None:
        self.connection: Any = connection
        self._settings = settings
        self._closed_error: type[Exception] = need("websockets.exceptions", "http").ConnectionClosed
        self.what: str = what

    def claim(self) -> None:
        pass

    async def release(self) -> None:
        pass

    async def receive(self) -> list[str | bytes]:
        silence = self._settings.silence
        try:
            if silence is None:
                return self._with_more(await self.connection.recv())
            async with asyncio.timeout(silence):
                return self._with_more(await self.connection.recv())
        except TimeoutError:
            raise TimeoutError(
                f"{self.what}: sent nothing for {self._settings.silence} s (silence=)"
            ) from None
        except self._closed_error as error:
            sent = getattr(error, "sent", None)
            if sent is not None and sent.code == TOO_LARGE:
                raise FrameTooLargeError(
                    f"{self.what}: a message of more than the {self._settings.largest:,} bytes that are "
                    "allowed (largest=)"
                ) from error
            how = self._how()
            if how.code in ENDS:
                return []
            raise how from error

    def _with_more(self, message: str | bytes) -> list[str | bytes]:
        """Return the message and those that have come with it, half of what may be held at most."""
        messages = [message]
        # How it has ended is told by whoever reads on.
        with suppress(NotYetError, self._closed_error):
            while len(messages) <= self._settings.prefetch // 2:
                messages.append(at_once(self.connection.recv()))
        return messages

    def _how(self) -> ClosedError:
        connection = self.connection
        return ClosedError(self.what, connection.close_code or 1006, connection.close_reason or "")

    async def send(self, message: str | bytes) -> None:
        try:
            async with asyncio.timeout(self._settings.silence):
                await self.connection.send(message)
        except TimeoutError:
            self.connection.transport.abort()
            raise TimeoutError(
                f"{self.what}: took nothing for {self._settings.silence} s (silence=)"
            ) from None
        except self._closed_error as error:
            raise self._how() from error

    async def close(self, code: int, reason: str) -> None:
        connection = self.connection
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                await connection.close(code, reason)
        except TimeoutError:
            connection.transport.abort()
        except asyncio.CancelledError:  # somebody will not wait for an answer
            connection.transport.abort()
            raise
        await connection.wait_closed()

    async def closed(self) -> ClosedError:
        await self.connection.wait_closed()
        return self._how()


class _Connect(AsyncSource[WebSocket]):
    name = "http.websocket"

    def __init__(self, url: str, settings: WebSocketSettings) -> None:
        self._url = url
        self._settings = settings
        self.details: str = address(url, None, "ws", "wss")

    async def batches(self) -> AsyncGenerator[list[WebSocket]]:
        made = await self._connected()
        for option in kernel_buffers(self._settings):
            with suppress(OSError):  # it is closed, as reading will tell
                made.transport.get_extra_info("socket").setsockopt(*option)
        port = _Port(made, self.details, self._settings)
        code = GOING_AWAY
        try:
            connection = port.connection
            headers = {
                name.lower(): value for name, value in connection.response.headers.raw_items()
            }
            socket = WebSocket(port, self._settings, headers, connection.subprotocol)
            yield [socket]
            await port.closed()
            await socket.handed_over()
            code = NORMAL
        finally:
            with Unbroken():
                await port.close(code, "")

    async def _connected(self) -> Any:
        settings, what = self._settings, self.details
        client: Any = need("websockets.asyncio.client", "http")
        errors: Any = need("websockets.exceptions", "http")
        options: dict[str, Any] = {} if settings.tls is None else {"ssl": settings.tls}
        try:
            async with asyncio.timeout(settings.connect_timeout):
                return await client.connect(
                    self._url,
                    additional_headers=dict(settings.headers),
                    subprotocols=list(settings.subprotocols) or None,
                    compression="deflate" if settings.compressed else None,
                    open_timeout=None,
                    close_timeout=settings.close_timeout,
                    ping_interval=settings.ping_interval,
                    ping_timeout=settings.ping_timeout,
                    max_size=settings.largest,
                    max_queue=settings.prefetch - settings.prefetch // 2,  # the others are a batch
                    write_limit=settings.high_water,
                    **options,
                )
        except TimeoutError as error:
            raise TimeoutError(
                f"{what}: no connection within {settings.connect_timeout:g} s (connect_timeout=)"
            ) from error
        except errors.InvalidStatus as error:
            answer = error.response
            headers = {name.lower(): value for name, value in answer.headers.raw_items()}
            body = (answer.body or b"")[:_EXCERPT].decode("utf-8", "replace")
            raise StatusError(what, answer.status_code, headers, body) from error
        except errors.InvalidHandshake as error:
            raise ConnectionResetError(f"{what}: no WebSocket: {error}") from error


def websocket(
    url: str,
    settings: WebSocketSettings = WebSocketSettings(),  # noqa: B008 - frozen
) -> Flow[WebSocket]:
    """Return a flow of one WebSocket, to read from and to write to; it completes when that is closed.

    It is for `concat_map`: a flow that is made of both directions, which passes on what came before an
    error. A cancel closes the connection, with the code 1001. The URL begins with ws:// or wss://. Fails
    with an OSError where there is no connection, with a StatusError where the server refuses it (401, 403),
    with TimeoutError. `retry(on=OSError, backoff=...)` connects again. At most once, both ways.

    >>> from operators.connectors import http
    >>> talk = http.websocket("ws://127.0.0.1:9/").concat_map(lambda socket: socket.source())
    >>> try:
    ...     talk.run()
    ... except OSError as error:
    ...     print(type(error).__name__)
    ConnectionRefusedError
    """
    need_arguments("http.websocket", WebSocketSettings, settings, url=url)
    return _Connect(url, settings).flow()
