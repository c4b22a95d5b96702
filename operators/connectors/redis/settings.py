"""Settings of Redis' source and sink."""

from __future__ import annotations

from dataclasses import dataclass

from operators._kernel.failures.checks import need_count, need_seconds, need_text
from operators.connectors.arguments import need_fields


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a stream as a member of a group.

    `prefetch` messages are read at a time, when one is asked for; with 1, just as many as are asked for.
    The group is made where there is none, and begins at `start`: "0" for all that is in the stream, "$"
    for what comes from then on. `follow=False` completes when there is nothing more that nobody has had.

    `consumer` is the name of this member, which no other may have at the same time: what it has had
    before and not acknowledged comes first. Without it each run has a name of its own.

    A message of somebody that was not acknowledged for `claim_idle` seconds is given to whoever asks next.
    Those in hand here are kept from it, so that it need not be longer than your work takes. `timeout` is how
    long an answer of the server is waited for, and `linger`, after the end, for those of messages that are
    still in hand; all three in seconds. `text` decodes the values, as UTF-8.
    """

    prefetch: int = 64
    start: str = "0"
    follow: bool = True
    consumer: str = ""
    claim_idle: float = 30.0
    timeout: float = 10.0
    linger: float = 5.0
    text: bool = False

    def __post_init__(self) -> None:
        need_fields("redis", self)
        need_count("redis", "prefetch", self.prefetch)
        need_text("redis", "start", self.start)
        need_text("redis", "consumer", self.consumer)
        need_seconds("redis", "claim_idle", self.claim_idle, least=0.01)
        need_seconds("redis", "timeout", self.timeout)
        need_seconds("redis", "linger", self.linger)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write to a stream.

    Up to `batch` messages are written together, and as many wait. With `maxlen` the stream is cut to about so
    many, the oldest of which go, read or not; None keeps all. `timeout`, in seconds, is how long an
    answer of the server is waited for.
    """

    batch: int = 64
    maxlen: int | None = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        need_fields("redis", self)
        need_count("redis", "batch", self.batch)
        if self.maxlen is not None:
            need_count("redis", "maxlen", self.maxlen)
        need_seconds("redis", "timeout", self.timeout)
