"""What carries frames: TCP, with their lengths, or WebSockets, a message each."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import SplitResult, urlsplit

from operators._kernel.failures.checks import need_text
from operators.connectors.extras import need
from operators.connectors.rsocket.codec import LARGEST
from operators.connectors.rsocket.settings import Settings

_QUEUED = 16
"""Messages of a WebSocket that wait to be read, after which its reading is paused."""


def address(url: str, *, listens: bool = False) -> SplitResult:
    """Return the parts of tcp://host:port or ws://host:port/path; raise ValueError for anything else."""
    need_text("rsocket", "url", url)
    found = urlsplit(url)
    kinds = ("tcp", "ws") if listens else ("tcp", "ws", "wss")
    try:
        right = found.scheme in kinds and found.hostname and found.port is not None
    except ValueError:
        right = False
    if not right:
        raise ValueError(
            f"rsocket: an address is {'://host:port or '.join(kinds)}://host:port, got {url!r}"
        )
    return found


class WebSocket:
    """A WebSocket, each message of which is a frame."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._closed: Any = need("websockets.exceptions", "rsocket").ConnectionClosed

    @property
    def peer(self) -> Any:
        """The address of the other side."""
        return self._socket.remote_address

    async def frames(self) -> list[bytes]:
        """Return the next frame; none at the end, an orderly one."""
        try:
            message = await self._socket.recv()
        except self._closed as error:
            if error.rcvd is None:
                raise ConnectionResetError(f"the WebSocket was cut off: {error}") from error
            return []
        return [message if isinstance(message, bytes) else message.encode()]

    async def write(self, values: list[bytes]) -> None:
        """Write frames; wait while the socket's high-water mark is passed."""
        send = self._socket.send
        try:
            for value in values:
                await send(value)
        except self._closed as error:
            raise ConnectionResetError("the other side has closed the connection") from error

    async def flush(self) -> None:
        """Nothing: what is written goes before the closing handshake."""

    def abort(self) -> None:
        """Begin to close it, without the closing handshake."""
        self._socket.transport.abort()

    async def close(self, *, abort: bool = False) -> None:
        """Close it, with the closing handshake or without."""
        if abort:
            self.abort()
            await self._socket.wait_closed()
        else:
            await self._socket.close()


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "compression": None,
        "max_size": LARGEST,
        "max_queue": _QUEUED,
        "write_limit": settings.high_water,
        "ping_interval": None,  # RSocket has signs of life of its own
        "open_timeout": settings.connect_timeout,
        "close_timeout": 1.0,
        "ssl": settings.tls,
    }


async def connect(url: str, settings: Settings) -> WebSocket:
    """Return the connection to a server of WebSockets."""
    client = need("websockets.asyncio.client", "rsocket")
    options = _options(settings)
    if url.startswith("wss:") and options["ssl"] is None:
        options.pop("ssl")
    if settings.server_hostname is not None:
        options["server_hostname"] = settings.server_hostname
    try:
        return WebSocket(await client.connect(url, proxy=None, **options))
    except TimeoutError as error:
        raise TimeoutError(
            f"{url}: no connection within {settings.connect_timeout} s (connect_timeout=)"
        ) from error


class Listening:
    """A server of WebSockets, whose clients wait until they are asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: asyncio.Queue[tuple[WebSocket, asyncio.Future[None]]] = asyncio.Queue(
            settings.backlog
        )
        self._server: Any = None

    async def begin(self, host: str, port: int) -> Any:
        """Listen, and return the address."""
        server = need("websockets.asyncio.server", "rsocket")
        options = _options(self._settings)
        self._server = await server.serve(self._greeted, host, port, **options)
        return self._server.sockets[0].getsockname()

    async def _greeted(self, socket: Any) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((WebSocket(socket), over))
        except asyncio.QueueFull:
            await socket.close(1013, "too many clients wait")
            return
        await over  # when this returns it is closed

    async def next(self) -> tuple[WebSocket, asyncio.Future[None]]:
        """Return the next client, and what is to be told when it is over."""
        return await self._waiting.get()

    async def close(self) -> None:
        """Listen no more, and close the clients that nobody has got."""
        self._server.close(close_connections=False)
        waiting = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        for socket, over in waiting:
            socket.abort()
            over.set_result(None)
        await self._server.wait_closed()
