"""What goes wrong around Kafka: on a mock cluster in this process, and on a broker that is a program."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from operators import Backoff, Flow
from operators.connectors import kafka, values
from operators.schedulers import thread
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.loads import Load, bounded
from tests.connectors.mock_kafka import (
    QUICK,
    fresh,
    got,
    made,
    mock_cluster,
    nobody_is_connected,
    put,
    shared_cluster,
)
from tests.connectors.peers import hanging, nowhere, proxy
from tests.connectors.servers.base import free_port, shared
from tests.connectors.servers.kafka import Kafka
from tests.connectors.servers.tansu import Tansu
from tests.operators.kit import probe

CLUSTER = shared_cluster


def _topic(partitions: int = 1) -> str:
    name = fresh("faults")
    CLUSTER().create(name, partitions)
    return name


def _reading(topic: str, servers: str = "", group: str = "", **settings: Any) -> Flow[Any]:
    made = kafka.SourceSettings(**{"config": QUICK, **settings})
    return kafka.source(servers or CLUSTER().servers, topic, group or fresh("group"), made)


def _writing(topic: str, servers: str = "", **settings: Any) -> Any:
    made = kafka.SinkSettings(**settings)
    return kafka.sink(servers or CLUSTER().servers, topic, made)


def _outcome(flow: Flow[Any], servers: str = "") -> str:
    said = outcome(flow.run)
    # What the client has seen of it last differs from run to run.
    return said.replace(servers or "the broker", "the broker").partition(": Failed to get")[0]


def server_absent() -> str:
    servers = "{}:{}".format(*nowhere())
    said = _outcome(_reading("orders", servers, connect_timeout=0.3), servers)
    return f"with connect_timeout=0.3: {said}"


def server_absent_for_a_sink() -> str:
    servers = "{}:{}".format(*nowhere())
    said = _outcome(Flow.of("a").apply(_writing("orders", servers, connect_timeout=0.3)), servers)
    return f"with connect_timeout=0.3: {said}"


def hanging_server() -> str:
    (host, port), gone = hanging()
    try:
        servers = f"{host}:{port}"
        said = _outcome(_reading("orders", servers, connect_timeout=0.3), servers)
    finally:
        gone.set()
    return f"with connect_timeout=0.3: {said}"


def no_such_topic() -> str:
    return _outcome(_reading("no-such-topic"))


def comes_back() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        put(cluster.servers, "orders", range(3))
        found: list[int] = []
        run = _reading("orders", cluster.servers).apply(values()).map(int).for_each(found.append)
        try:
            eventually(lambda: len(found) == 3)
            cluster.down()
            cluster.up()
            put(cluster.servers, "orders", range(3, 6))
            eventually(lambda: len(found) == 6)
        finally:
            cancelled_after(run, lambda: True)
    assert found == [*range(6)]
    return "the client connects again; nothing is lost, or given twice"


def comes_back_for_a_sink() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        written: list[str] = []
        go_on = threading.Semaphore(3)

        def wait(_: str) -> None:
            assert go_on.acquire(timeout=DEADLINE)

        numbers = Flow.range(6).map(str).tap(wait)
        run = numbers.apply(_writing("orders", cluster.servers)).for_each(written.append)
        eventually(lambda: len(written) == 3)
        cluster.down()
        go_on.release(3)
        cluster.up()
        run.result(DEADLINE)
        there = [message.value() for message in got(cluster.servers, "orders", 6)]
    assert there == [b"%d" % n for n in range(6)]
    return "the client sends again: each is there once, in order"


def gone_for_good() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        put(cluster.servers, "orders", ["a"])
        flow = _reading("orders", cluster.servers, outage=0.2).tap(lambda _: cluster.down())
        said = _outcome(flow, cluster.servers)
    return "with outage=0.2: " + said.replace(" 0 s", " a while").partition(":")[0]


def gone_for_good_for_a_sink() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        numbers = Flow.of("a", "b").tap(lambda item: cluster.down() if item == "b" else None)
        said = _outcome(numbers.apply(_writing("orders", cluster.servers, delivery_timeout=0.5)))
    assert "_MSG_TIMED_OUT" in said, said
    return f"with delivery_timeout=0.5: {said.partition(':')[0]}, _MSG_TIMED_OUT"


def slow_server() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        put(cluster.servers, "orders", range(20))
        cluster.slow(0.05)
        flow = _reading("orders", cluster.servers, end="caught_up").apply(values()).map(int)
        assert list(flow) == [*range(20)]
        cluster.slow(0.0)
    return "all messages, in order"


def a_commit_is_refused() -> str:
    offset_commit, coordinator_loads = 8, 14
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        put(cluster.servers, "orders", range(3))
        runs: list[kafka.Consuming] = []
        found: list[Any] = []
        flow = _reading("orders", cluster.servers, on_start=runs.append)
        cluster.fail(offset_commit, coordinator_loads, coordinator_loads)
        run = flow.apply(values()).for_each(found.append)
        eventually(lambda: len(found) == 3)
        committed = lambda: [each.committed for each in runs[0].partitions]  # noqa: E731
        cancelled_after(run, lambda: committed() == [3])
    return "it is made again"


def reads_slowly() -> str:
    name = _topic()
    put(CLUSTER().servers, name, range(1_000))
    runs: list[kafka.Consuming] = []
    taken: list[Any] = []
    go_on = threading.Event()
    flow = _reading(name, prefetch=50, pause_after=0.1, on_start=runs.append)

    def work(message: Any) -> None:
        taken.append(message)
        go_on.wait(DEADLINE)

    run = flow.for_each(work)
    try:
        eventually(lambda: runs and runs[0].paused == 1)
        given = [each.position for each in runs[0].partitions]
        assert len(taken) == 1
        assert 1 <= (given[0] or 0) <= 50
    finally:
        go_on.set()
        cancelled_after(run, lambda: True)
    return "`prefetch` messages in hand, then the partition is paused; the membership is kept up"


def cancel_while_it_connects() -> str:
    address, gone = hanging()
    run = _reading("orders", "{}:{}".format(*address)).for_each(lambda _: None)
    try:
        cancelled_after(run, lambda: True)
    finally:
        gone.set()
    return "the attempt is given up"


def cancel_while_it_waits() -> str:
    run = _reading(_topic()).for_each(lambda _: None)
    cancelled_after(run, lambda: True)
    return "the group is left"


def cancel_while_it_writes() -> str:
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        flow = Flow.range(1_000_000).map(str)
        # So much, and no more, is read in time also where the cancel comes late.
        seen = probe(flow.apply(_writing("orders", cluster.servers)), 10_000)
        eventually(lambda: len(seen.items) > 100)
        seen.cancel()
        written = list(seen.items)
        there = [
            message.value().decode() for message in got(cluster.servers, "orders", len(written))
        ]
    assert there[: len(written)] == written
    return "what was passed on is there"


def begun_anew() -> str:
    servers, group = shared(Tansu).servers, fresh("group")
    name = made(servers, 1)
    put(servers, name, range(10))
    found: list[int] = []

    def work(message: Any) -> None:
        found.append(int(message.value))
        if found.count(5) == 1 and found[-1] == 5:
            raise OSError("disk full")
        message.ack()

    flow = _reading(name, servers, group).tap(work)
    # This broker forgets who joins while another one leaves.
    run = flow.retry(3, on=OSError, backoff=Backoff(1.5)).for_each(lambda _: None)
    try:
        eventually(lambda: len(found) == 11)
    finally:
        cancelled_after(run, lambda: True)
    assert found == [*range(6), *range(5, 10)]
    return "with retry(backoff=...): from the first on that was not acknowledged"


def two_threads() -> str:
    servers, group = shared(Tansu).servers, fresh("group")
    name = made(servers, 4)
    for partition in range(4):
        put(servers, name, range(partition * 50, partition * 50 + 50), partition=partition)
    found: list[int] = []
    flow = _reading(name, servers, group).apply(values()).map(int)
    runs = [flow.subscribe_on(thread("kafka")).for_each(found.append) for _ in range(2)]
    try:
        eventually(lambda: set(found) == {*range(200)})
    finally:
        for run in runs:
            cancelled_after(run, lambda: True)
    return "they share the partitions"


@contextmanager
def _behind(**how: Any) -> Iterator[str]:
    """A broker with something in between; it tells whoever asks that it is there."""
    server = Tansu()
    server.advertised = ("127.0.0.1", free_port())
    try:
        server.begin()
        with proxy((server.host, server.port), port=server.advertised[1], **how):
            yield server.servers
    finally:
        server.end()


def slow_line() -> str:
    with _behind(piece=97, gate=lambda: time.sleep(0.000_2)) as servers:
        name = made(servers, 1)
        put(servers, name, range(40))
        found: list[int] = []
        run = _reading(name, servers).apply(values()).map(int).for_each(found.append)
        cancelled_after(run, lambda: len(found) == 40)
    assert found == [*range(40)]
    return "all messages, whole, in order, however the pieces fall"


def cut_line() -> str:
    with _behind(cut_after=30_000) as servers:
        name = made(servers, 1)
        found: list[int] = []
        run = _reading(name, servers).apply(values()).map(int).for_each(found.append)
        try:
            for least in range(300, 1_501, 300):  # this broker gives all at once that there is
                put(servers, name, [f"{n:050}" for n in range(least - 300, least)])
                eventually(lambda least=least: len(found) >= least)  # type: ignore[misc]
        finally:
            cancelled_after(run, lambda: True)
    assert found == [*range(1_500)]
    return "cut after 30 KB, each time: the client connects again; nothing is lost, or given twice"


def corrupt() -> str:
    with _behind(change=lambda data: data.replace(b"tea for two", b"tea for ten")) as servers:
        name = made(servers, 1)
        put(servers, name, ["rum", "tea for two", "gin"])
        found: list[bytes] = []
        said = outcome(_reading(name, servers).apply(values()).tap(found.append).run)
    assert b"tea for ten" not in found
    return said.partition(",val")[0] + " ...: what does not have its checksum is not given"


def wrong_password() -> str:
    wrong = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "ada",
        "sasl.password": "wrong",
    }
    server = shared(Kafka)
    name = made(server.servers, 1)
    kinds: set[str] = set()
    for flow in (
        _reading(name, server.guarded, config=wrong),
        Flow.of("a").apply(_writing(name, server.guarded, config=wrong)),
    ):
        said = outcome(flow.run)
        assert "Invalid username or password" in said, said
        kinds.add(said.partition(":")[0])
    right = {**wrong, "sasl.password": "secret"}
    assert Flow.of("a").apply(_writing(name, server.guarded, config=right)).run() == "a"
    (kind,) = kinds
    return f"{kind}, Authentication failed: Invalid username or password"


def topic_not_made_yet() -> str:
    unknown = 3
    with mock_cluster() as cluster:
        cluster.create("orders", 1)
        cluster.deny("orders", unknown)
        run = Flow.of("a").apply(_writing("orders", cluster.servers)).for_each(lambda _: None)
        time.sleep(0.1)  # it is as right when it is earlier
        cluster.deny("orders", 0)
        run.result(DEADLINE)
        cluster.deny("orders", unknown)
        flow = Flow.of("a").apply(_writing("orders", cluster.servers, connect_timeout=2.0))
        said = _outcome(flow, cluster.servers)
    return f"waits for it, for five seconds; with connect_timeout=2.0: {said}"


@contextmanager
def load() -> Iterator[Load]:
    runs: list[kafka.Consuming] = []

    def make(items: int, size: int) -> Flow[Any]:
        servers = shared(Kafka).servers
        name = made(servers, 1)
        put(servers, name, ("x" * size for _ in range(items)))
        return _reading(name, servers, prefetch=100, on_start=runs.append)

    def in_flight(_: int) -> int:
        return sum(each.unacknowledged for each in runs[-1].partitions)

    yield Load(make, in_flight, 2 * 100)


def asks_for_nothing() -> str:
    server = shared(Kafka)
    name = made(server.servers, 1)
    put(server.servers, name, ("x" * 1_000 for _ in range(30_000)))
    passed: list[int] = []
    runs: list[kafka.Consuming] = []
    host, port = server.proxied
    with proxy(server.behind, port=port, passed=passed):
        flow = _reading(
            name, f"{host}:{port}", prefetch=50, buffer=1_048_576, pause_after=0.1,
            on_start=runs.append,
        )  # fmt: skip
        subscriber = probe(flow.apply(values()), 1)
        try:
            subscriber.until_items(1)
            eventually(lambda: runs[0].paused == 1)
            before, answers = sum(passed), len(passed)
            # Signs of life go on, and nothing else.
            eventually(lambda: len(passed) >= answers + 5)
            assert sum(passed) - before < 10_000, sum(passed) - before
            assert before < 4_000_000, before
            assert all(1 <= (each.position or 0) <= 50 for each in runs[0].partitions)
            subscriber.request(5_000)
            subscriber.until_items(5_001)
            assert sum(passed) > before + 2_000_000
        finally:
            subscriber.cancel()
            eventually(nobody_is_connected, "the end of the client")
    found = "of 30 MB the broker has sent less than 4, with buffer=1 MiB, and it sends no more"
    return f"{found} until it is asked for"


_SLOWLY = "consumer of 1 ms an item, source at full speed"
NEEDING = frozenset({"wrong password", "reader that asks for nothing", _SLOWLY})
FAULTS = {
    "a commit is refused": a_commit_is_refused,
    "a topic that is made when it is asked for, for a sink": topic_not_made_yet,
    "cancel while it connects": cancel_while_it_connects,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    _SLOWLY: partial(bounded, load),
    "corrupt message": corrupt,
    "cut line": cut_line,
    "downstream fails, and the flow is begun anew": begun_anew,
    "hanging server": hanging_server,
    "no such topic": no_such_topic,
    "reader that asks for nothing": asks_for_nothing,
    "server absent": server_absent,
    "server absent, for a sink": server_absent_for_a_sink,
    "server is killed, and comes back": comes_back,
    "server is killed, and comes back, for a sink": comes_back_for_a_sink,
    "server is killed, for good": gone_for_good,
    "server is killed, for good, for a sink": gone_for_good_for_a_sink,
    "slow line, in small pieces": slow_line,
    "slow reader": reads_slowly,
    "slow server": slow_server,
    "two threads": two_threads,
    "wrong password": wrong_password,
}
