"""Topics as a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_arguments, need_names
from operators.connectors.kafka.client import package
from operators.connectors.kafka.message import KafkaMessage
from operators.connectors.kafka.owner import Owner
from operators.connectors.kafka.settings import SourceSettings
from operators.connectors.message import Message
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[KafkaMessage]):
    name = "kafka.source"

    def __init__(
        self, servers: str, topics: list[str], group: str, settings: SourceSettings
    ) -> None:
        package()
        self._run = servers, topics, group, settings
        self.details: str = f"{', '.join(topics)} as {group}"
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[list[KafkaMessage]]:
        owner = Owner(*self._run)
        owner.begin()
        try:
            while messages := await owner.batch():
                yield messages
        finally:
            with Unbroken():
                await owner.close()


def source(
    servers: str,
    topics: str | Sequence[str],
    group: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[bytes]]:
    """Return a flow of the messages of topics, each Subscriber of which is a member of a consumer group.

    `servers` are brokers to begin with, "host:port,host:port"; a topic that begins with "^" is a pattern.
    What is not asked for is not read (§1.1), but for `settings.prefetch` messages in hand and
    `settings.buffer` bytes with the client; after `settings.pause_after` seconds the partitions are paused,
    and the membership is kept up, for however long that takes. The value of a message is bytes, or None
    for a tombstone. Each partition is in order.

    At least once, unless `settings.promise` says otherwise: of what is acknowledged, from each partition's
    beginning on without a gap, the end is committed, every `settings.commit_interval` seconds, when the
    partition is taken away, and at the end. So what you leave out has to be acknowledged too. `nack()` has
    a message given again, and those after it in its partition. The flow never completes by itself unless
    `settings.end` says so. Fails with ConnectionError where no broker answers, LookupError for a topic that
    is not there, and confluent_kafka's KafkaException.

    >>> from confluent_kafka import Producer
    >>> from operators import Flow
    >>> from operators.connectors import kafka, values
    >>> mock = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    >>> (broker,) = mock.list_topics().brokers.values()
    >>> servers = f"{broker.host}:{broker.port}"
    >>> Flow.of("a", "b").apply(kafka.sink(servers, "letters")).run()
    'b'
    >>> sorted(kafka.source(servers, "letters", "readers").apply(values()).take(2))
    [b'a', b'b']
    """
    need_arguments("kafka.source", SourceSettings, settings, servers=servers, group=group)
    names = [topics] if isinstance(topics, str) else need_names("kafka.source", "topics", topics)
    return _Source(servers, names, group, settings).flow()
