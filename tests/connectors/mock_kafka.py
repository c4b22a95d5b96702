"""A cluster of Kafka within this process: the mock of librdkafka, which its own tests are written with.

It keeps 5 MB of a partition. Its functions are called by ctypes, for the Python client has none of them.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.connectors.kit import DEADLINE, eventually

_PRODUCER = 0


def _library() -> ctypes.CDLL:
    beside = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(beside.glob("librdkafka-*"))))
    pointer = ctypes.c_void_p
    for name, takes, gives in (
        ("rd_kafka_conf_new", [], pointer),
        ("rd_kafka_new", [ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_size_t], pointer),
        ("rd_kafka_destroy", [pointer], None),
        ("rd_kafka_conf_set", [pointer, *[ctypes.c_char_p] * 3, ctypes.c_size_t], ctypes.c_int),
        ("rd_kafka_mock_cluster_new", [pointer, ctypes.c_int], pointer),
        ("rd_kafka_mock_cluster_destroy", [pointer], None),
        ("rd_kafka_mock_cluster_bootstraps", [pointer], ctypes.c_char_p),
        (
            "rd_kafka_mock_topic_create",
            [pointer, ctypes.c_char_p, *[ctypes.c_int] * 2],
            ctypes.c_int,
        ),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", [pointer, ctypes.c_int32], None),
        ("rd_kafka_mock_broker_set_down", [pointer, ctypes.c_int32], ctypes.c_int),
        ("rd_kafka_mock_broker_set_up", [pointer, ctypes.c_int32], ctypes.c_int),
        ("rd_kafka_mock_broker_set_rtt", [pointer, ctypes.c_int32, ctypes.c_int], ctypes.c_int),
        (
            "rd_kafka_mock_push_request_errors_array",
            [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
            None,
        ),
        ("rd_kafka_mock_topic_set_error", [pointer, ctypes.c_char_p, ctypes.c_int], None),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = takes, gives
    return library


def nobody_is_connected() -> bool:
    return not any(each.name.startswith("operators-kafka") for each in threading.enumerate())


NAMES = count()
# The mock waits a session long for members that have left.
QUICK = {"session.timeout.ms": 1_000, "heartbeat.interval.ms": 100}


def fresh(what: str) -> str:
    """Return a name that nobody else has: a topic, or a group."""
    return f"{what}-{next(NAMES)}"


class MockCluster:
    """One broker on loopback, with threads of the library that Python does not see."""

    def __init__(self, library: ctypes.CDLL, client: int, cluster: int) -> None:
        self._library = library
        self._client = client
        self._cluster = cluster

    @property
    def servers(self) -> str:
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def create(self, topic: str, partitions: int = 4) -> None:
        self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, 1)

    def down(self) -> None:
        """Have the broker be gone: it closes its connections, and takes no new ones."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, 1)

    def up(self) -> None:
        self._library.rd_kafka_mock_broker_set_up(self._cluster, 1)

    def slow(self, seconds: float) -> None:
        """Have each answer take so long."""
        self._library.rd_kafka_mock_broker_set_rtt(self._cluster, 1, int(seconds * 1_000))

    def fail(self, request: int, *errors: int) -> None:
        """Have the next requests of a kind be answered by these errors."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(errors), array
        )

    def deny(self, topic: str, error: int) -> None:
        """Have whoever asks for a topic be answered by an error; 0: no more."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.encode(), error)

    def end(self) -> None:
        """End it, once those who were connected have left: they could not, without it."""
        eventually(nobody_is_connected, "the end of the clients")
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


@cache
def shared_cluster() -> MockCluster:
    """Return the cluster of those who leave it as it is; it ends with the process."""
    return begun()


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    """Have a cluster whose groups are ready at once."""
    cluster = begun()
    try:
        yield cluster
    finally:
        cluster.end()


def begun() -> MockCluster:
    """Return a cluster, which the caller ends."""
    library = _library()
    error = ctypes.create_string_buffer(200)
    config = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(config, b"log_level", b"0", error, len(error))
    client = library.rd_kafka_new(_PRODUCER, config, error, len(error))
    assert client, error.value
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 50)
    return MockCluster(library, client, cluster)


def put(servers: str, topic: str, values: Iterable[Any], *, partition: int = -1) -> None:
    """Have values in a topic, by the client alone; one partition only, or spread by the client."""
    producer = confluent_kafka.Producer({"bootstrap.servers": servers, "log_level": 0})
    for value in values:
        while True:
            try:
                producer.produce(topic, str(value), partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(20) == 0


def got(servers: str, topic: str, count: int) -> list[Any]:
    """Return so many messages of a topic, by the client alone, in the order of their partitions."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": fresh("reader"),
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    found: list[Any] = []
    deadline = time.monotonic() + DEADLINE
    while len(found) < count and time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is not None:
            assert message.error() is None, message.error()
            found.append(message)
    consumer.close()
    return sorted(found, key=lambda message: (message.partition(), message.offset()))


def made(servers: str, partitions: int, name: str = "") -> str:
    """Return the name of a new topic of a broker that is a program."""
    name = name or fresh("topic")
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
        future.result(DEADLINE)
    return name


class Results:
    """What a topic of one partition has by now, by the client alone."""

    def __init__(self, servers: str, topic: str) -> None:
        config: dict[str, Any] = {
            "bootstrap.servers": servers,
            "group.id": fresh("reader"),
            "log_level": 0,
        }
        config["isolation.level"] = "read_committed"
        self._consumer = confluent_kafka.Consumer({**config, "enable.auto.commit": False})
        self._consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        self.numbers: Counter[int] = Counter()

    def read(self) -> int:
        """Read for a little, and return how many there are."""
        for message in self._consumer.consume(1_000, 0.05):
            assert message.error() is None, message.error()
            self.numbers[int(message.value() or b"")] += 1
        return self.numbers.total()

    def close(self) -> None:
        self._consumer.close()
