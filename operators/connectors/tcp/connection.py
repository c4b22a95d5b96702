"""Connection: the two directions of one connection, a source and a sink."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.directions import Directions
from operators.connectors.message import Message, value_of
from operators.connectors.tcp.settings import Settings
from operators.connectors.tcp.wire import Wire
from operators.custom import AsyncSource, Sink

if TYPE_CHECKING:
    from operators.flow import Flow


class Connection:
    """One connection of a server or a client; `source()` reads from it, `sink()` writes to it.

    Each can be used once. It closes itself when those that were begun are over: the end of the sink,
    without a source the end of the connection, tells the other side that nothing more comes. TLS cannot
    tell that: what comes is read until there was nothing for `close_timeout`. Where one of them fails, or
    the sink is cancelled, the connection is cut off. Both run on the event loop of the flow that it came
    from.
    """

    def __init__(self, wire: Wire, settings: Settings) -> None:
        self._wire = wire
        self._settings = settings
        self._directions = Directions()
        self.peer: Any = wire.peer
        """The address of the other side."""
        self.headers: Mapping[str, Any] = MappingProxyType({"peer": self.peer})
        """The headers of its messages."""

    def __repr__(self) -> str:
        return f"<Connection with {self.peer}>"

    @property
    def used(self) -> bool:
        """Whether a flow of it was begun."""
        return self._directions.used

    def source(self) -> Flow[Message[bytes]]:
        """Return the flow of the frames that come, as `tcp.source` does."""
        return _Incoming(self, self._settings).flow()

    def sink(self) -> Sink[Any]:
        """Return the sink for frames that go, as `tcp.sink` does."""
        return _Outgoing(self, self._settings)

    async def close(self) -> None:
        """Close it, when what was written has gone."""
        await self._wire.close()

    async def cut(self) -> None:
        """Cut it off, whatever is under way."""
        await self._wire.close(abort=True)

    def abort(self) -> None:
        """Begin to cut it off."""
        self._wire.abort()

    # For its two directions ---------------------------------------------------------------------

    def begin(self, direction: str) -> Wire:
        """Begin a direction; raise RuntimeError where that is not possible."""
        self._directions.begin(direction, self)
        return self._wire

    async def handed_over(self) -> None:
        """Wait until whoever has got it has begun to use it, for a while."""
        await self._directions.handed_over()

    async def end(self) -> None:
        """All is written: end that direction, or the connection where nobody reads."""
        if self._directions.open == {"sink"}:
            await self._wire.goodbye()
        else:
            self._wire.end()

    async def over(self, direction: str, *, abort: bool) -> None:
        """Take note that a direction is over."""
        self._directions.open.discard(direction)
        if abort or not self._directions.open:
            await self._wire.close(abort=abort)


class _Incoming(AsyncSource[Message[bytes]]):
    name = "tcp.source"

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[bytes]]]:
        connection = self._connection
        wire = connection.begin("source")
        headers = connection.headers
        failed = False
        try:
            while frames := await wire.frames():
                yield [Message(frame, headers) for frame in frames]
        except Exception:
            failed = True
            raise
        finally:
            with Unbroken():
                await connection.over("source", abort=failed)


class _Outgoing(Sink[Any]):
    name = "tcp.sink"

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        connection = self._connection
        over = partial(connection.over, "sink")
        async with writing(connection.begin("sink"), over, connection.end) as write:
            yield write


@asynccontextmanager
async def writing(
    wire: Wire, close: Callable[..., Awaitable[None]], end: Callable[[], Awaitable[None]]
) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
    """Give the function that writes items, messages or bytes; all is flushed, or at a failure cut off.

    `end` is awaited when all is, and `close` in any case.
    """

    async def write(items: list[Any]) -> None:
        await wire.write([value_of(item) for item in items])

    failed = True
    try:
        yield write
        await wire.flush()
        await end()
        failed = False
    finally:
        with Unbroken():
            await close(abort=failed)
