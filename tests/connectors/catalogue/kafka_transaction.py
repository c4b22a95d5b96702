"""Transactions of Kafka, on the mock cluster; run with the real servers, for there are hundreds of them.

Each takes half a second: so long the client waits before it asks which broker is to see to them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from confluent_kafka import Consumer

from operators import Flow
from operators.connectors import kafka
from operators.connectors.kafka.assignment import Partition
from operators.connectors.kafka.message import KafkaMessage
from tests.connectors.catalogue.kafka import as_bytes, numbers, swallowing
from tests.connectors.kit import MANY
from tests.connectors.mock_kafka import QUICK, fresh, shared_cluster
from tests.tck.own import Own

needs = "kafka"
_SETTINGS = kafka.SourceSettings(promise="exactly_once", drain=0.0, prefetch=1, config=QUICK)


def _transaction(elements: int) -> Flow[Any]:
    count = min(elements, 1_000)
    servers = shared_cluster().servers
    sink = kafka.transaction(servers, swallowing(), fresh("transaction"))

    def made() -> Flow[Any]:
        return kafka.source(servers, numbers(), fresh("group"), _SETTINGS)

    written = Flow.defer(made).apply(sink)
    return written.map(lambda message: int(message.value)).take(count)


class _Raw:
    """What a client gives."""

    def __init__(self, offset: int) -> None:
        self.offset = lambda: offset

    def topic(self) -> str:
        return numbers()

    def partition(self) -> int:
        return 0

    def key(self) -> None:
        return None

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return 0, 0


class _Group:
    """A group whose members it does not know."""

    def __init__(self) -> None:
        config: dict[str, Any] = {"group.id": fresh("group"), "log_level": 0}
        consumer = Consumer({**config, "bootstrap.servers": shared_cluster().servers})
        self._metadata = consumer.consumer_group_metadata()
        consumer.close()

    def metadata(self) -> Any:
        return self._metadata


_group = cache(_Group)


def _message(n: int) -> KafkaMessage[bytes]:
    """A message as of a run that was given nothing else of the partition: in no run's order."""
    partition = Partition((numbers(), 0), _group(), lambda *_: None, up_to=False)
    partition.prefix.give([n], 0)
    return KafkaMessage(_Raw(n), partition, as_bytes(n))


SOURCES: list[Own] = []
SINKS = [Own("kafka.transaction", _transaction, MANY, hops=True)]
VALUES = {"kafka.transaction": _message}
