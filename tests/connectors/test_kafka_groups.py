"""Kafka: members of a group that come, go and are killed, on a broker that is a program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, kafka, values
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.connectors.mock_kafka import Results, fresh, made, put
from tests.connectors.servers.base import shared
from tests.connectors.servers.tansu import QUICK, Tansu

MEMBER = Path(__file__).parent / "kafka_member.py"


def reading(servers: str, name: str, group: str, **settings: Any) -> Flow[Message[bytes]]:
    return kafka.source(servers, name, group, kafka.SourceSettings(**{"config": QUICK, **settings}))


def test_what_is_acknowledged_is_not_given_again():
    servers, group = shared(Tansu).servers, fresh("group")
    name = made(servers, 2)
    put(servers, name, range(10))
    first = reading(servers, name, group).apply(values()).map(int)
    assert sorted(first.take(10)) == list(range(10))
    put(servers, name, range(10, 15))
    again = reading(servers, name, group).apply(values()).map(int)
    assert sorted(again.take(5)) == list(range(10, 15))


def test_a_member_that_joins_takes_over_after_what_was_acknowledged():
    servers, group = shared(Tansu).servers, fresh("group")
    name = made(servers, 4)
    for partition in range(4):
        put(servers, name, range(partition * 100, partition * 100 + 100), partition=partition)
    found: list[int] = []
    runs: list[kafka.Consuming] = []

    def work(message: Message[bytes]) -> None:
        found.append(int(message.value))
        time.sleep(0.002)
        message.ack()

    flow = reading(servers, name, group, prefetch=5, on_start=runs.append, drain=DEADLINE)
    first = flow.for_each(work)
    second = None
    try:
        eventually(lambda: len(found) >= 20)
        second = flow.for_each(work)
        eventually(lambda: set(found) == {*range(400)})
        assert len(found) == 400, "at a rebalance what is in hand is waited for"
        assert all(run.rebalances for run in runs)
    finally:
        for run in (first, second):
            if run is not None:
                cancelled_after(run, lambda: True)


def test_the_membership_is_kept_however_long_downstream_takes():
    servers, group = shared(Tansu).servers, fresh("group")
    name = made(servers, 1)
    put(servers, name, range(20))
    short = {**QUICK, "max.poll.interval.ms": 1_000}
    runs: list[kafka.Consuming] = []
    found: list[int] = []

    def work(message: Message[bytes]) -> None:
        if not found:
            time.sleep(3)  # three times what a member may be silent
        found.append(int(message.value))
        message.ack()

    flow = reading(
        servers, name, group, config=short, prefetch=1, pause_after=0.2, on_start=runs.append
    )
    run = flow.for_each(work)
    eventually(lambda: len(found) == 20)
    rebalances = runs[0].rebalances  # the end will be one, too
    cancelled_after(run, lambda: True)
    assert (found, rebalances) == (list(range(20)), 1)


@pytest.mark.long
@pytest.mark.timeout(120)
def test_nothing_is_lost_by_three_kills_and_a_rebalance(record_property: Any):
    """Two members, killed without warning thrice, and a third that joins: 12,000 messages."""
    servers, group = shared(Tansu).servers, fresh("group")
    name, results = made(servers, 4), made(servers, 1)
    for partition in range(4):
        put(servers, name, range(partition * 3_000, partition * 3_000 + 3_000), partition=partition)
    members: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        command = [sys.executable, str(MEMBER), json.dumps([servers, name, results, group, QUICK])]
        members.append(subprocess.Popen(command))

    written = Results(servers, results)
    begin()
    begin()
    try:
        for n in range(3):
            least = 300 + 2_000 * n
            eventually(lambda least=least: written.read() > least, "some")  # type: ignore[misc]
            members[n].kill()
            members[n].wait()
            begin()
        assert written.read() < 12_000, "they were killed in the midst of it"
        begin()
        deadline = time.monotonic() + 4 * DEADLINE
        while written.read() < 12_000 or len(written.numbers) < 12_000:
            assert time.monotonic() < deadline, f"{len(written.numbers)} of 12,000"
    finally:
        for member in members:
            member.kill()
            member.wait()
        written.close()
    duplicates = written.numbers.total() - 12_000
    record_property("duplicates", duplicates)
    print(f"12,000 of 12,000, {duplicates} duplicates")
    assert set(written.numbers) == {*range(12_000)}
