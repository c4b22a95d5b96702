"""The server's side of WebSocket, for ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_callable
from operators.connectors.arguments import need_arguments
from operators.connectors.http.asgi import headers_of
from operators.connectors.http.errors import ClosedError
from operators.connectors.http.pump import Pump, Receive, Scope, Send, run_with
from operators.connectors.http.settings import WebSocketSettings
from operators.connectors.http.websocket import ENDS, FAILED, NORMAL, WebSocket

if TYPE_CHECKING:
    from operators.flow import Flow

_REFUSED = 1008


class _Port(Pump):
    """A connection of an ASGI server."""

    def __init__(
        self, receive: Receive, send: Send, what: str, settings: WebSocketSettings
    ) -> None:
        super().__init__(receive)
        self._send = send
        self._settings = settings
        self._messages: list[str | bytes] = []
        self._how: ClosedError | None = None
        self._is_closed = asyncio.Event()
        self.what: str = what

    @property
    def holds(self) -> bool:
        return bool(self._messages)

    def take_in(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.disconnect":
            self._over(message.get("code") or 1005, message.get("reason") or "")
        elif self.claimed:
            text = message.get("text")
            self._messages.append(message["bytes"] if text is None else text)

    def _over(self, code: int, reason: str) -> None:
        self.gone = True
        if self._how is None:
            self._how = ClosedError(self.what, code, reason)
        self._is_closed.set()

    def drop(self) -> None:
        self._messages = []

    def claim(self) -> None:
        self.claimed = True

    async def receive(self) -> list[str | bytes]:
        silence = self._settings.silence
        try:
            async with asyncio.timeout(silence):
                while not self._messages and not self.gone:
                    await self.next()
        except TimeoutError:
            raise TimeoutError(f"{self.what}: sent nothing for {silence} s (silence=)") from None
        messages, self._messages = self._messages, []
        self.taken()
        if not messages and self._how is not None and self._how.code not in ENDS:
            raise self._how
        return messages

    async def send(self, message: str | bytes) -> None:
        silence = self._settings.silence
        if self._how is not None:
            raise self._how
        kind = "text" if isinstance(message, str) else "bytes"
        try:
            async with asyncio.timeout(silence):
                await self._send({"type": "websocket.send", kind: message})
        except TimeoutError:
            raise TimeoutError(f"{self.what}: took nothing for {silence} s (silence=)") from None
        except OSError as error:  # the server's way to say that the client is gone
            raise self._left() from error

    def _left(self) -> ClosedError:
        return self._how or ClosedError(self.what, 1006, "")

    async def close(self, code: int, reason: str) -> None:
        if self._how is None:
            self._over(code, reason)
            goodbye = {"type": "websocket.close", "code": code, "reason": reason}
            # The client was faster, or it takes nothing: a server waits until it does, for this as well.
            with suppress(OSError):
                async with asyncio.timeout(self._settings.close_timeout):
                    await self._send(goodbye)

    async def closed(self) -> ClosedError:
        await self._is_closed.wait()
        assert self._how is not None
        return self._how


class WebSocketApp:
    """A flow for each WebSocket that a client opens: an ASGI application, for a route of Starlette.

    `handle` is called with each WebSocket and returns its flow, which runs on the server's event loop; at
    its end the connection is closed, with 1000, or with 1011 where it has failed. Where it returns None the
    client is refused (403). A flow that writes fails when the client has gone, and with it what it is made
    of is cancelled; one that only reads sees an end; one that does neither is cancelled. The cleanup is
    awaited.

    >>> from operators.connectors import http, values
    >>> def shout(socket):
    ...     return socket.source().apply(values()).map(str.upper).apply(socket.sink())
    >>> app = http.WebSocketApp(shout)
    """

    def __init__(
        self,
        handle: Callable[[WebSocket], Flow[Any] | None],
        settings: WebSocketSettings = WebSocketSettings(),  # noqa: B008 - frozen
    ) -> None:
        need_callable("http.WebSocketApp", "handle", handle)
        need_arguments("http.WebSocketApp", WebSocketSettings, settings)
        self._handle = handle
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            raise TypeError(f"http.WebSocketApp serves websocket, not {scope['type']}")
        await receive()  # it says that there is one
        settings = self._settings
        port = _Port(receive, send, f"WebSocket {scope['path']}", settings)
        offered: list[str] = scope.get("subprotocols") or []
        agreed = next((each for each in settings.subprotocols if each in offered), None)
        socket = WebSocket(port, settings, headers_of(scope), agreed)
        flow = self._handle(socket)
        if flow is None:
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        accept: dict[str, Any] = {"type": "websocket.accept", "subprotocol": agreed}
        fields = [
            (name.lower().encode(), value.encode()) for name, value in settings.headers.items()
        ]
        await send({**accept, "headers": fields})
        try:
            await run_with(_gone(port, socket), flow)
        except ClosedError:
            if not port.gone:
                raise
        except Exception:
            await port.close(FAILED, "")
            raise
        await port.close(NORMAL, "")


async def _gone(port: _Port, socket: WebSocket) -> None:
    """Wait until the client has gone, and nothing of the flow would notice."""
    await port.watch()
    if socket.used:
        await asyncio.Event().wait()
