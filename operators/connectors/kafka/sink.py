"""A topic as a sink."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

from operators._kernel.failures.checks import shown
from operators._kernel.hosts.blocking import Blocking
from operators.connectors.arguments import need_arguments
from operators.connectors.kafka.client import Trouble, configured, package, reach
from operators.connectors.kafka.message import KafkaMessage, Record
from operators.connectors.kafka.settings import SinkSettings
from operators.connectors.message import value_of
from operators.custom import Sink

_MAKING = 5.0
"""Seconds for a topic that brokers make when they are asked for it: at first they know of none."""
_SLICE = 0.05
"""Seconds of a call of the client, after which it is looked whether the flow was cancelled."""


class Producing:
    """A producer of one run; its calls block, and are made on one thread."""

    def __init__(
        self,
        servers: str,
        topic: str,
        settings: SinkSettings,
        ours: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._servers = servers
        self._topic = topic
        self._settings = settings
        self._ours = ours
        self._kafka = package()
        self._trouble = Trouble()
        self._failed: Exception | None = None
        self._stopped = False
        self.client: Any = None

    def stop(self) -> None:
        """Have what it is at be given up, from another thread."""
        self._stopped = True

    def open(self) -> None:
        """Wait for a broker that has the topic."""
        settings = self._settings
        config = configured(
            self._servers,
            settings.config,
            self._trouble,
            {
                "enable.idempotence": True,
                "compression.type": settings.compression,
                "message.timeout.ms": max(1, int(settings.delivery_timeout * 1_000)),
                "queue.buffering.max.messages": max(100_000, 2 * settings.batch),
                "delivery.report.only.error": True,
                **self._ours,
            },
        )
        self.client = self._kafka.Producer(config)
        seconds = settings.connect_timeout
        topics = [self._topic]
        reach(
            self.client,
            self._servers,
            topics,
            seconds,
            self._trouble,
            lambda: self._stopped,
            making=_MAKING,
        )

    def close(self) -> None:
        """Let go of what was not written: nobody was told that it was."""
        if self.client is not None:
            self.client.purge()
            self.client.flush(0)

    def write(self, items: list[Any]) -> None:
        """Write items, and wait until the brokers have them all."""
        for item in items:
            self.produce(item, value_of(item))
        self.flush()

    def produce(self, item: Any, value: Any) -> None:
        """Hand over a value, with what its item says beside it."""
        topic, client = self._topic, self.client
        options: dict[str, Any] = {}
        if isinstance(item, KafkaMessage):
            headers = item.headers
            options = {"key": headers["key"], "headers": [*headers["headers"]]}
        if isinstance(value, Record):
            record, value = value, value.value
            topic = record.topic or topic
            options = {"key": record.key, "headers": [*record.headers]}
            if record.partition is not None:
                options["partition"] = record.partition
            if record.timestamp is not None:
                options["timestamp"] = record.timestamp
        if self._settings.key is not None:
            options["key"] = self._settings.key(item)
        if not isinstance(options.get("key"), (bytes, str, type(None))):
            raise TypeError(f"kafka.sink: a key is bytes, str or None, got {shown(options['key'])}")
        if value is not None and not isinstance(value, (bytes, str)):
            raise TypeError(
                f"kafka.sink: needs bytes, str or a Record to write, got {shown(value)}"
            )
        while True:
            try:
                client.produce(topic, value, on_delivery=self._report, **options)
                return
            except BufferError:  # it holds as much as it may
                self._wait()

    def flush(self) -> None:
        """Wait until the brokers have all; raise what keeps them from having it."""
        while self.client.flush(_SLICE):
            self._look()
        self._look()

    def _wait(self) -> None:
        self.client.poll(_SLICE)
        self._look()

    def _look(self) -> None:
        self._trouble.look()
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        if self._stopped:
            raise InterruptedError("the flow was cancelled")

    def _report(self, error: Any, _: Any) -> None:
        if error is not None and self._failed is None:
            self._failed = self._kafka.KafkaException(error)


@asynccontextmanager
async def writing(
    producing: Producing,
) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
    """Give the function that writes items by a producer, on a thread of its own; it is closed in the end."""
    async with Blocking("operators-kafka") as blocking:
        try:
            await blocking.call(producing.open, stop=producing.stop)

            async def write(items: list[Any]) -> None:
                await blocking.call(partial(producing.write, items), stop=producing.stop)

            yield write
        finally:
            await blocking.call(producing.close)


class _Sink(Sink[Any]):
    name = "kafka.sink"

    def __init__(self, servers: str, topic: str, settings: SinkSettings) -> None:
        package()
        self._run = servers, topic, settings
        self.details: str = topic
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async with writing(Producing(*self._run)) as write:
            yield write


def sink(
    servers: str,
    topic: str,
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that writes each item into a topic, and passes it on when the brokers have it.

    An item is bytes, str, a Record, or a Message of one; one of a `kafka.source` keeps its key and its
    headers. `settings.batch` items wait, and as many are in hand. The producer is idempotent: what it sends
    again is there once, and in order. At least once, then: what was passed on is there, what was not may be.
    An item that is not written within `settings.delivery_timeout` fails the flow, with confluent_kafka's
    KafkaException; else it fails as `source` does, with LookupError after five seconds: brokers that make
    a topic when they are asked for it know of none at first.

    >>> from confluent_kafka import Producer
    >>> from operators import Flow
    >>> from operators.connectors import kafka
    >>> mock = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    >>> (broker,) = mock.list_topics().brokers.values()
    >>> servers = f"{broker.host}:{broker.port}"
    >>> Flow.of("a", kafka.Record("b", key="k")).apply(kafka.sink(servers, "letters")).count().run()
    2
    """
    need_arguments("kafka.sink", SinkSettings, settings, servers=servers, topic=topic)
    return _Sink(servers, topic, settings)
