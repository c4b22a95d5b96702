"""What goes wrong around AMQP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiormq as client

from operators import Flow
from operators.connectors import Message, amqp
from operators.custom import Sink
from tests.connectors import brokers
from tests.connectors.brokers import Broker, nothing, short
from tests.connectors.kit import DEADLINE, eventually, outcome
from tests.connectors.loads import bounded, of_broker
from tests.connectors.peers import Address
from tests.connectors.servers.rabbitmq import RabbitMQ

needs = "amqp"


def url(address: Address) -> str:
    return f"amqp://guest:guest@{address[0]}:{address[1]}/"


def asked(address: Address, ask: Callable[[Any], Awaitable[Any]]) -> Any:
    """What the bare library says, given a channel."""

    async def main() -> Any:
        bare = await client.connect(url(address))
        try:
            return await ask(await bare.channel())
        finally:
            await bare.close()

    return asyncio.run(main())


def source(address: Address, queue: str, **settings: Any) -> Flow[Message[Any]]:
    made = amqp.SourceSettings(**{"prefetch": 16, "linger": 1.0, **settings})
    return amqp.source(url(address), queue, made)


def sink(address: Address, queue: str, **settings: Any) -> Sink[Any]:
    return amqp.sink(url(address), queue, amqp.SinkSettings(**settings))


def make(address: Address, queue: str) -> None:
    asked(address, lambda channel: channel.queue_declare(queue, durable=True))


def ready(address: Address, queue: str) -> int:
    """The messages that nobody has been given."""
    found = asked(address, lambda channel: channel.queue_declare(queue, passive=True))
    count: int = found.message_count
    return count


BROKER = Broker(
    kind=RabbitMQ,
    make=make,
    source=source,
    sink=sink,
    item=lambda n: b"%d" % n,
    number=lambda message: int(message.value),
    waiting=ready,
    given=lambda *_: 0,  # it does not say
    alone=False,
    kills=1,
)


def wrong_password() -> str:
    (host, port), queue = BROKER.filled(1)
    return outcome(amqp.source(f"amqp://guest:wrong@{host}:{port}/", queue).run).split(",")[0]


def unroutable() -> str:
    address = BROKER.new(BROKER.server())[0]
    nowhere = sink(address, "nobody-reads-this", exchange="amq.direct")
    return short(outcome(Flow.of(b"1").apply(nowhere).run))


def no_exchange() -> str:
    address = BROKER.new(BROKER.server())[0]
    return short(outcome(Flow.of(b"1").apply(sink(address, "a", exchange="no-such")).run))


def not_bytes() -> str:
    place = BROKER.new(BROKER.server())
    return outcome(Flow.of("tea").apply(sink(*place)).run)


def refused() -> str:
    address, name = BROKER.new(BROKER.server())
    full = {"x-max-length": 5, "x-overflow": "reject-publish"}
    flow = Flow.range(9).map(BROKER.item).apply(sink(address, f"{name}-full", arguments=full))
    return short(outcome(flow.run))


def queue_deleted() -> str:
    place = BROKER.filled(10)
    seen: list[int] = []
    run = BROKER.numbers(source(*place, timeout=0.5), seen).for_each(nothing)
    try:
        eventually(lambda: len(seen) == 10)
        asked(place[0], lambda channel: channel.queue_delete(place[1]))
        return short(outcome(lambda: run.result(DEADLINE))) + ", from the server"
    finally:
        run.cancel()


def slow_reader() -> str:
    """What it has not answered is `prefetch` at most, all the time."""
    place = BROKER.filled(300)
    seen: list[int] = []
    most = 0

    def slowly(message: Message[Any]) -> None:
        nonlocal most
        if len(seen) % 20 == 0:
            most = max(most, 300 - ready(*place) - len(seen))
        time.sleep(0.001)
        seen.append(BROKER.number(message))
        message.ack()

    source(*place).tap(slowly).take(300).run()
    assert seen == list(range(300))
    # Those whose answers are on their way count as answered here.
    assert 0 < most <= 16, most
    return "the server has given out `prefetch`, which nobody has answered"


def no_answers() -> str:
    place = BROKER.filled(100)
    seen: list[Message[Any]] = []
    run = source(*place).for_each(seen.append)
    try:
        eventually(lambda: len(seen) == 16)
        assert ready(*place) == 100 - 16
        for message in seen[:4]:
            message.ack()
        eventually(lambda: len(seen) == 20)
        assert ready(*place) == 100 - 20
    finally:
        run.cancel()
        seen.clear()
    return "`prefetch` messages, and no other before one of them is answered"


def dead_letter() -> str:
    address, name = BROKER.new(BROKER.server())
    dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name}
    place = (address, f"{name}-work")
    Flow.of(b"1", b"x", b"3").apply(sink(*place, arguments=dead)).run()
    seen: list[bytes] = []

    def work(message: Message[bytes]) -> None:
        if message.value.isdigit():
            seen.append(message.value)
            message.ack()
        else:
            amqp.reject(message)

    run = source(*place).for_each(work)
    try:
        eventually(lambda: len(seen) == 2)
        eventually(lambda: ready(address, name) == 1)
    finally:
        run.cancel()
    return "amqp.reject(message): it goes where the queue's dead letters go"


load = partial(of_broker, BROKER, ready=ready)
FAULTS = {
    **{name: partial(fault, BROKER) for name, fault in brokers.COMMON.items()},
    "a message that nobody can read": dead_letter,
    "consumer killed": partial(brokers.consumer_killed, BROKER, "amqp"),
    "consumer of 1 ms an item, source at full speed": partial(bounded, load),
    "corrupt line": partial(brokers.corrupt_line, BROKER, b"\xce", b"\xcd"),
    "cut line": partial(brokers.cut_line, BROKER, 3_000),
    "no such exchange, for a sink": no_exchange,
    "no queue for it, for a sink": unroutable,
    "not bytes, for a sink": not_bytes,
    "queue deleted": queue_deleted,
    "reader that does not answer": no_answers,
    "refused by the queue, for a sink": refused,
    "slow reader": slow_reader,
    "wrong password": wrong_password,
}
