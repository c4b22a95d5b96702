"""Server-Sent Events as a source, which connects again where it was."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from operators.connectors.arguments import need_arguments
from operators.connectors.framing import BadRecordError
from operators.connectors.http.asking import Asking
from operators.connectors.http.errors import StatusError
from operators.connectors.http.settings import ClientSettings
from operators.connectors.http.sse import Events
from operators.connectors.message import Message
from operators.custom import AsyncSource
from operators.errors.backoff import Pauses

if TYPE_CHECKING:
    import httpx

    from operators.flow import Flow

_NO_CONTENT = 204
_PASSING = (429, 502, 503, 504)
"""The statuses of what is over soon."""


class _Events(AsyncSource[Message[str]]):
    name = "http.events"

    def __init__(self, url: str, settings: ClientSettings) -> None:
        self._asking = Asking(url, settings)
        self._settings = settings
        self.details: str = self._asking.details
        self.any_thread: bool | None = self._asking.any_thread
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[Message[str]]]:
        settings = self._settings
        found = Events(settings.largest)
        pauses = Pauses(settings.backoff)
        async with self._asking.client() as client:
            while True:
                late: float | None = None
                lost: Exception | None = None
                try:
                    async with aclosing(self._connection(client, found)) as batches:
                        async for batch in batches:
                            pauses.begin_again()
                            yield batch
                except OSError as error:
                    lost = error
                except StatusError as error:
                    if error.status == _NO_CONTENT:  # the server's way to say that there is no more
                        return
                    if error.status not in _PASSING:
                        raise
                    lost, late = error, _seconds(error.headers.get("retry-after"))
                if settings.reconnect == "never" or (
                    lost is None and settings.reconnect != "always"
                ):
                    if lost is not None:
                        raise lost
                    return
                pause = pauses.next()
                if pause is None:
                    if lost is not None:
                        raise lost
                    return
                await sleep(max(pause, found.retry or 0.0, late or 0.0))

    async def _connection(
        self, client: httpx.AsyncClient, found: Events
    ) -> AsyncGenerator[list[Message[str]]]:
        asking, most = self._asking, self._settings.prefetch
        found.begin()
        headers = {"accept": "text/event-stream", "cache-control": "no-store"}
        if found.last_id:
            headers["last-event-id"] = found.last_id
        async with asking.answer(client, asking.body(), headers) as answer:
            if answer.status_code == _NO_CONTENT:
                raise StatusError(self.details, _NO_CONTENT, dict(answer.headers), "")
            async with aclosing(asking.pieces(answer)) as pieces:
                kind = answer.headers.get("content-type", "nothing")
                if kind.partition(";")[0].strip().lower() != "text/event-stream":
                    start = await anext(pieces, b"")
                    raise BadRecordError(
                        f"{self.details}: the answer is {kind}, not text/event-stream: {start[:80]!r}"
                    )
                async for piece in pieces:
                    found.feed(piece)
                    while events := found.take(most):
                        yield events


def _seconds(text: Any) -> float | None:
    return float(text) if text is not None and str(text).isdigit() else None


def events(
    url: str,
    settings: ClientSettings = ClientSettings(),  # noqa: B008 - frozen
) -> Flow[Message[str]]:
    """Return a flow of the events that a server sends (Server-Sent Events); the value is the data, a str.

    The headers of a message are "event", which is "message" by default, and "id", where there is one.
    Demand counts events (§1.1), and what is held is as for `source`. It completes when the server has ended
    the stream, and fails as `source` does.

    With `settings.reconnect` it asks again where it was, by Last-Event-ID: "lost", after a connection is
    lost or refused, or the status is 429, 502, 503 or 504; "always", also after an end, as a browser does,
    until the server answers 204. It pauses as `settings.backoff` says, anew after each event, and as long
    as the server's `retry:` or `Retry-After` at the least; where the backoff has no more budget the error
    goes on. Begin in the middle with headers={"last-event-id": ...}. Promise: each event once, where the
    server keeps to Last-Event-ID.

    >>> from operators.connectors import http
    >>> try:
    ...     http.events("http://127.0.0.1:9/tokens").run()
    ... except OSError as error:
    ...     print(type(error).__name__)
    ConnectionRefusedError
    """
    need_arguments("http.events", ClientSettings, settings, url=url)
    return _Events(url, settings).flow()
