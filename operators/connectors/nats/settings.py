"""Settings of NATS JetStream's source and sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count, need_seconds
from operators.connectors.arguments import need_fields


def _no_options() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a stream by a durable consumer, which several may share.

    `prefetch` messages are fetched, when one is asked for; with 1, just as many as are asked for. The
    consumer is made where there is none: of all the stream, or of what matches `subject`; a message is given
    again `ack_wait` seconds after who had it has last been heard of. Where `subjects` are given the stream
    is made, too, with those. `follow=False` completes when there is nothing more to be had.

    `timeout` is how long a sign of life of the server is waited for, and `linger`, after the end, for
    answers to messages that are still in hand, both in seconds. `options` go to `nats.connect`: `user`,
    `password`, `tls`, `user_credentials`.
    """

    prefetch: int = 64
    subject: str = ""
    subjects: tuple[str, ...] = ()
    follow: bool = True
    ack_wait: float = 30.0
    timeout: float = 10.0
    linger: float = 5.0
    options: Mapping[str, Any] = field(default_factory=_no_options)

    def __post_init__(self) -> None:
        need_fields("nats", self)
        need_count("nats", "prefetch", self.prefetch)
        need_seconds("nats", "ack_wait", self.ack_wait, least=0.01)
        need_seconds("nats", "timeout", self.timeout, least=0.01)
        need_seconds("nats", "linger", self.linger)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write to a subject of a stream.

    Up to `batch` messages are on their way together, and as many wait. `message_id` gives the id of an
    item, by which the server leaves out what it has had before (within the stream's duplicate window, two
    minutes by default). With `stream` that is made for the subject where there is none. `timeout`, in
    seconds, is how long an answer of the server is waited for; `options` go to `nats.connect`.
    """

    batch: int = 64
    message_id: Callable[[Any], str] | None = None
    stream: str = ""
    timeout: float = 10.0
    options: Mapping[str, Any] = field(default_factory=_no_options)

    def __post_init__(self) -> None:
        need_fields("nats", self)
        need_count("nats", "batch", self.batch)
        need_seconds("nats", "timeout", self.timeout, least=0.01)
        if self.message_id is not None:
            need_callable("nats", "message_id", self.message_id)
