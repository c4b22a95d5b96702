"""What goes wrong around Redis."""

from __future__ import annotations

from functools import partial
from typing import Any

import redis as client

from operators import Flow
from operators.connectors import Message, redis
from operators.custom import Sink
from tests.connectors import brokers
from tests.connectors.brokers import Broker, nothing, short
from tests.connectors.kit import DEADLINE, eventually, outcome
from tests.connectors.loads import bounded, of_broker
from tests.connectors.peers import Address
from tests.connectors.servers.base import own
from tests.connectors.servers.redis import Redis

needs = "redis"
GROUP = "readers"


def url(address: Address) -> str:
    return f"redis://{address[0]}:{address[1]}"


def asked(address: Address) -> Any:
    """A client of the bare library."""
    return client.Redis.from_url(url(address), protocol=2)


def source(address: Address, stream: str, **settings: Any) -> Flow[Message[Any]]:
    made = redis.SourceSettings(**{"prefetch": 16, "claim_idle": 1.0, "linger": 1.0, **settings})
    return redis.source(url(address), stream, GROUP, made)


def sink(address: Address, stream: str, **settings: Any) -> Sink[Any]:
    return redis.sink(url(address), stream, redis.SinkSettings(**settings))


def make(address: Address, stream: str) -> None:
    with asked(address) as bare:
        bare.xgroup_create(stream, GROUP, id="0", mkstream=True)


def given(address: Address, stream: str) -> int:
    with asked(address) as bare:
        pending: int = bare.xpending(stream, GROUP)["pending"]
    return pending


def waiting(address: Address, stream: str) -> int:
    with asked(address) as bare:
        (group,) = bare.xinfo_groups(stream)
    count: int = group["pending"] + group["lag"]
    return count


BROKER = Broker(
    kind=Redis,
    make=make,
    source=source,
    sink=sink,
    item=lambda n: {"n": n},
    number=lambda message: int(message.value["n"]),
    waiting=waiting,
    given=given,
)


def wrong_password() -> str:
    place = BROKER.filled(1)
    host, port = place[0]
    flow = redis.source(f"redis://somebody:wrong@{host}:{port}", place[1], GROUP)
    return outcome(flow.run)


def not_a_stream() -> str:
    address, stream = BROKER.new(BROKER.server())
    with asked(address) as bare:
        bare.set(f"{stream}-text", "a")
    return outcome(source(address, f"{stream}-text").run)


def not_the_encoding() -> str:
    place = BROKER.new(BROKER.server())
    with asked(place[0]) as bare:
        bare.xadd(place[1], {"name": b"\xff"})
    return outcome(source(*place, text=True, linger=0.0).run)


def not_a_mapping() -> str:
    place = BROKER.new(BROKER.server())
    return outcome(Flow.of("tea").apply(sink(*place)).run)


def stream_deleted() -> str:
    place = BROKER.filled(10)
    seen: list[int] = []
    run = BROKER.numbers(source(*place), seen).for_each(nothing)
    try:
        eventually(lambda: len(seen) == 10)
        with asked(place[0]) as bare:
            bare.delete(place[1])
        return short(outcome(lambda: run.result(DEADLINE))) + ", from the server"
    finally:
        run.cancel()


def entry_deleted() -> str:
    place = BROKER.filled(3)
    with asked(place[0]) as bare:
        (first, _), *_ = bare.xreadgroup(GROUP, "gone", {place[1]: ">"})[0][1]
        bare.xdel(place[1], first)
    seen: list[int] = []
    # The others are claimed from who has gone.
    run = BROKER.numbers(source(*place, claim_idle=0.05), seen).for_each(nothing)
    try:
        eventually(lambda: sorted(seen) == [1, 2])
    finally:
        run.cancel()
    return "left out"


def out_of_memory() -> str:
    with own(Redis) as server:
        place = BROKER.new(server)
        with asked(place[0]) as bare:
            bare.config_set("maxmemory", 1)
        return short(outcome(Flow.of({"n": 1}).apply(sink(*place)).run))


load = partial(of_broker, BROKER, lambda size: {"text": b"x" * size})
FAULTS = {
    **{name: partial(fault, BROKER) for name, fault in brokers.COMMON.items()},
    "consumer killed": partial(brokers.consumer_killed, BROKER, "redis"),
    "consumer of 1 ms an item, source at full speed": partial(bounded, load),
    "corrupt line": partial(brokers.corrupt_line, BROKER, b"\r\n$", b"\r\n?"),
    "cut line": partial(brokers.cut_line, BROKER, 3_000),
    "an entry that is deleted while it is pending": entry_deleted,
    "memory used up, for a sink": out_of_memory,
    "not a mapping, for a sink": not_a_mapping,
    "not a stream": not_a_stream,
    "not the encoding": not_the_encoding,
    "stream deleted": stream_deleted,
    "wrong password": wrong_password,
}
