"""Kafka, on a mock cluster in this process."""

from __future__ import annotations

from functools import cache
from typing import Any

from operators import Flow
from operators.connectors import kafka
from tests.connectors.kit import EACH, MANY
from tests.connectors.mock_kafka import fresh, put, shared_cluster
from tests.tck.own import Own

_SETTINGS = kafka.SourceSettings(promise="at_most_once", drain=0.0, prefetch=1)

# An idempotent producer of the client waits half a second for its number, at each beginning.
_PLAIN = kafka.SinkSettings(config={"enable.idempotence": False})


def as_bytes(n: int) -> bytes:
    return b"%d" % n


@cache
def numbers() -> str:
    """A topic that has a thousand numbers, in order."""
    topic = fresh("numbers")
    shared_cluster().create(topic, 1)
    put(shared_cluster().servers, topic, range(1_000))
    return topic


@cache
def swallowing() -> str:
    topic = fresh("swallowing")
    shared_cluster().create(topic, 1)
    return topic


def _kafka_source(elements: int) -> Flow[Any]:
    count = min(elements, 1_000)

    def made() -> Flow[Any]:
        servers = shared_cluster().servers
        return kafka.source(servers, numbers(), fresh("group"), _SETTINGS)

    return Flow.defer(made).map(lambda message: int(message.value)).take(count)


def _kafka_sink(elements: int) -> Flow[Any]:
    sink = kafka.sink(shared_cluster().servers, swallowing(), _PLAIN)
    return Flow.range(elements).map(as_bytes).apply(sink).map(int)


SOURCES = [Own("kafka.source", _kafka_source, MANY, hops=True)]
SINKS = [Own("kafka.sink", _kafka_sink, EACH, hops=True)]
VALUES = {"kafka.sink": as_bytes}
