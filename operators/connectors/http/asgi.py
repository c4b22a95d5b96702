"""ASGI: a flow as the answer of a server, and the body of a request as a flow; no package is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_methods
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments
from operators.connectors.http.formats import decoder, encoder
from operators.connectors.http.pump import Pump, Receive, Scope, Send, run_with
from operators.connectors.http.settings import ServerSettings
from operators.connectors.http.sse import STILL_HERE, event_of
from operators.connectors.message import Message, value_of
from operators.custom import AsyncSource, Sink

if TYPE_CHECKING:
    from operators.flow import Flow

_HERE = "operators.connectors.http"
_TYPES = {
    "json": "application/x-ndjson",
    "lines": "text/plain; charset=",
    "bytes": "application/octet-stream",
    "events": "text/event-stream",
}


class Incoming(Pump):
    """What the client of one request says: the body, and that it is gone. All of a request share one."""

    def __init__(self, receive: Receive) -> None:
        super().__init__(receive)
        self._piece = b""
        self.used: bool = False
        """Whether somebody has begun to read the body."""
        self.ended: bool = False

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Incoming:
        """Return the one of a request."""
        made: Incoming | None = scope.get(_HERE)
        if made is None:
            scope[_HERE] = made = cls(receive)
        return made

    @property
    def holds(self) -> bool:
        return bool(self._piece)

    def take_in(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.disconnect":
            self.gone = True
            return
        if self.claimed:
            self._piece += message.get("body", b"")
        if not message.get("more_body", False):
            self.ended = True

    async def piece(self) -> bytes:
        """Return the next piece of the body; nothing at its end. Raises ConnectionResetError."""
        while not self._piece and not self.ended:
            if self.gone:
                raise ConnectionResetError("the client is gone, and its request is not whole")
            await self.next()
        piece, self._piece = self._piece, b""
        self.taken()
        return piece

    def drop(self) -> None:
        self._piece = b""


class _Body(AsyncSource[Message[Any]]):
    name = "http.body"
    asyncio_only = False

    def __init__(self, scope: Scope, receive: Receive, settings: ServerSettings) -> None:
        self._scope = scope
        self._incoming = Incoming.of(scope, receive)
        self._incoming.claimed = True  # what comes until it begins is its own already
        self._settings = settings
        self.details: str = f"{scope['method']} {scope['path']}"
        self.holds: int = 1 if settings.format == "bytes" else settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        incoming, settings = self._incoming, self._settings
        if incoming.used:
            raise RuntimeError(f"the body of {self.details} was read before; it can be read once")
        incoming.used = True
        found = decoder(settings.format, self.details, settings.encoding, settings.largest)
        headers = headers_of(self._scope)
        try:
            while piece := await self._patient(incoming.piece()):
                found.feed(piece)
                while items := found.take(settings.prefetch):
                    yield [Message(item, headers) for item in items]
            yield [Message(item, headers) for item in found.finish()]
        finally:
            with Unbroken():
                await incoming.release()

    async def _patient(self, piece: Awaitable[bytes]) -> bytes:
        silence = self._settings.silence
        try:
            async with asyncio.timeout(silence):
                return await piece
        except TimeoutError:
            text = f"{self.details}: the client has sent nothing for {silence} s (silence=)"
            raise TimeoutError(text) from None


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


class _Writing(Sink[Any]):
    name = "http.response"
    asyncio_only = False

    def __init__(
        self, send: Send, settings: ServerSettings, encode: Callable[[Any], bytes]
    ) -> None:
        self._send = send
        self._settings = settings
        self._encode = encode
        self.batch: int = settings.batch

    async def _patient(self, message: MutableMapping[str, Any]) -> None:
        silence = self._settings.silence
        if silence is None:
            await self._send(message)
            return
        try:
            async with asyncio.timeout(silence):
                await self._send(message)
        except TimeoutError:
            text = f"the client has taken nothing for {silence} s (silence=)"
            raise TimeoutError(text) from None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        send, encode = self._patient, self._encode
        begun = False

        async def begin() -> None:
            nonlocal begun
            begun = True
            await send(head(self._settings))

        async def write(items: list[Any]) -> None:
            body = b"".join([encode(item) for item in items])
            if not begun:
                await begin()
            await send({"type": "http.response.body", "body": body, "more_body": True})

        if self._settings.format == "events":
            await begin()  # a browser waits for it to say that it is connected
        yield write
        if not begun:
            await begin()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def head(settings: ServerSettings) -> dict[str, Any]:
    """Return the message that begins an answer."""
    given = {name.lower(): value for name, value in settings.headers.items()}
    kind = _TYPES[settings.format]
    if kind.endswith("="):
        kind += settings.encoding
    usual = {"content-type": kind}
    if settings.format == "events":
        # Proxies are not to keep events back.
        usual |= {"cache-control": "no-store", "x-accel-buffering": "no"}
    fields = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in (usual | given).items()
    ]
    return {"type": "http.response.start", "status": settings.status, "headers": fields}


class Response:
    r"""An answer whose body is a flow: an ASGI application, which an endpoint of Starlette returns.

    The flow runs on the server's event loop. What the client does not take is not asked for: the server's
    buffer (64 KiB with uvicorn) and the kernel's fill up, and up to twice `settings.batch` items wait. The
    head is sent with the first item, so that a flow that fails before is an error of the server (500); one
    that fails later cuts the answer off, so that nobody takes it for whole. Where the client goes, the flow
    is cancelled, and its cleanup awaited.

    >>> import asyncio
    >>> from operators import Flow
    >>> from operators.connectors import http
    >>> app = http.Response(Flow.range(2).map(lambda n: {"n": n}))
    >>> async def ask():
    ...     sent = []
    ...
    ...     async def receive():
    ...         await asyncio.Event().wait()
    ...
    ...     async def send(message):
    ...         sent.append(message)
    ...
    ...     await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    ...     return b"".join(message.get("body", b"") for message in sent)
    >>> asyncio.run(ask())
    b'{"n": 0}\n{"n": 1}\n'
    """

    def __init__(
        self,
        flow: Flow[Any],
        settings: ServerSettings = ServerSettings(),  # noqa: B008 - frozen
    ) -> None:
        need_methods("http.Response", "Publisher", flow, "subscribe", "apply")
        need_arguments("http.Response", ServerSettings, settings)
        self._flow = flow
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"http.Response answers http, not {scope['type']}")
        if scope["method"] == "HEAD":
            await send(head(self._settings))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        settings = self._settings
        what = f"{scope['method']} {scope['path']}"
        flow = self._flow
        if settings.format == "events":
            encode = _event
            if settings.keep_alive is not None:
                flow = flow.keep_alive(settings.keep_alive, lambda: STILL_HERE)
        else:
            plain = encoder(settings.format, what, settings.encoding)

            def encode(item: Any) -> bytes:
                return plain(value_of(item))

        incoming = Incoming.of(scope, receive)
        try:
            await run_with(incoming.watch(), flow.apply(_Writing(send, settings, encode)))
        except ConnectionResetError:
            if not incoming.gone:  # otherwise there is nobody to tell
                raise


def _event(item: Any) -> bytes:
    return STILL_HERE if item is STILL_HERE else event_of(item)


def last_event_id(scope: Scope) -> str:
    """Return the id of the last event that the client has got, or "": where its events are to go on.

    >>> from operators.connectors import http
    >>> http.last_event_id({"headers": [(b"last-event-id", b"41")]})
    '41'
    """
    given = dict(scope["headers"]).get(b"last-event-id", b"")
    return bytes(given).decode("utf-8", "replace")


def body(
    scope: Scope,
    receive: Receive,
    settings: ServerSettings = ServerSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    r"""Return a flow of the body of a request: JSON values, lines, or bytes; it can be read once.

    Demand counts items (§1.1): the server reads on when more is asked for, and keeps 64 KiB (uvicorn),
    beside a piece of as much. The headers of a message are those of the request. Fails with a
    ConnectionResetError where the client goes before all has come, with a BadRecordError or a
    FrameTooLargeError. It runs on the server's event loop; `scope` and `receive` are what ASGI gives, in
    Starlette `request.scope` and `request.receive`.

    >>> import asyncio
    >>> from operators.connectors import http, values
    >>> async def receive():
    ...     return {"type": "http.request", "body": b"1\n2\n", "more_body": False}
    >>> async def app():
    ...     scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    ...     return await http.body(scope, receive).apply(values()).to_list()
    >>> asyncio.run(app())
    [1, 2]
    """
    need_arguments("http.body", ServerSettings, settings)
    return _Body(scope, receive, settings).flow()
