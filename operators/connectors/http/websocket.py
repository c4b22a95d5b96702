"""WebSocket: the two directions of one connection, a source and a sink, on either side of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from operators._kernel.hosts.cleanups import Unbroken
from operators._kernel.plan.node import Node
from operators.connectors.directions import Directions
from operators.connectors.framing import BadRecordError, too_large
from operators.connectors.http.errors import ClosedError
from operators.connectors.http.settings import WebSocketSettings
from operators.connectors.message import Message, value_of
from operators.custom import AsyncSource, Sink
from operators.timing.take_until import TakeUntil

if TYPE_CHECKING:
    from operators.flow import Flow

NORMAL, GOING_AWAY, TOO_LARGE, FAILED = 1000, 1001, 1009, 1011
ENDS = (NORMAL, GOING_AWAY, 1005)
"""The codes with which a source completes."""
_OVERTAKEN = 0.05


class Port(Protocol):
    """What one side of a connection can do; all of it on the event loop."""

    what: str
    """What is told in errors."""

    async def receive(self) -> list[str | bytes]:
        """Return what has come; nothing when it is closed normally, else raise ClosedError."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message, and wait while the connection takes none; raise ClosedError where it is closed."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close it, if it is not closed, and wait for that."""
        ...

    async def closed(self) -> ClosedError:
        """Wait until it is closed, by whomever, and return how."""
        ...

    def claim(self) -> None:
        """Say that what comes will be read."""
        ...

    async def release(self) -> None:
        """Say that nothing more will be read."""
        ...


class WebSocket:
    """One connection of a client or a server; `source()` reads from it, `sink()` writes to it.

    Each can be used once. It closes itself when those that were begun are over: WebSocket has no way to end
    one direction only. A sink whose connection is closed fails, whether anything comes to be sent or not.
    Both run on the event loop of the flow that it came from.
    """

    def __init__(
        self,
        port: Port,
        settings: WebSocketSettings,
        headers: Mapping[str, Any],
        subprotocol: str | None,
    ) -> None:
        self._port = port
        self._settings = settings
        self._directions = Directions()
        self._read = asyncio.Event()
        self.headers: Mapping[str, Any] = headers
        """The headers of the other side's handshake, names in lower case, which its messages have, too."""
        self.subprotocol: str | None = subprotocol
        """What was agreed on."""

    def __repr__(self) -> str:
        return f"<WebSocket {self._port.what}>"

    @property
    def used(self) -> bool:
        """Whether a flow of it was begun."""
        return self._directions.used

    @property
    def open(self) -> set[str]:
        """Its directions that are under way."""
        return self._directions.open

    def source(self) -> Flow[Message[Any]]:
        """Return the flow of the messages that come: str for text, bytes for binary, or JSON values.

        Demand counts messages (§1.1); what is not asked for is not read, but for `settings.prefetch` of
        them. It completes when the other side closes with 1000 or 1001, and fails with a ClosedError for
        another code, a BadRecordError, a FrameTooLargeError, or a TimeoutError (`silence`).
        """
        self._port.claim()
        return _Incoming(self, self._settings).flow()

    def sink(self) -> Sink[Any]:
        """Return the sink for messages that go: str as text, bytes as binary, or anything as JSON.

        It waits while the connection takes nothing; `settings.batch` items wait besides, and as many are in
        hand. An item is passed on when it is on its way. Fails with a ClosedError when the other side
        closes.
        """
        return _Outgoing(self, self._settings)

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close it, with a code and a reason of at most 123 bytes; the other side's source ends."""
        await self._port.close(code, reason)

    async def closed(self) -> ClosedError:
        """Wait until it is closed, and return how, as an error that has the code and the reason."""
        return await self._port.closed()

    # For its two directions ---------------------------------------------------------------------

    def begin(self, direction: str) -> Port:
        """Begin a direction; raise RuntimeError where that is not possible."""
        self._directions.begin(direction, self)
        return self._port

    async def handed_over(self) -> None:
        """Wait until whoever has got it has begun to use it, for a while."""
        await self._directions.handed_over()

    async def over(self, direction: str, code: int, reason: str = "") -> None:
        """Take note that a direction is over; with a code that is no normal one the connection is, too."""
        self.open.discard(direction)
        if direction == "source":
            self._read.set()
            await self._port.release()
        if code != NORMAL or not self.open:
            await self._port.close(code, reason)

    async def lost(self) -> ClosedError:
        """Wait until there is nobody to write to, and whoever reads has read to the end."""
        error = await self._port.closed()
        if "source" in self.open:
            await self._read.wait()
        # The end of what was read comes to the sink by itself, if it is what is written, and is no error.
        await asyncio.sleep(_OVERTAKEN)
        return error


class _Incoming(AsyncSource[Message[Any]]):
    name = "http.websocket.source"

    def __init__(self, socket: WebSocket, settings: WebSocketSettings) -> None:
        self._socket = socket
        self._settings = settings
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        socket, json_ = self._socket, self._settings.format == "json"
        port = socket.begin("source")
        headers, largest = socket.headers, self._settings.largest
        code, reason = GOING_AWAY, ""
        try:
            while messages := await port.receive():
                for each in messages:
                    if len(each) > largest:
                        code = TOO_LARGE
                        raise too_large(len(each), largest)
                yield [Message(_value(each, port) if json_ else each, headers) for each in messages]
            code = NORMAL
        except GeneratorExit:
            code = NORMAL if "sink" in socket.open else GOING_AWAY
            raise
        except BadRecordError:
            code, reason = 1007, "no JSON"
            raise
        finally:
            with Unbroken():
                await socket.over("source", code, reason)


def _value(message: str | bytes, port: Port) -> Any:
    try:
        return json.loads(message)
    except ValueError as error:
        raise BadRecordError(f"{port.what}: {error}: {message[:80]!r}") from error


class _Outgoing(Sink[Any]):
    name = "http.websocket.sink"

    def __init__(self, socket: WebSocket, settings: WebSocketSettings) -> None:
        self._socket = socket
        self._settings = settings
        self.batch: int = settings.batch

    def place(self, upstream: Node) -> Node:
        lost = _Lost(self._socket).flow().node
        return super().place(Node(TakeUntil(lost, None), upstream))

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        socket, largest = self._socket, self._settings.largest
        port = socket.begin("sink")
        message = _as_json if self._settings.format == "json" else _as_it_is

        async def write(items: list[Any]) -> None:
            for item in items:
                made = message(value_of(item))
                if len(made) > largest:
                    raise too_large(len(made), largest)
                await port.send(made)

        code = FAILED
        try:
            yield write
            code = NORMAL
        except (GeneratorExit, asyncio.CancelledError):
            code = GOING_AWAY
            raise
        finally:
            with Unbroken():
                await socket.over("sink", code)


class _Lost(AsyncSource[None]):
    """Fails when the connection is closed."""

    name = "http.websocket"

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def batches(self) -> AsyncGenerator[list[None]]:
        error = await self._socket.lost()
        if "sink" in self._socket.open:  # otherwise it needs nobody to tell
            raise error
        yield []


def _as_it_is(value: Any) -> str | bytes:
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    raise TypeError(
        f"a WebSocket sends str or bytes, got {type(value).__name__}; use format='json'"
    )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
