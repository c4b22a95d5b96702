"""What goes wrong around NATS JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import nats as client

from operators import Flow
from operators.connectors import Message, nats
from operators.custom import Sink
from tests.connectors import brokers
from tests.connectors.brokers import Broker, nothing, short
from tests.connectors.kit import DEADLINE, eventually, outcome
from tests.connectors.loads import bounded, of_broker
from tests.connectors.peers import Address
from tests.connectors.servers.nats import Nats

needs = "nats"
CONSUMER = "readers"


def url(address: Address) -> str:
    return f"nats://{address[0]}:{address[1]}"


def asked(address: Address, ask: Callable[[Any], Awaitable[Any]]) -> Any:
    """What the bare library says, given a JetStream context."""

    async def main() -> Any:
        bare = await client.connect(url(address), allow_reconnect=False)
        try:
            return await ask(bare.jetstream())
        finally:
            await bare.close()

    return asyncio.run(main())


def source(
    address: Address, stream: str, consumer: str = CONSUMER, **settings: Any
) -> Flow[Message[Any]]:
    made = nats.SourceSettings(**{"prefetch": 16, "ack_wait": 1.0, "linger": 1.0, **settings})
    return nats.source(url(address), stream, consumer, made)


def sink(address: Address, stream: str, **settings: Any) -> Sink[Any]:
    return nats.sink(url(address), f"{stream}.new", nats.SinkSettings(**settings))


def make(address: Address, stream: str) -> None:
    async def ask(stream_context: Any) -> None:
        await stream_context.add_stream(name=stream, subjects=[f"{stream}.*"])
        await stream_context.add_consumer(
            stream, durable_name=CONSUMER, ack_policy="explicit", ack_wait=1.0
        )

    asked(address, ask)


def state(address: Address, stream: str) -> Any:
    return asked(address, lambda context: context.consumer_info(stream, CONSUMER))


def given(address: Address, stream: str) -> int:
    count: int = state(address, stream).num_ack_pending
    return count


def waiting(address: Address, stream: str) -> int:
    found = state(address, stream)
    count: int = found.num_ack_pending + found.num_pending
    return count


BROKER = Broker(
    kind=Nats,
    make=make,
    source=source,
    sink=sink,
    item=lambda n: b"%d" % n,
    number=lambda message: int(message.value),
    waiting=waiting,
    given=given,
    # It saves what was acknowledged ten milliseconds later at the soonest, in which a hundred more are.
    unsaved=100,
)


def wrong_password() -> str:
    place = BROKER.filled(1)
    wrong = {"user": "ada", "password": "wrong"}
    return outcome(source(*place, options=wrong).run)


def no_stream() -> str:
    address = BROKER.new(BROKER.server())[0]
    return outcome(source(address, "nowhere").run)


def no_stream_for_a_sink() -> str:
    address = BROKER.new(BROKER.server())[0]
    return outcome(Flow.of(b"1").apply(sink(address, "nowhere")).run)


def not_bytes() -> str:
    place = BROKER.new(BROKER.server())
    return outcome(Flow.of("tea").apply(sink(*place)).run)


def consumer_deleted() -> str:
    place = BROKER.filled(10)
    seen: list[int] = []
    run = BROKER.numbers(source(*place), seen).for_each(nothing)
    try:
        eventually(lambda: len(seen) == 10)
        asked(place[0], lambda context: context.delete_consumer(place[1], CONSUMER))
        return short(outcome(lambda: run.result(DEADLINE))) + ", from the server"
    finally:
        run.cancel()


def stream_is_full() -> str:
    address, stream = BROKER.new(BROKER.server())

    async def ask(context: Any) -> None:
        await context.update_stream(
            name=stream, subjects=[f"{stream}.*"], max_msgs=5, discard="new"
        )

    asked(address, ask)
    return short(outcome(Flow.range(9).map(BROKER.item).apply(sink(address, stream)).run))


load = partial(of_broker, BROKER)
FAULTS = {
    **{name: partial(fault, BROKER) for name, fault in brokers.COMMON.items()},
    "consumer deleted": consumer_deleted,
    "consumer killed": partial(brokers.consumer_killed, BROKER, "nats"),
    "consumer of 1 ms an item, source at full speed": partial(bounded, load),
    "corrupt line": partial(brokers.corrupt_line, BROKER, b"\r\nMSG ", b"\r\nMXG "),
    "cut line": partial(brokers.cut_line, BROKER, 3_000),
    "no such stream": no_stream,
    "no such stream, for a sink": no_stream_for_a_sink,
    "not bytes, for a sink": not_bytes,
    "stream full, for a sink": stream_is_full,
    "wrong password": wrong_password,
}
