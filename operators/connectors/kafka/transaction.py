"""Transactions: what is read, and what is written for it, are committed together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from operators.connectors.arguments import need_arguments
from operators.connectors.kafka.assignment import Partition
from operators.connectors.kafka.client import package, quietly
from operators.connectors.kafka.message import KafkaMessage
from operators.connectors.kafka.settings import SinkSettings
from operators.connectors.kafka.sink import Producing, writing
from operators.connectors.message import value_of
from operators.custom import Sink


class OrderError(RuntimeError):
    """A message came to a transaction before one that is before it in its partition."""


class _Transacting(Producing):
    """A producer whose writes are transactions."""

    def open(self) -> None:
        super().open()
        self._patiently(self.client.init_transactions)

    def write(self, items: list[Any]) -> None:
        """Write what items say, and commit that they are dealt with, in one transaction."""
        messages = [_from_a_topic(item) for item in items]
        # In this order: after a rebalance the metadata is too old, and the brokers refuse the offsets.
        metadata = messages[0].source.group.metadata()
        messages = [message for message in messages if not message.source.prefix.closed]
        if not messages:
            return  # they are somebody else's by now
        dealt_with: dict[Partition, set[int]] = {}
        for message in messages:
            dealt_with.setdefault(message.source, set()).add(message.offset)
        offsets = [self._position(*each) for each in dealt_with.items()]
        self.client.begin_transaction()
        try:
            for message in messages:
                for value in _several(value_of(message)):
                    self.produce(message, value)
            self.flush()
            send = partial(self.client.send_offsets_to_transaction, offsets, metadata)
            self._patiently(send)
            self._patiently(self.client.commit_transaction)
        except BaseException:
            with quietly("the end of a transaction that has failed"):
                self.client.abort_transaction(self._settings.connect_timeout)
            raise
        for message in messages:
            message.ack()

    def _position(self, partition: Partition, offsets: set[int]) -> Any:
        reached = partition.prefix.reach(offsets)
        last = max(offsets)
        topic, number = partition.place
        if reached is None or reached <= last:
            first = partition.prefix.first if reached is None else reached
            raise OrderError(
                f"kafka.transaction: {topic}[{number}] {last} has come, and {first} has not: keep the order "
                "of a partition, and acknowledge what you leave out"
            )
        return self._kafka.TopicPartition(topic, number, reached)

    def _patiently(self, call: Callable[..., Any]) -> None:
        """Make a call, again where the client says that it may be made again."""
        while True:
            try:
                call(self._settings.connect_timeout)
                return
            except self._kafka.KafkaException as error:
                if not error.args[0].retriable():
                    raise
            self._look()


def _several(value: Any) -> list[Any]:
    return [*value] if isinstance(value, (list, tuple)) else [value]


def _from_a_topic(item: Any) -> KafkaMessage[Any]:
    if isinstance(item, KafkaMessage):
        found: KafkaMessage[Any] = item  # pyright: ignore[reportUnknownVariableType]
        return found
    raise TypeError(
        "kafka.transaction: needs messages of a kafka.source, or what their with_value gives, "
        f"got {type(item).__name__}"
    )


class _Transaction(Sink[Any]):
    name = "kafka.transaction"

    def __init__(
        self, servers: str, topic: str, transactional_id: str, settings: SinkSettings
    ) -> None:
        package()
        self._run = servers, topic, settings, {"transactional.id": transactional_id}
        self.details: str = f"{topic} as {transactional_id}"
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async with writing(_Transacting(*self._run)) as write:
            yield write


def transaction(
    servers: str,
    topic: str,
    transactional_id: str,
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that writes for messages of a topic, and commits with that that they are dealt with.

    For a `kafka.source` with `promise="exactly_once"`, and `message.with_value(...)` of what it gives: a
    value as for `sink`, or a list of several, or of none. What has come while the messages before were
    written is one transaction, of `settings.batch` messages at most; a message is passed on, and is
    acknowledged, when it is committed. Others see all of it or nothing, where they read with
    isolation.level=read_committed, as sources here do. `transactional_id` is of one such run at a time, and
    the same after a crash: whoever had it before can write no more.

    Exactly once: a transaction that fails, as after a rebalance, is rolled back, and the flow
    fails, to be begun anew by `retry` or `restart`. Needs each partition in order, and what is left out
    acknowledged; OrderError where that is not so. Fails besides as `sink` does.

    >>> from confluent_kafka import Producer
    >>> from operators import Flow
    >>> from operators.connectors import kafka
    >>> mock = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    >>> (broker,) = mock.list_topics().brokers.values()
    >>> servers = f"{broker.host}:{broker.port}"
    >>> Flow.of("a", "b").apply(kafka.sink(servers, "letters")).run()
    'b'
    >>> once = kafka.SourceSettings(promise="exactly_once")
    >>> letters = kafka.source(servers, "letters", "readers", once)
    >>> doubled = letters.map(lambda message: message.with_value(2 * message.value))
    >>> written = doubled.apply(kafka.transaction(servers, "doubled", "doubler"))
    >>> sorted(message.value for message in written.take(2))
    [b'aa', b'bb']
    """
    need_arguments(
        "kafka.transaction",
        SinkSettings,
        settings,
        servers=servers,
        topic=topic,
        transactional_id=transactional_id,
    )
    return _Transaction(servers, topic, transactional_id, settings)
