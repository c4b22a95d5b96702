"""TCP, with peers by hand."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import tcp, values
from tests.connectors.kit import EACH, MANY
from tests.connectors.peers import connect_to, lines, served, swallowed
from tests.tck.own import Own


def as_bytes(n: int) -> bytes:
    return b"%d" % n


def _tcp_source(elements: int) -> Flow[Any]:
    count = min(elements, 1_000)
    return Flow.defer(lambda: tcp.source(*served(lines(count))).apply(values()).map(int))


def _tcp_sink(elements: int) -> Flow[Any]:
    return Flow.range(elements).map(as_bytes).apply(tcp.sink(*swallowed(times=1_000))).map(int)


def _connect(elements: int) -> Flow[Any]:
    return Flow.defer(lambda: tcp.connect(*served(b"")).map(lambda _: 0).take(min(elements, 1)))


def _listen(elements: int) -> Flow[Any]:
    settings = tcp.Settings(on_listening=connect_to)
    return tcp.listen("127.0.0.1", 0, settings).map(lambda _: 0).take(min(elements, 1))


SOURCES = [
    Own("tcp.source", _tcp_source, MANY, hops=True),
    Own("tcp.connect", _connect, {**EACH, "max_elements": 1}, hops=True),
    Own("tcp.listen", _listen, {**EACH, "max_elements": 1}, hops=True),
]
SINKS = [Own("tcp.sink", _tcp_sink, EACH, hops=True)]
VALUES = {"tcp.sink": as_bytes}
