"""Settings of Kafka's source, sink and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_fields

if TYPE_CHECKING:
    from operators.connectors.kafka.consuming import Consuming

_OURS = {
    "enable.auto.commit": "what is committed is what was acknowledged (promise=, acks=)",
    "enable.auto.offset.store": "what is committed is what was acknowledged (promise=, acks=)",
    "enable.partition.eof": "end= says whether there is an end",
    "group.id": "the group is an argument of its own",
    "delivery.report.only.error": "an item is passed on when the brokers have it",
    "transactional.id": "kafka.transaction has it as an argument",
}
"""What no config= may say, for the promises rest on it, and what says it instead."""


def _need_config(config: Mapping[str, Any]) -> None:
    for name, instead in _OURS.items():
        if name in config:
            raise ValueError(f"kafka: config has {name!r}, which is ours: {instead}")


PROMISES = ("at_least_once", "at_most_once", "exactly_once")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read topics.

    `promise`: "at_least_once" commits what was acknowledged; "at_most_once" commits what is taken before
    it is given; "exactly_once" commits nothing, and gives what was committed only: a `kafka.transaction`
    commits. `acks`: with "each" a message answers for itself, with "up_to" for all before it in its
    partition, too. `start` is where a group begins that has committed nothing, and `end` says whether the
    flow completes once all that was there is given: "caught_up", or "never".

    `prefetch` messages are taken at a time, when one is asked for; `buffer` bytes, about, are fetched
    ahead by the client. `unacknowledged` messages may be given and not acknowledged, or wait for one
    before them to be so: then no more are given. All three are bounds.

    In seconds: `commit_interval`, between commits; `pause_after`, how long nothing is asked for before
    the partitions are paused; `drain`, how long what was given is waited for when a partition is taken
    away, and at `stop()`; `connect_timeout`, for the first answer of a broker; `outage`, how long there may
    be no broker at all.

    `on_start` is called with the Consuming of each run, on a thread of the library. `config` are
    properties of librdkafka, such as "security.protocol"; they go before what the other settings make.
    """

    promise: Literal["at_least_once", "at_most_once", "exactly_once"] = "at_least_once"
    acks: Literal["each", "up_to"] = "each"
    start: Literal["earliest", "latest"] = "earliest"
    end: Literal["never", "caught_up"] = "never"
    prefetch: int = 500
    buffer: int = 8_388_608
    unacknowledged: int = 10_000
    commit_interval: float = 0.1
    pause_after: float = 1.0
    drain: float = 5.0
    connect_timeout: float = 10.0
    outage: float = 60.0
    on_start: Callable[[Consuming], object] | None = None
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        need_fields("kafka", self)
        _need_config(self.config)
        need_choice("kafka", "promise", self.promise, PROMISES)
        need_choice("kafka", "acks", self.acks, ("each", "up_to"))
        need_choice("kafka", "start", self.start, ("earliest", "latest"))
        need_choice("kafka", "end", self.end, ("never", "caught_up"))
        for name in ("prefetch", "unacknowledged"):
            need_count("kafka", name, getattr(self, name))
        need_count("kafka", "buffer", self.buffer, least=1024)
        for name in ("commit_interval", "pause_after", "drain", "connect_timeout", "outage"):
            need_seconds("kafka", name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write into a topic.

    `batch` items are written at a time, at the most, and as many wait. `key` makes the key of an item, str
    or bytes; by default a Message that comes from a topic keeps its own. `compression` is done by the
    client. `connect_timeout`, in seconds, is for the first answer of a broker, `delivery_timeout` for each
    item to be written. `config` are properties of librdkafka; they go before what the others make.
    """

    batch: int = 1_000
    key: Callable[[Any], str | bytes | None] | None = None
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "none"
    connect_timeout: float = 10.0
    delivery_timeout: float = 30.0
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        need_fields("kafka", self)
        _need_config(self.config)
        need_count("kafka", "batch", self.batch)
        compressions = ("none", "gzip", "snappy", "lz4", "zstd")
        need_choice("kafka", "compression", self.compression, compressions)
        need_seconds("kafka", "connect_timeout", self.connect_timeout)
        need_seconds("kafka", "delivery_timeout", self.delivery_timeout, least=0.01)
