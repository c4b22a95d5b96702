"""A nats-server: a stream for each."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.connectors.faults.nats import BROKER, sink, source
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own

needs = "nats"


def _nats_source(elements: int) -> Flow[Any]:
    place = BROKER.new(BROKER.server())
    BROKER.fill(place, min(elements, 1_000))
    names = iter(range(1_000_000))

    def once() -> Flow[Any]:
        # A consumer of its own for each Subscriber: each has all the messages.
        return source(*place, consumer=f"all-{next(names)}", follow=False, linger=0.0)

    return Flow.defer(once)


def _nats_sink(elements: int) -> Flow[Any]:
    place = BROKER.new(BROKER.server())
    return Flow.range(elements).map(BROKER.item).apply(sink(*place))


SOURCES = [Own("nats.source", _nats_source, MANY, hops=True)]
SINKS = [Own("nats.sink", _nats_sink, EACH, hops=True)]
VALUES = {"nats.sink": BROKER.item}
