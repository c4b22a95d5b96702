"""A redis-server: a stream for each."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.connectors.faults.redis import BROKER, asked, sink, source
from tests.connectors.kit import EACH, MANY
from tests.tck.own import Own

needs = "redis"


def _redis_source(elements: int) -> Flow[Any]:
    def filled() -> Flow[Any]:
        place = BROKER.new(BROKER.server())
        with asked(place[0]) as bare, bare.pipeline(transaction=False) as pipeline:
            for n in range(min(elements, 1_000)):
                pipeline.xadd(place[1], {"n": n})
            pipeline.execute()
        return source(*place, follow=False, linger=0.0).map(BROKER.number)

    return Flow.defer(filled)


def _redis_sink(elements: int) -> Flow[Any]:
    place = BROKER.new(BROKER.server())
    return Flow.range(elements).map(BROKER.item).apply(sink(*place))


SOURCES = [Own("redis.source", _redis_source, MANY, hops=True)]
SINKS = [Own("redis.sink", _redis_sink, EACH, hops=True)]
VALUES = {"redis.sink": BROKER.item}
