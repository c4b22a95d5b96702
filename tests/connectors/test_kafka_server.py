"""Kafka on the real server: what a mock and a stand-in cannot show."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import confluent_kafka as client
import pytest

from operators import Flow
from operators.connectors import Message, kafka, values
from operators.connectors.kafka import OrderError
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.connectors.mock_kafka import Results, fresh, made, put
from tests.connectors.servers.base import shared
from tests.connectors.servers.kafka import Kafka

pytestmark = [pytest.mark.server("kafka"), pytest.mark.timeout(180)]

QUICK: dict[str, Any] = {"session.timeout.ms": 2_000, "heartbeat.interval.ms": 300}
MEMBER = Path(__file__).parent / "kafka_member.py"


def reading(servers: str, name: str, group: str, **settings: Any) -> Flow[Message[bytes]]:
    return kafka.source(servers, name, group, kafka.SourceSettings(**{"config": QUICK, **settings}))


def committed_values(servers: str, topic: str, partitions: int) -> list[int]:
    """All numbers that a topic has, but for those of transactions that were rolled back."""
    config = {
        "bootstrap.servers": servers,
        "group.id": fresh("reader"),
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "log_level": 0,
    }
    consumer = client.Consumer(config)
    consumer.assign([client.TopicPartition(topic, n, 0) for n in range(partitions)])
    found: list[int] = []
    ends = 0
    deadline = time.monotonic() + DEADLINE
    while ends < partitions and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(int(message.value() or b""))
        elif message is not None:
            ends += 1
    consumer.close()
    return found


def test_read_write_acknowledge_and_go_on():
    servers, group = shared(Kafka).servers, fresh("group")
    name, results = made(servers, 4), made(servers, 4)
    list(Flow.range(1_000).map(str).apply(kafka.sink(servers, name)))
    run = reading(servers, name, group, end="caught_up").apply(kafka.sink(servers, results))
    run.tap(lambda message: message.ack()).run()
    assert sorted(committed_values(servers, results, 4)) == list(range(1_000))
    put(servers, name, range(1_000, 1_010))
    again = reading(servers, name, group, end="caught_up").apply(values()).map(int)
    assert sorted(again) == list(range(1_000, 1_010))


def test_a_transaction_is_there_as_a_whole_or_not_at_all():
    servers, group = shared(Kafka).servers, fresh("group")
    name, results = made(servers, 1), made(servers, 1)
    put(servers, name, range(10))
    broken: list[int] = []

    def work(message: Message[bytes]) -> Message[list[str] | object]:
        if message.value == b"7" and not broken:
            broken.append(7)
            return message.with_value([b"700", 7])  # the second one cannot be written
        return message.with_value([message.value, b"1%02d" % int(message.value)])

    once = reading(servers, name, group, promise="exactly_once", end="caught_up")
    flow = once.map(work).apply(kafka.transaction(servers, results, fresh("transaction")))
    with pytest.raises(TypeError, match=r"got 7 \(int\)"):
        flow.run()
    assert 700 not in committed_values(servers, results, 1)
    flow.run()
    expected = [*range(10), *range(100, 110)]
    assert sorted(committed_values(servers, results, 1)) == expected


def test_a_transaction_needs_the_order_of_a_partition():
    servers = shared(Kafka).servers
    name, results = made(servers, 1), made(servers, 1)
    put(servers, name, range(3))
    once = reading(servers, name, fresh("group"), promise="exactly_once")
    left_out = once.filter(lambda message: message.value != b"1")
    flow = left_out.apply(kafka.transaction(servers, results, fresh("transaction")))
    with pytest.raises(OrderError, match=r"\[0\] 2 has come, and 1 has not"):
        flow.run()


def test_exactly_once_by_three_kills_and_a_rebalance():
    servers, group = shared(Kafka).servers, fresh("group")
    name, results = made(servers, 4), made(servers, 1)
    for partition in range(4):
        put(servers, name, range(partition * 3_000, partition * 3_000 + 3_000), partition=partition)
    members: list[subprocess.Popen[bytes]] = []

    def begin(one: str) -> None:
        # Who comes in the place of another one has its id, and ends what that one had begun.
        what = [servers, name, results, group, QUICK, f"{group}-{one}"]
        members.append(subprocess.Popen([sys.executable, str(MEMBER), json.dumps(what)]))

    written = Results(servers, results)
    begin("0")
    begin("1")
    try:
        for n in range(3):
            least = 300 + 2_000 * n
            eventually(lambda least=least: written.read() > least, "some")  # type: ignore[misc]
            members[n].kill()
            members[n].wait()
            begin(str(n % 2))
        assert written.read() < 12_000, "they were killed in the midst of it"
        begin("2")
        deadline = time.monotonic() + 4 * DEADLINE
        while written.read() < 12_000 or len(written.numbers) < 12_000:
            assert time.monotonic() < deadline, f"{len(written.numbers)} of 12,000"
    finally:
        for member in members:
            member.kill()
            member.wait()
        written.close()
    assert written.numbers == Counter(range(12_000)), "none is lost, and none is there twice"


def test_a_member_that_joins_takes_over_after_what_was_acknowledged():
    servers, group = shared(Kafka).servers, fresh("group")
    name = made(servers, 4)
    for partition in range(4):
        put(servers, name, range(partition * 100, partition * 100 + 100), partition=partition)
    found: list[int] = []

    def work(message: Message[bytes]) -> None:
        found.append(int(message.value))
        time.sleep(0.005)
        message.ack()

    cooperative = {**QUICK, "partition.assignment.strategy": "cooperative-sticky"}
    flow = reading(servers, name, group, prefetch=5, drain=DEADLINE, config=cooperative)
    runs = [flow.for_each(work)]
    try:
        eventually(lambda: len(found) >= 20)
        runs.append(flow.for_each(work))
        eventually(lambda: set(found) == {*range(400)})
        assert len(found) == 400, "at a rebalance what is in hand is waited for"
    finally:
        for run in runs:
            cancelled_after(run, lambda: True)
