"""RSocket, with peers by hand: what the kit looks at stands on the other side of the wire."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import rsocket, values
from tests.connectors.kit import EACH, MANY
from tests.connectors.rsockets import by_hand, counted, numbered, numbers, swallow
from tests.tck.own import Own


def _source(elements: int) -> Flow[Any]:
    payload = numbered(min(elements, 1_000))
    return Flow.defer(lambda: rsocket.source(by_hand(numbers), payload).apply(values()).map(int))


def _connect(elements: int) -> Flow[Any]:
    payload = numbered(min(elements, 1_000))

    def use(connection: rsocket.Connection) -> Flow[Any]:
        return connection.request_stream(payload).apply(values()).map(int)

    return Flow.defer(lambda: rsocket.connect(by_hand(numbers), use))


def _sink(elements: int) -> Flow[Any]:
    url = by_hand(swallow, times=1_000)
    return Flow.range(elements).map(numbered).apply(rsocket.sink(url)).map(int)


def _listen(elements: int) -> Flow[Any]:
    return counted(min(elements, 1))


SOURCES = [
    Own("rsocket.source", _source, MANY, hops=True),
    Own("rsocket.connect", _connect, MANY, hops=True),
    Own("rsocket.listen", _listen, {**EACH, "max_elements": 1}, hops=True),
]
SINKS = [Own("rsocket.sink", _sink, EACH, hops=True)]
VALUES = {"rsocket.sink": numbered}
