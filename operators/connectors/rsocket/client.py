"""A client: connects, asks, and answers too."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from operators._kernel.failures.checks import need_callable
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.extras import need
from operators.connectors.message import Message
from operators.connectors.rsocket import codec, transports
from operators.connectors.rsocket.connection import Connection
from operators.connectors.rsocket.engine import Engine
from operators.connectors.rsocket.feed import Feed
from operators.connectors.rsocket.responder import Responder, need_responder
from operators.connectors.rsocket.settings import Settings
from operators.connectors.tcp.client import Client as TcpClient
from operators.custom import AsyncSource, Sink
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

T = TypeVar("T", default=Any)
NOBODY = Responder()


class _Client:
    """Where to connect to."""

    def __init__(self, url: str, settings: Settings, responder: Responder = NOBODY) -> None:
        need("rsocket", "rsocket")
        self._address = transports.address(url)
        self._settings = settings
        self._responder = responder
        self.details: str = url

    async def connected(self) -> Engine:
        """Return the connection, begun, or raise what keeps it from being one."""
        settings, found = self._settings, self._address
        transport: Any
        if found.scheme == "tcp":
            assert found.hostname is not None
            assert found.port is not None
            transport = await TcpClient(found.hostname, found.port, settings.for_tcp()).connected()
        else:
            transport = await transports.connect(self.details, settings)
        engine = Engine(transport, settings, self._responder.answer, client=True)
        engine.start()
        return engine


class _Connect(_Client, AsyncSource[Engine]):
    name = "rsocket.connect"

    async def batches(self) -> AsyncGenerator[list[Engine]]:
        engine = await self.connected()
        try:
            yield [engine]
            await engine.finish()
        finally:
            with Unbroken():
                await engine.cut()


class _Sink(_Client, Sink[Any]):
    name = "rsocket.sink"

    def __init__(self, url: str, settings: Settings) -> None:
        super().__init__(url, settings)
        self.batch: int = settings.window

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        engine = await self.connected()
        try:
            feed = Feed(engine)
            yield feed.write
            await feed.end()
            await engine.finish()
        finally:
            with Unbroken():
                await engine.cut()


def connect(
    url: str,
    use: Callable[[Connection], Publisher[T]],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
    responder: Responder = NOBODY,
) -> Flow[T]:
    """Return the flow that `use` makes of a connection, which is a new one for each Subscriber.

    The address is tcp://host:port, or ws://host:port/path for a WebSocket, wss: with TLS. It is connected
    to at the first demand, which then is that of the flow that `use` gives. When that flow is over the
    connection is closed, and what was said goes first; a cancel cuts it off. With a `responder` the other
    side may ask, too.

    Fails with an OSError where there is no connection, or no more; with RemoteError, the server's; with
    TimeoutError. To connect again there is `flow.restart(Backoff(...))`. At most once: what is under way when
    a connection ends is lost.

    >>> from operators import Flow
    >>> from operators.connectors import rsocket, values
    >>> import queue
    >>> urls = queue.Queue()
    >>> shout = rsocket.Responder(request_response=lambda m: Flow.of(m.value.upper()))
    >>> settings = rsocket.Settings(on_listening=urls.put)
    >>> server = rsocket.listen("tcp://127.0.0.1:0", shout, settings).for_each(lambda _: None)
    >>> def ask(connection):
    ...     words = Flow.of(b"hello", b"bye")
    ...     return words.concat_map(connection.request_response).apply(values())
    >>> list(rsocket.connect(urls.get(), ask))
    [b'HELLO', b'BYE']
    >>> server.cancel()
    """
    need_arguments("rsocket.connect", Settings, settings, url=url)
    need_responder("rsocket.connect", responder)
    need_callable("rsocket.connect", "use", use)
    flow = _Connect(url, settings, responder).flow()
    return flow.concat_map(lambda engine: use(Connection(engine)))


def source(
    url: str,
    payload: bytes | Message[bytes] = b"",
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Flow[Message[bytes]]:
    """Return a flow of what a server answers to a request for a stream, over a connection of its own.

    Demand is told to the server exactly (§1.1): nothing is asked for ahead. The value of a message is the
    data, bytes; metadata is in the header "metadata". Address, errors and promise are those of `connect`.

    >>> from operators import Flow
    >>> from operators.connectors import rsocket
    >>> import queue
    >>> urls = queue.Queue()
    >>> numbers = rsocket.Responder(request_stream=lambda m: Flow.of(b"1", b"2", b"3"))
    >>> settings = rsocket.Settings(on_listening=urls.put)
    >>> server = rsocket.listen("tcp://127.0.0.1:0", numbers, settings).for_each(lambda _: None)
    >>> [message.value for message in rsocket.source(urls.get())]
    [b'1', b'2', b'3']
    >>> server.cancel()
    """
    need_arguments("rsocket.source", Settings, settings, url=url)
    codec.parts(payload)
    return connect(url, lambda connection: connection.request_stream(payload), settings)


def sink(url: str, settings: Settings = Settings()) -> Sink[Any]:  # noqa: B008 - frozen
    """Return a sink that sends each item, bytes or a Message of them, to a server over one channel.

    The first item is the request for the channel. An item is passed on when the server has asked for it, and
    it is about to be written; up to `settings.window` wait for that, and as many are in hand. What the
    server answers is thrown away, but its end is waited for: so the flow completes when the server has had
    all, and is content; its error fails the flow, its cancel too. Address and errors are those of `connect`.

    >>> from operators import Flow
    >>> from operators.connectors import rsocket, values
    >>> import queue
    >>> urls, got = queue.Queue(), []
    >>> def take(first, incoming):
    ...     return incoming.apply(values()).tap(got.append).ignore_elements()
    >>> settings = rsocket.Settings(on_listening=urls.put)
    >>> responder = rsocket.Responder(request_channel=take)
    >>> server = rsocket.listen("tcp://127.0.0.1:0", responder, settings).for_each(lambda _: None)
    >>> Flow.of(b"a", b"b").apply(rsocket.sink(urls.get())).run()
    b'b'
    >>> got
    [b'a', b'b']
    >>> server.cancel()
    """
    need_arguments("rsocket.sink", Settings, settings, url=url)
    return _Sink(url, settings)
