"""A server: answers requests, and gives its connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.rsocket import transports
from operators.connectors.rsocket.connection import Connection
from operators.connectors.rsocket.engine import Engine, Transport
from operators.connectors.rsocket.responder import Responder, need_responder
from operators.connectors.rsocket.settings import Settings
from operators.connectors.tcp.server import Accepting
from operators.connectors.tcp.wire import tune
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

Next = Callable[[], Awaitable[tuple[Transport, asyncio.Future[None] | None]]]


class _Listen(AsyncSource[Connection]):
    name = "rsocket.listen"

    def __init__(self, url: str, responder: Responder, settings: Settings) -> None:
        need("rsocket", "rsocket")
        self._address = transports.address(url, listens=True)
        self._responder = responder
        self._settings = settings
        self.details: str = url

    async def batches(self) -> AsyncGenerator[list[Connection]]:
        engines: set[Engine] = set()
        over_tcp = self._address.scheme == "tcp"
        serve = self._over_tcp() if over_tcp else self._over_websockets(engines)
        try:
            async for transport, over in serve:
                engine = Engine(transport, self._settings, self._responder.answer, client=False)
                engine.start()
                engines.add(engine)
                engine.closed.add_done_callback(partial(_gone, engines, engine, over))
                yield [Connection(engine)]
        finally:
            with Unbroken():
                await _ended(engines, serve.aclose)

    async def _over_tcp(self) -> AsyncGenerator[tuple[Transport, asyncio.Future[None] | None]]:
        host, port = self._address.hostname or "", self._address.port or 0
        settings = self._settings.for_tcp()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=settings.backlog)
        accepting = Accepting(listening, settings)
        try:
            listening.setblocking(False)
            tune(listening, settings)
            self._tell(listening.getsockname())
            while True:
                yield await accepting.next(), None
        finally:
            with Unbroken():
                listening.close()
                await accepting.close()

    async def _over_websockets(
        self, engines: set[Engine]
    ) -> AsyncGenerator[tuple[Transport, asyncio.Future[None] | None]]:
        listening = transports.Listening(self._settings)
        host, port = self._address.hostname or "", self._address.port or 0
        self._tell(await listening.begin(host, port))
        try:
            while True:
                yield await listening.next()
        finally:
            with Unbroken():
                # A cancel is raised here first, and a server waits for those who are connected.
                await _ended(engines, listening.close)

    def _tell(self, address: Any) -> None:
        if self._settings.on_listening is not None:
            host, port = address[:2]
            shown = f"[{host}]" if ":" in host else host
            self._settings.on_listening(f"{self._address.scheme}://{shown}:{port}")


async def _ended(engines: set[Engine], close: Callable[[], Awaitable[None]]) -> None:
    try:
        await asyncio.gather(*(engine.cut() for engine in list(engines)))
    finally:
        for engine in list(engines):  # a cancel may have come before they had begun
            engine.transport.abort()
        await close()


def _gone(
    engines: set[Engine], engine: Engine, over: asyncio.Future[None] | None, _: object
) -> None:
    engines.discard(engine)
    if over is not None and not over.done():
        over.set_result(None)


def listen(
    url: str,
    responder: Responder,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Flow[Connection]:
    """Return a flow of the clients that connect; it answers their requests while it is subscribed to.

    A client is accepted when a connection is asked for (§1.1), and served from then on, whatever becomes of
    the Connection, which is there to ask the client something; up to `settings.backlog` others wait. The
    address is tcp://host:port, or ws://host:port for WebSockets; port 0 is any that is free:
    `settings.on_listening` is told the URL. It has no end: a cancel closes all connections. Fails with an
    OSError where the address cannot be had.

    >>> from operators import Flow
    >>> from operators.connectors import rsocket, values
    >>> import queue
    >>> urls = queue.Queue()
    >>> count = rsocket.Responder(
    ...     request_stream=lambda m: Flow.range(int(m.value)).map(lambda n: b"%d" % n)
    ... )
    >>> settings = rsocket.Settings(on_listening=urls.put)
    >>> server = rsocket.listen("ws://127.0.0.1:0", count, settings).for_each(lambda _: None)
    >>> list(rsocket.source(urls.get(), b"3").apply(values()))
    [b'0', b'1', b'2']
    >>> server.cancel()
    """
    need_arguments("rsocket.listen", Settings, settings, url=url)
    need_responder("rsocket.listen", responder)
    return _Listen(url, responder, settings).flow()
