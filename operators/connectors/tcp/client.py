"""A client: connects, reads or writes frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.tcp.connection import Connection, writing
from operators.connectors.tcp.settings import Settings
from operators.connectors.tcp.wire import Wire
from operators.custom import AsyncSource, Sink

if TYPE_CHECKING:
    from operators.flow import Flow


class Client:
    """Where to connect to."""

    def __init__(self, host: str, port: int, settings: Settings) -> None:
        self._host = host
        self._port = port
        self._settings = settings
        self.details: str = f"{host}:{port}"

    async def connected(self) -> Wire:
        """Return the connection, or raise what keeps it from being one, with the address."""
        settings = self._settings
        options = settings.for_tls()
        if options:
            options["server_hostname"] = settings.server_hostname or self._host
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(settings.connect_timeout):
                _, wire = await loop.create_connection(
                    lambda: Wire(settings), self._host, self._port, **options
                )
        except TimeoutError as error:
            raise TimeoutError(
                f"{self.details}: no connection within {settings.connect_timeout} s (connect_timeout=)"
            ) from error
        return wire


class _Source(Client, AsyncSource[Message[bytes]]):
    name = "tcp.source"

    def __init__(self, host: str, port: int, settings: Settings) -> None:
        super().__init__(host, port, settings)
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[bytes]]]:
        wire = await self.connected()
        try:
            headers = Connection(wire, self._settings).headers
            while frames := await wire.frames():
                yield [Message(frame, headers) for frame in frames]
        finally:
            with Unbroken():
                await wire.close(abort=True)  # there is nothing of ours under way


class _Sink(Client, Sink[Any]):
    name = "tcp.sink"

    def __init__(self, host: str, port: int, settings: Settings) -> None:
        super().__init__(host, port, settings)
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        wire = await self.connected()
        wire.drop()
        async with writing(wire, wire.close, wire.goodbye) as write:
            yield write


class _Connect(Client, AsyncSource[Connection]):
    name = "tcp.connect"

    async def batches(self) -> AsyncGenerator[list[Connection]]:
        wire = await self.connected()
        try:
            connection = Connection(wire, self._settings)
            yield [connection]
            await asyncio.shield(wire.closed)
            await connection.handed_over()
        finally:
            with Unbroken():
                await wire.close(abort=True)


def source(
    host: str,
    port: int,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Flow[Message[bytes]]:
    r"""Return a flow of the frames that a server sends, from a connection of its own for each Subscriber.

    Demand counts frames (§1.1). What was not asked for is not read, but for `settings.prefetch` frames
    and what comes with them, 128 KiB at most; then the kernel's buffers fill up, and the sender has to
    wait. The value of a message is the frame, bytes; its header "peer" the address. It completes when the
    server has sent its last frame. It fails with an OSError where there is no connection, or no more;
    with CutFrameError, FrameTooLargeError, or TimeoutError. To connect again there is
    `flow.restart(Backoff(...))`. At most once: what is under way when a connection ends is lost.

    >>> import socket, threading
    >>> from operators.connectors import tcp
    >>> server = socket.create_server(("127.0.0.1", 0))
    >>> def serve():
    ...     with server, server.accept()[0] as connection:
    ...         connection.sendall(b"\x00\x00\x00\x02hi")
    >>> threading.Thread(target=serve).start()
    >>> tcp.source(*server.getsockname(), tcp.Settings(framing="length")).run().value
    b'hi'
    """
    need_arguments("tcp.source", Settings, settings, host=host, port=port)
    return _Source(host, port, settings).flow()


def sink(
    host: str,
    port: int,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    r"""Return a sink that sends each item, bytes or a Message of them, as a frame to a server.

    It waits while `settings.high_water` bytes wait to be sent; beside these `settings.batch` items
    wait, and as many are in hand. An item is passed on when it is on its way: whether the other side has
    got it, TCP does not tell. What the other side says is dropped. When all is sent the connection is ended,
    and the other side waited for to do so too, for `settings.close_timeout`. Fails as `source` does, and
    with what cuts the connection off.

    >>> import socket, threading
    >>> from operators import Flow
    >>> from operators.connectors import tcp
    >>> server, got = socket.create_server(("127.0.0.1", 0)), []
    >>> def serve():
    ...     with server, server.accept()[0] as connection, connection.makefile("rb") as file:
    ...         got.extend(file)
    >>> thread = threading.Thread(target=serve)
    >>> thread.start()
    >>> Flow.of(b"a", b"b").apply(tcp.sink(*server.getsockname())).run()
    b'b'
    >>> thread.join()
    >>> got
    [b'a\n', b'b\n']
    """
    need_arguments("tcp.sink", Settings, settings, host=host, port=port)
    return _Sink(host, port, settings)


def connect(
    host: str,
    port: int,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Flow[Connection]:
    """Return a flow of one Connection, to read from and to write to; it completes when that is closed.

    It is for `concat_map`: a flow that is made of both directions, which passes on what came before an
    error. A cancel cuts it off. Fails as `source` does.

    >>> import socket, threading
    >>> from operators import Flow
    >>> from operators.connectors import tcp, values
    >>> server = socket.create_server(("127.0.0.1", 0))
    >>> def echo():
    ...     with server, server.accept()[0] as connection:
    ...         while data := connection.recv(100):
    ...             connection.sendall(data)
    >>> threading.Thread(target=echo).start()
    >>> def both(connection):
    ...     asking = Flow.of(b"a", b"b").apply(connection.sink()).ignore_elements()
    ...     return connection.source().apply(values()).merge(asking)
    >>> list(tcp.connect(*server.getsockname()).concat_map(both))
    [b'a', b'b']
    """
    need_arguments("tcp.connect", Settings, settings, host=host, port=port)
    return _Connect(host, port, settings).flow()
