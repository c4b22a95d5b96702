"""Asking: one request of a client, and its answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, suppress
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_url
from operators.connectors.extras import need
from operators.connectors.http.errors import StatusError, translated
from operators.connectors.http.formats import encoder
from operators.connectors.http.settings import ClientSettings, WebSocketSettings
from operators.connectors.links import shown
from operators.connectors.message import value_of

if TYPE_CHECKING:
    import httpx

    from operators.flow import Flow

Body = AsyncGenerator[bytes] | bytes | None
"""What is sent: as it comes, all at once, or nothing."""

_EXCERPT = 2_000
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_EXCERPT_IN = 5.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def address(url: str, client: Any, *schemes: str) -> str:
    """Return an address as errors show it: without a password, and what is asked of it.

    Raises ValueError for one of another scheme; a client of the user's knows others.
    """
    if client is not None:
        return url.partition("?")[0]
    parts = need_url("http", url, *(schemes or ("http", "https")))
    return shown(parts) + parts.path


class Asking:
    """What to ask, and how; a context manager of the answer for each time."""

    def __init__(self, url: str, settings: ClientSettings) -> None:
        self.url = url
        self.settings = settings
        self.method: str = settings.method or ("GET" if settings.body is None else "POST")
        self.details: str = f"{self.method} {address(url, settings.client)}"
        self.any_thread: bool = settings.client is None and isinstance(
            settings.body, (str, bytes, type(None))
        )
        """Whether there is no code of the user's in it that is awaited, and may be bound to a thread."""

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[httpx.AsyncClient]:
        """Give the client that asks: the one of the settings, or one that is closed at the end."""
        settings = self.settings
        if settings.client is not None:
            yield settings.client
            return
        httpx: Any = need("httpx", "http")
        verify = settings.tls or _trusted()
        options: dict[str, Any] = {"verify": verify}
        if not getproxies():  # a transport would pass them by
            options["transport"] = httpx.AsyncHTTPTransport(
                verify=verify, socket_options=kernel_buffers(settings)
            )
        async with httpx.AsyncClient(**options) as made:
            yield made

    @asynccontextmanager
    async def answer(
        self,
        client: httpx.AsyncClient,
        body: Body = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> AsyncGenerator[httpx.Response]:
        """Ask, and give the answer once its head is there; raise StatusError where it is no success."""
        response = await self._asked(client, body, headers)
        try:
            if not 200 <= response.status_code < 300:
                raise await self._refused(response)
            yield response
        finally:
            with Unbroken():
                await response.aclose()

    async def _asked(
        self,
        client: httpx.AsyncClient,
        body: Body,
        headers: Mapping[str, str],
    ) -> httpx.Response:
        httpx: Any = need("httpx", "http")
        settings = self.settings
        late = settings.answer_timeout
        patience = asyncio.timeout(None)

        def wait_from_now() -> None:
            if late is not None:
                patience.reschedule(asyncio.get_running_loop().time() + late)

        if body is not None and not isinstance(body, bytes):
            body = _with_end(body, wait_from_now)
        encodings = {} if settings.compressed else {"accept-encoding": "identity"}
        request = client.build_request(
            self.method,
            self.url,
            headers={**encodings, **settings.headers, **headers},
            content=body,
            timeout=httpx.Timeout(settings.silence, connect=settings.connect_timeout),
        )
        try:
            async with patience:
                if body is None or isinstance(body, bytes):
                    wait_from_now()
                with self._translated():
                    return await client.send(
                        request,
                        stream=True,
                        auth=httpx.USE_CLIENT_DEFAULT if settings.auth is None else settings.auth,
                        follow_redirects=settings.follow_redirects,
                    )
        except TimeoutError:
            if not patience.expired():
                raise
            raise TimeoutError(
                f"{self.details}: no answer within {late} s (answer_timeout=)"
            ) from None
        finally:
            if body is not None and not isinstance(body, bytes):
                # httpx leaves one that it has not gone through to the collector.
                await body.aclose()

    def _translated(self) -> AbstractContextManager[None]:
        settings = self.settings
        return translated(self.details, settings.connect_timeout, settings.silence)

    async def _refused(self, response: httpx.Response) -> StatusError:
        body = b""
        with suppress(OSError):  # the status says enough
            async with asyncio.timeout(_EXCERPT_IN), aclosing(self.pieces(response)) as pieces:
                async for piece in pieces:
                    body += piece
                    if len(body) >= _EXCERPT:
                        break
        text = body[:_EXCERPT].decode(self.settings.encoding, "replace")
        return StatusError(self.details, response.status_code, dict(response.headers), text)

    async def pieces(self, response: httpx.Response) -> AsyncGenerator[bytes]:
        """Give the body as it comes, decompressed."""
        raw = "content-encoding" not in response.headers
        given = response.aiter_raw() if raw else response.aiter_bytes()
        try:
            with self._translated():
                async for piece in given:
                    yield piece
        finally:
            with Unbroken():
                await response.aclose()
                if response.http_version.startswith("HTTP/1"):
                    # It has generators within generators, which it leaves to the collector: they end by
                    # what reading on from a closed connection raises.
                    with suppress(Exception):
                        async for _ in given:
                            pass

    def body(self) -> Body:
        """Return the body to be sent, anew for each time."""
        body = self.settings.body
        if isinstance(body, str):
            return body.encode(self.settings.encoding)
        if body is None or isinstance(body, bytes):
            return body
        return self._encoded(body)

    async def _encoded(self, items: Any) -> AsyncGenerator[bytes]:
        encode = self.encoder()
        async with aclosing(aiter(_flow_of(items))) as given:
            async for item in given:
                yield encode(value_of(item))

    def encoder(self) -> Callable[[Any], bytes]:
        """Return what makes the bytes of an item that is sent."""
        return encoder(self.settings.body_format, self.details, self.settings.encoding)


def _flow_of(items: Any) -> Flow[Any]:
    from operators.flow import Flow

    makers: Any = Flow
    given: Any = items
    if not isinstance(items, Flow):
        later = isinstance(items, AsyncIterable)
        given = (makers.from_async_iterable if later else makers.from_iterable)(items)
    flow: Flow[Any] = given
    return flow


async def _with_end(
    body: AsyncGenerator[bytes], ended: Callable[[], object]
) -> AsyncGenerator[bytes]:
    async with aclosing(body):
        async for piece in body:
            yield piece
    ended()


def kernel_buffers(settings: ClientSettings | WebSocketSettings) -> list[tuple[int, int, int]]:
    """Return what keeps the kernel's buffers small, so that demand is felt at the other side."""
    options: list[tuple[int, int, int]] = []
    if settings.receive_buffer is not None:
        # What the kernel grants is twice that, of which half is its own bookkeeping.
        options.append((socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer // 2))
    if _NOTSENT_LOWAT is not None:
        options.append((socket.IPPROTO_TCP, _NOTSENT_LOWAT, settings.unsent))
    return options


@cache
def _trusted() -> ssl.SSLContext:
    # It takes longer to make than most requests do.
    context: ssl.SSLContext = need("httpx", "http").create_ssl_context()
    return context
