"""Settings of PostgreSQL's sources and sinks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_fields
from operators.errors.backoff import Backoff


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read the rows of a query.

    The first fetch is of one row, each is twice the one before, up to `prefetch`; with 1, just as many rows
    are fetched as are asked for. `rows`: a "tuple" or a "dict" each. `binary`: in the server's own format,
    which is faster for numbers and dates, and not there for every type. `connect_timeout` and `timeout`,
    in seconds: how long a connection may take, and any one answer of the server.
    """

    prefetch: int = 512
    rows: Literal["tuple", "dict"] = "tuple"
    binary: bool = False
    connect_timeout: float = 10.0
    timeout: float = 300.0

    def __post_init__(self) -> None:
        need_fields("postgres", self)
        need_count("postgres", "prefetch", self.prefetch)
        need_choice("postgres", "rows", self.rows, ("tuple", "dict"))
        need_seconds("postgres", "connect_timeout", self.connect_timeout)
        need_seconds("postgres", "timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write rows.

    Up to `batch` of them are written at a time, in a transaction of their own or of the whole "flow"; so
    many wait besides. One that is rolled back by a serialisation failure or a deadlock is done again
    after a pause of `backoff`, `retries` times at most. `setup` is SQL that is run first, outside of it, by
    one at a time.
    `isolation` is that of the transactions; "" leaves it to the server. `connect_timeout` and `timeout`,
    in seconds: how long a connection may take, and any one batch.
    """

    batch: int = 512
    transaction: Literal["batch", "flow"] = "batch"
    setup: str = ""
    isolation: Literal["", "read committed", "repeatable read", "serializable"] = ""
    retries: int = 10
    backoff: Backoff = field(default=Backoff(first=0.01, most=1.0, jitter=1.0))
    connect_timeout: float = 10.0
    timeout: float = 300.0

    def __post_init__(self) -> None:
        need_fields("postgres", self)
        need_count("postgres", "batch", self.batch)
        need_choice("postgres", "transaction", self.transaction, ("batch", "flow"))
        levels = ("", "read committed", "repeatable read", "serializable")
        need_choice("postgres", "isolation", self.isolation, levels)
        need_count("postgres", "retries", self.retries, least=0)
        need_seconds("postgres", "connect_timeout", self.connect_timeout)
        need_seconds("postgres", "timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How to take messages from a table.

    `prefetch` of them are taken at a time; with 1, as many as are asked for. At most `in_hand` may be
    unanswered; no others are taken meanwhile. One that is taken is nobody else's for `lease` seconds, and for
    as long as this program lives: that is made longer in time. What was refused (nack) is there again
    after `again` seconds. When there is nothing, it is looked again after `poll` seconds; with `until_empty`
    the flow completes when the table is empty. After the end, what was passed on may be answered for `linger`
    seconds more. `connect_timeout` and `timeout` are those of `SourceSettings`.
    """

    prefetch: int = 16
    in_hand: int = 256
    lease: float = 30.0
    again: float = 1.0
    poll: float = 0.5
    until_empty: bool = False
    linger: float = 5.0
    connect_timeout: float = 10.0
    timeout: float = 300.0

    def __post_init__(self) -> None:
        need_fields("postgres", self)
        need_count("postgres", "prefetch", self.prefetch)
        need_count("postgres", "in_hand", self.in_hand)
        need_seconds("postgres", "lease", self.lease, least=0.1)
        need_seconds("postgres", "again", self.again)
        need_seconds("postgres", "poll", self.poll, least=0.001)
        need_seconds("postgres", "linger", self.linger)
        need_seconds("postgres", "connect_timeout", self.connect_timeout)
        need_seconds("postgres", "timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How to listen.

    After `quiet` seconds without a notification the server is asked whether it is there. With `announce` the
    first message of each connection says that it listens from now on. `connect_timeout` and `timeout` are
    those of `SourceSettings`.
    """

    quiet: float = 30.0
    announce: bool = False
    connect_timeout: float = 10.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        need_fields("postgres", self)
        need_seconds("postgres", "quiet", self.quiet, least=0.001)
        need_seconds("postgres", "connect_timeout", self.connect_timeout)
        need_seconds("postgres", "timeout", self.timeout)
