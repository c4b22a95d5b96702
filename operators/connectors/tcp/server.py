"""A server: a flow of connections."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.tcp.connection import Connection
from operators.connectors.tcp.settings import Settings
from operators.connectors.tcp.wire import Wire, tune
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow

_MOST_HANDSHAKES = 64
_USED_UP = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What says that no client can be taken for now: they go on waiting."""
PAUSE = 1.0
"""Seconds until it is tried again."""


class _Listen(AsyncSource[Connection]):
    name = "tcp.listen"

    def __init__(self, host: str, port: int, settings: Settings) -> None:
        self._host = host
        self._port = port
        self._settings = settings
        self.details: str = f"{host}:{port}"

    async def batches(self) -> AsyncGenerator[list[Connection]]:
        settings = self._settings
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # The window is agreed on when a client connects, so the buffer's size has to be set before.
        listening = socket.create_server(
            (self._host, self._port), family=family, backlog=settings.backlog
        )
        accepting = Accepting(listening, settings)
        given: list[Connection] = []
        try:
            listening.setblocking(False)
            tune(listening, settings)
            if settings.on_listening is not None:
                settings.on_listening(listening.getsockname())
            while True:
                connection = Connection(await accepting.next(), settings)
                given = [each for each in given if not each.used] + [connection]
                yield [connection]
        finally:
            with Unbroken():
                listening.close()
                left = [connection for connection in given if not connection.used]
                for connection in left:
                    connection.abort()
                await accepting.close()
                for connection in left:
                    await connection.cut()


class Accepting:
    """Accepts a client when one is asked for; handshakes that take long keep nobody waiting."""

    def __init__(self, listening: socket.socket, settings: Settings) -> None:
        self._listening = listening
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._greeting: set[asyncio.Task[Wire]] = set()
        self._ready: list[Wire] = []
        self._news: asyncio.Future[None] | None = None
        self._again: asyncio.TimerHandle | None = None

    async def next(self) -> Wire:
        """Return the next client that is connected."""
        while not self._ready:
            self._news = news = self._loop.create_future()
            # A client is taken without waiting, when there is one: an accept that is given up could
            # lose it.
            accepts = len(self._greeting) < _MOST_HANDSHAKES
            if accepts:
                self._loop.add_reader(self._listening, self._accept)
            try:
                await news
            finally:
                if accepts:
                    self._loop.remove_reader(self._listening)
        return self._ready.pop(0)

    def _accept(self) -> None:
        self._loop.remove_reader(self._listening)
        try:
            client, _ = self._listening.accept()
        except OSError as error:
            if error.errno in _USED_UP:
                drop_error(error, "of tcp.listen, which tries again in a second")
                self._again = self._loop.call_later(PAUSE, self._tell)
            else:  # it is gone already
                self._tell()
            return
        client.setblocking(False)
        task = self._loop.create_task(self._greeted(client))
        self._greeting.add(task)
        task.add_done_callback(partial(self._done, client))
        self._tell()

    async def _greeted(self, client: socket.socket) -> Wire:
        settings = self._settings
        try:
            _, wire = await self._loop.connect_accepted_socket(
                lambda: Wire(settings), client, **settings.for_tls()
            )
        except BaseException:
            client.close()
            raise
        return wire

    def _done(self, client: socket.socket, task: asyncio.Task[Wire]) -> None:
        self._greeting.discard(task)
        if task.cancelled():
            client.close()  # it need not have begun
            return
        error = task.exception()
        if error is None:
            self._ready.append(task.result())
        elif isinstance(error, Exception):  # one client's trouble ends no server
            drop_error(
                error, "of a client of tcp.listen that did not get as far as to be connected"
            )
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def close(self) -> None:
        """Let go of the clients that nobody has got; all are being closed when it begins to wait."""
        if self._again is not None:
            self._again.cancel()
        tasks = list(self._greeting)
        for task in tasks:
            task.cancel()
        for wire in self._ready:
            wire.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        for wire in self._ready:
            await wire.close(abort=True)


def listen(
    host: str,
    port: int,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Flow[Connection]:
    """Return a flow of the clients that connect, a Connection each; it listens while it is subscribed to.

    A client is accepted when a connection is asked for (§1.1); up to `settings.backlog` others wait for
    that. `flat_map` serves as many at a time as its `concurrency` says, and cancels them with the flow. The
    error of one client, who has vanished, say, ends it, but for `skip_errors` right behind.
    Port 0 is any that is free: `settings.on_listening` is told. It has no end: cancel it. Fails with an
    OSError where the address cannot be had.

    >>> from operators import Flow
    >>> from operators.connectors import tcp, values
    >>> import queue
    >>> address = queue.Queue()
    >>> def shout(connection):
    ...     louder = connection.source().map(lambda m: m.value.upper())
    ...     return louder.apply(connection.sink())
    >>> server = tcp.listen("127.0.0.1", 0, tcp.Settings(on_listening=address.put))
    >>> lost = []
    >>> run = server.flat_map(shout).skip_errors(lost.append).for_each(lambda _: None)
    >>> def asked(connection):
    ...     asking = Flow.of(b"hello").apply(connection.sink()).ignore_elements()
    ...     return connection.source().apply(values()).merge(asking)
    >>> tcp.connect(*address.get()).concat_map(asked).run()
    b'HELLO'
    >>> run.cancel()
    """
    need_arguments("tcp.listen", Settings, settings, host=host, port=port)
    return _Listen(host, port, settings).flow()
