"""HTTP, with peers by hand."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import http, values
from tests.connectors.http_peers import body_of, replies, url, whole
from tests.connectors.kit import EACH, MANY
from tests.connectors.peers import answering, lines
from tests.connectors.websocket_peers import frame, greet
from tests.tck.own import Own

_LINES = http.ServerSettings(format="lines")


def as_text(n: int) -> str:
    return str(n)


def _source(elements: int) -> Flow[Any]:
    answer = whole(lines(min(elements, 1_000)))
    return Flow.defer(lambda: http.source(url(replies(answer))).apply(values()).map(int))


def _sink(elements: int) -> Flow[Any]:
    address = replies(whole(b""), reading=body_of, times=1_000)
    return Flow.range(elements).map(as_text).apply(http.sink(url(address))).map(int)


def _body(elements: int) -> Flow[Any]:
    async def receive() -> Any:
        return {"type": "http.request", "body": lines(min(elements, 1_000)), "more_body": False}

    def made() -> Flow[Any]:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
        return http.body(scope, receive, _LINES).apply(values()).map(int)

    return Flow.defer(made)


def _events(elements: int) -> Flow[Any]:
    count = min(elements, 1_000)
    answer = whole(b"".join(b"data: %d\n\n" % n for n in range(count)), b"text/event-stream")
    return Flow.defer(lambda: http.events(url(replies(answer))).apply(values()).map(int))


def _websocket(elements: int) -> Flow[Any]:
    def serve(client: Any) -> None:
        greet(client)
        client.sendall(frame(b"\x03\xe8", 8))  # a close, which it waits for an answer to
        client.recv(100)

    def made() -> Flow[Any]:
        address = url(answering(serve), scheme="ws")
        return http.websocket(address).map(lambda _: 0).take(min(elements, 1))

    return Flow.defer(made)


SOURCES = [
    Own("http.events", _events, MANY, hops=True),
    Own("http.websocket", _websocket, {**EACH, "max_elements": 1}, hops=True),
    Own("http.source", _source, MANY, hops=True),
    Own("http.body", _body, MANY, hops=True),
]
SINKS = [Own("http.sink", _sink, EACH, hops=True)]
VALUES = {"http.sink": as_text}
