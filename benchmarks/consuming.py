"""Messages of a Kafka topic beside bare confluent-kafka, of the same broker, in the ways they are consumed.

It starts an Apache Kafka, where there are Maven and a JDK. Both sides join a group, read the topic to its
end, and commit: the bare one by batches of as many as the source takes at a time, at once, in its own thread.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmarks.measure import AtMost, Case
from benchmarks.support import OneByOne, count_of
from operators import Flow
from operators.connectors import kafka, values

MESSAGES = 600_000
_SIZE = 100
_TOPIC = "messages"
_SETTINGS = kafka.SourceSettings()
_LIMIT = AtMost(1.5)
_GROUPS = itertools.count()


@cache
def _filled() -> str:
    """Return where a broker is that has the messages, in one partition."""
    from tests.connectors.mock_kafka import made, put
    from tests.connectors.servers.base import end_all, shared
    from tests.connectors.servers.kafka import Kafka

    atexit.register(end_all)
    servers = shared(Kafka).servers
    made(servers, 1, _TOPIC)
    put(servers, _TOPIC, itertools.repeat("x" * _SIZE, MESSAGES))
    return servers


def _bare() -> int:
    """A loop over batches: each message is looked at, and what was read committed as often as by ours."""
    import confluent_kafka as client

    consumer = client.Consumer(
        {
            "bootstrap.servers": _filled(),
            "group.id": f"bare-{next(_GROUPS)}",
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": int(_SETTINGS.commit_interval * 1_000),
            "check.crcs": True,
            "fetch.queue.backoff.ms": 10,
            "log_level": 0,
        }
    )
    consumer.subscribe([_TOPIC])
    count = 0
    while count < MESSAGES:
        for message in consumer.consume(_SETTINGS.prefetch, 0.05):
            if message.error() is None:
                count += len(message.value() or b"") == _SIZE
    consumer.close()
    return count


def _flow() -> Flow[Any]:
    group = f"ours-{next(_GROUPS)}"
    return kafka.source(_filled(), _TOPIC, group, _SETTINGS).apply(values()).take(MESSAGES)


def _by_for() -> int:
    count = 0
    for value in _flow():
        count += len(value) == _SIZE
    return count


async def _by_async_for() -> int:
    count = 0
    async for value in _flow():
        count += len(value) == _SIZE
    return count


def consumed() -> list[Case]:
    """A topic, joined, read, acknowledged and counted, in each way."""
    ways: dict[str, Callable[[], int]] = {
        "for": _by_for,
        "async for": lambda: asyncio.run(_by_async_for()),
        "a Subscriber": lambda: count_of(_flow()),
        "a Subscriber, request(1)": lambda: count_of(_flow(), OneByOne()),
    }
    return [
        Case(f"Kafka topic, {way}", run, _LIMIT, MESSAGES, _bare, "confluent-kafka consume")
        for way, run in ways.items()
    ]
