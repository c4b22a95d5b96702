"""Kafka: topics as a source and as a sink, on a mock cluster in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, kafka
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, settled
from tests.connectors.mock_kafka import QUICK, fresh, got, put, shared_cluster
from tests.operators.kit import probe

CLUSTER = shared_cluster
ALL = kafka.SourceSettings(end="caught_up", config=QUICK)


def topic(partitions: int = 4) -> str:
    name = fresh("topic")
    CLUSTER().create(name, partitions)
    return name


def reading(name: str, group: str = "", **settings: Any) -> Flow[Message[bytes]]:
    made = kafka.SourceSettings(**{"config": QUICK, **settings})
    return kafka.source(CLUSTER().servers, name, group or fresh("group"), made)


def writing(name: str, **settings: Any) -> Any:
    return kafka.sink(CLUSTER().servers, name, kafka.SinkSettings(**settings))


def committed(name: str, group: str, partitions: int = 1) -> list[int]:
    """What a group has committed of each partition; -1001 is nothing."""
    import confluent_kafka as client

    consumer = client.Consumer({"bootstrap.servers": CLUSTER().servers, "group.id": group})
    asked = [client.TopicPartition(name, n) for n in range(partitions)]
    found = [each.offset for each in consumer.committed(asked, timeout=DEADLINE)]
    consumer.close()
    return found


# The sink ---------------------------------------------------------------------------------------


def test_what_is_passed_on_is_in_the_topic():
    name = topic()
    assert list(Flow.of("a", b"b").apply(writing(name))) == ["a", b"b"]
    assert sorted(each.value() for each in got(CLUSTER().servers, name, 2)) == [b"a", b"b"]


def test_a_record_says_more_than_its_value():
    name, other = topic(), topic()
    record = kafka.Record(
        "a", key="k", headers=[("h", b"1")], topic=other, partition=2, timestamp=1_000
    )
    list(Flow.of(record, kafka.Record(None, key="gone")).apply(writing(name)))
    (there,) = got(CLUSTER().servers, other, 1)
    assert (there.key(), there.headers(), there.partition()) == (b"k", [("h", b"1")], 2)
    assert there.timestamp()[1] == 1_000
    (tombstone,) = got(CLUSTER().servers, name, 1)
    assert (tombstone.key(), tombstone.value()) == (b"gone", None)


def test_a_message_keeps_its_key_and_its_headers():
    first, second = topic(), topic()
    record = kafka.Record("a", key="k", headers=[("h", b"1")])
    list(Flow.of(record).apply(writing(first)))
    upper = reading(first).map(lambda message: message.with_value(message.value.upper()))
    upper.apply(writing(second)).take(1).run()
    (there,) = got(CLUSTER().servers, second, 1)
    assert (there.key(), there.value(), there.headers()) == (b"k", b"A", [("h", b"1")])


def test_a_key_may_be_made_of_the_item():
    name = topic()
    list(Flow.of("ab", "cd").apply(writing(name, key=lambda item: item[0])))
    assert {each.key() for each in got(CLUSTER().servers, name, 2)} == {b"a", b"c"}


def test_a_key_of_another_kind_is_named():
    servers = CLUSTER().servers
    sink = kafka.sink(servers, fresh("keys"), kafka.SinkSettings(key=len))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"kafka\.sink: a key is bytes, str or None, got 5 \(int\)"):
        Flow.of(b"hello").apply(sink).run()


def test_what_cannot_be_written_fails_the_flow():
    with pytest.raises(TypeError, match=r"kafka\.sink: needs bytes, str or a Record.* got . .int"):
        Flow.of(1).apply(writing(topic())).run()


def test_no_more_than_two_batches_are_in_hand():
    name = topic()
    asked: list[int] = []
    sink = writing(name, batch=4)
    subscriber = probe(Flow.range(1_000).tap(asked.append).map(str).apply(sink), 1)
    try:
        subscriber.until_items(1)
        assert settled(lambda: len(asked)) <= 2 * 4
    finally:
        subscriber.cancel()


# The source -------------------------------------------------------------------------------------


def test_all_that_is_there_then_the_end():
    name = topic()
    put(CLUSTER().servers, name, range(1_000))
    flow = reading(name, end="caught_up", drain=0.0)
    assert sorted(int(message.value) for message in flow) == list(range(1_000))


def test_a_message_says_where_it_comes_from():
    name = topic(1)
    put(CLUSTER().servers, name, ["a"])
    message = reading(name).take(1).run()
    assert isinstance(message, kafka.KafkaMessage)
    expected = {"topic": name, "partition": 0, "offset": 0, "key": None, "headers": ()}
    headers = dict(message.headers)
    assert headers.pop("timestamp") > 0
    assert headers == expected
    assert (message.value, kafka.partition_of(message)) == (b"a", (name, 0))


def test_order_is_kept_in_each_partition_however_many_work():
    name = topic()
    for partition in range(4):
        put(CLUSTER().servers, name, range(100), partition=partition)

    async def work(message: Message[bytes]) -> Message[bytes]:
        await asyncio.sleep(0)
        return message

    flow = reading(name, end="caught_up", drain=0.0)
    found: dict[Any, list[int]] = {}
    for message in flow.map_async(work, concurrency=8, ordered=False, key=kafka.partition_of):
        found.setdefault(kafka.partition_of(message), []).append(int(message.value))
    assert found == {(name, n): list(range(100)) for n in range(4)}


def test_the_contiguous_prefix_is_committed_and_no_more():
    name, group = topic(1), fresh("group")
    put(CLUSTER().servers, name, range(10))
    messages: list[Message[bytes]] = []
    run = reading(name, group).for_each(messages.append)
    eventually(lambda: len(messages) == 10)
    try:
        for n in (0, 1, 2, 4, 5):
            assert messages[n].ack()
        eventually(lambda: committed(name, group) == [3])
        assert messages[3].ack()
        eventually(lambda: committed(name, group) == [6])
        assert not messages[3].ack()
        assert not messages[3].nack()
    finally:
        cancelled_after(run, lambda: True)
    assert committed(name, group) == [6]


def test_one_may_stand_for_all_before_it():
    name, group = topic(1), fresh("group")
    put(CLUSTER().servers, name, range(10))
    acks = reading(name, group, acks="up_to").filter(lambda message: message.value == b"7")
    acks.tap(lambda message: message.ack()).take(1).run()
    assert committed(name, group) == [8]


def test_at_most_once_is_committed_before_it_is_given():
    name, group = topic(1), fresh("group")
    put(CLUSTER().servers, name, range(10))
    flow = reading(name, group, promise="at_most_once", prefetch=3)
    seen: list[list[int]] = []
    flow.tap(lambda _: seen.append(committed(name, group))).take(2).run()
    assert all(found[0] >= n + 1 for n, found in enumerate(seen)), seen
    assert committed(name, group)[0] <= 3


def test_what_is_refused_is_given_again_and_what_follows_it():
    name = topic(1)
    put(CLUSTER().servers, name, range(6))
    found: list[int] = []

    def work(message: Message[bytes]) -> None:
        found.append(int(message.value))
        if found.count(3) == 1 and message.value == b"3":
            assert message.nack()
            assert not message.ack()
        else:
            message.ack()

    group = fresh("group")
    run = reading(name, group, prefetch=1).for_each(work)
    cancelled_after(run, lambda: committed(name, group) == [6])
    again = found.index(3, found.index(3) + 1)
    assert found[: found.index(3) + 1] == [0, 1, 2, 3]
    assert found[again:] == [3, 4, 5]


def test_no_more_is_given_than_may_wait_for_answers():
    name = topic(1)
    put(CLUSTER().servers, name, range(100))
    messages: list[Message[bytes]] = []
    run = reading(name, prefetch=5, unacknowledged=20).for_each(messages.append)
    try:
        eventually(lambda: len(messages) >= 20)
        assert len(messages) <= 24
        for message in [*messages]:
            message.ack()
        eventually(lambda: len(messages) >= 40)
    finally:
        cancelled_after(run, lambda: True)


def readings(true: Callable[[kafka.Consuming], Any], runs: list[kafka.Consuming]) -> None:
    eventually(lambda: runs and runs[0].partitions and true(runs[0]))


def test_the_lag_and_the_pause_can_be_read():
    name = topic(2)
    for partition in range(2):
        put(CLUSTER().servers, name, range(50), partition=partition)
    runs: list[kafka.Consuming] = []
    flow = reading(name, on_start=runs.append, pause_after=0.1, prefetch=10)
    subscriber = probe(flow, 1)
    try:
        subscriber.until_items(1)
        readings(lambda run: run.paused == 2, runs)
        # Which one is fetched first is the client's affair, and until then its end is not known.
        assert 1 <= sum(each.unacknowledged for each in runs[0].partitions) <= 10
        known = [each for each in runs[0].partitions if each.end is not None]
        assert [each.lag for each in known] == [50 - (each.position or 0) for each in known]
        assert runs[0].lag == sum(each.lag or 0 for each in known)
        subscriber.request(100)
        subscriber.until_items(100)
        readings(lambda run: run.lag == 0, runs)
        assert {(each.position, each.end) for each in runs[0].partitions} == {(50, 50)}
    finally:
        subscriber.cancel()


def test_a_run_that_is_stopped_waits_for_answers_commits_and_completes():
    name, group = topic(1), fresh("group")
    put(CLUSTER().servers, name, range(10))
    runs: list[kafka.Consuming] = []
    messages: list[Message[bytes]] = []
    run = reading(name, group, on_start=runs.append, drain=DEADLINE).for_each(messages.append)
    eventually(lambda: len(messages) == 10)
    runs[0].stop()
    threading.Timer(0.1, lambda: [message.ack() for message in messages]).start()
    run.result(DEADLINE)
    assert committed(name, group) == [10]


def test_settings_are_checked():
    with pytest.raises(ValueError, match="promise must be one of"):
        kafka.SourceSettings(promise="perhaps")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="prefetch must be at least 1"):
        kafka.SourceSettings(prefetch=0)
    with pytest.raises(ValueError, match="batch must be at least 1"):
        kafka.SinkSettings(batch=0)


def test_properties_of_the_client_go_before_ours():
    error = pytest.raises(Exception, match="No such configuration property")
    with error:
        reading(topic(), config={"no.such.property": 1}).run()
