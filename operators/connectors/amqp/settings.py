"""Settings of AMQP's source and sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_seconds
from operators.connectors.arguments import need_fields


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a queue.

    `prefetch` is the window: so many messages are given out at a time, at most, that were not acknowledged,
    65,535 at the most. The queue is made where there is none, durable, with `arguments`, such as
    {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}; one that exists stays as it is.
    `follow=False` completes when the queue is empty.

    `timeout` is how long an answer of the server is waited for, and `linger`, after the end, for answers to
    messages that are still in hand, both in seconds.
    """

    prefetch: int = 64
    arguments: Mapping[str, Any] = field(default_factory=_nothing)
    follow: bool = True
    timeout: float = 10.0
    linger: float = 5.0

    def __post_init__(self) -> None:
        need_fields("amqp", self)
        need_count("amqp", "prefetch", self.prefetch)
        if self.prefetch > 65_535:
            raise ValueError(f"amqp: prefetch must be at most 65,535, got {self.prefetch:,}")
        need_seconds("amqp", "timeout", self.timeout, least=0.01)
        need_seconds("amqp", "linger", self.linger)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write to a queue, or to an exchange.

    Up to `batch` messages are on their way together, and as many wait. Without an `exchange` the routing key
    is the name of a queue, which is made where there is none, durable, with `arguments`. `properties` gives
    those of an item: `headers`, `message_id`, `content_type` and so on; messages are persistent unless it
    says otherwise. `timeout`, in seconds, is how long an answer of the server is waited for.
    """

    batch: int = 64
    exchange: str = ""
    arguments: Mapping[str, Any] = field(default_factory=_nothing)
    properties: Callable[[Any], Mapping[str, Any]] | None = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        need_fields("amqp", self)
        need_count("amqp", "batch", self.batch)
        need_seconds("amqp", "timeout", self.timeout, least=0.01)
        if self.properties is not None:
            need_callable("amqp", "properties", self.properties)
