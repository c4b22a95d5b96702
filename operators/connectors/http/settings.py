"""Settings of HTTP: of a client, of a server, of a WebSocket."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_encoding, need_fields
from operators.errors.backoff import Backoff

Format = Literal["bytes", "lines", "json"]
FORMATS = ("bytes", "lines", "json")


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How to ask a server.

    `method` is "GET", or "POST" where there is a `body`: bytes, str, or a Flow (any iterable, plain or
    async) of what is sent as it comes, each item in the `body_format`. `headers` go with it, `auth` is what
    httpx takes: (user, password), or one of its classes. `follow_redirects` goes where a 3xx points to.

    `format` is what the answer is cut into: "bytes" as they come, "lines" of text in the `encoding`, or
    "json", a value each line (NDJSON). A line has at most `largest` bytes, an event all told. `prefetch`
    lines are cut off at a time; `batch` items of a sink wait to be sent, and as many are in hand. With
    `compressed` the server may compress, and what is in memory is no longer bounded by what is on the wire.

    `connect_timeout`, in seconds, is for the connection and TLS; `answer_timeout` for the head of the
    answer, from when all is asked. `silence` ends in a TimeoutError what sends nothing, or takes nothing,
    for so long although it is waited for. None waits for ever. `receive_buffer` is the kernel's, in bytes:
    the larger part of what a server can send that nobody has asked for; None leaves it to the kernel.
    `unsent` is what the kernel takes of ours beyond what is on its way.

    `reconnect` is for `events`: after a connection is lost ("lost"), or is over in whatever way ("always",
    as a browser does), it asks again with the last id, after the pause of the `backoff`, or the server's
    own `retry:` where that is longer.

    `tls` is an ssl.SSLContext. `client`, an httpx.AsyncClient, is used as it is, on its own event loop, and
    not closed: its pool, proxies, limits and buffers count.
    """

    method: str | None = None
    headers: Mapping[str, str] = field(default_factory=_none, repr=False)
    auth: Any = field(default=None, repr=False)
    body: Any = field(default=None, repr=False)
    body_format: Format = "bytes"
    follow_redirects: bool = False
    format: Format = "lines"
    encoding: str = "utf-8"
    largest: int = 1_048_576
    prefetch: int = 256
    batch: int = 64
    compressed: bool = False
    connect_timeout: float = 10.0
    answer_timeout: float | None = 60.0
    silence: float | None = None
    receive_buffer: int | None = 65_536
    unsent: int = 16_384
    reconnect: Literal["never", "lost", "always"] = "never"
    backoff: Backoff = Backoff(first=0.5, most=30.0, jitter=0.5)  # noqa: RUF009 - frozen
    tls: ssl.SSLContext | None = None
    client: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        need_fields("http", self)
        need_encoding("http", self.encoding)
        need_choice("http", "format", self.format, FORMATS)
        need_choice("http", "body_format", self.body_format, FORMATS)
        need_choice("http", "reconnect", self.reconnect, ("never", "lost", "always"))
        for name in ("largest", "prefetch", "batch", "unsent"):
            need_count("http", name, getattr(self, name))
        if self.receive_buffer is not None:
            need_count("http", "receive_buffer", self.receive_buffer)
        need_seconds("http", "connect_timeout", self.connect_timeout)
        for name in ("answer_timeout", "silence"):
            if getattr(self, name) is not None:
                need_seconds("http", name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How to answer, and how to read what is asked.

    `format` is "json" (NDJSON), "lines", "bytes" or, of an answer, "events" (Server-Sent Events). The
    `status` and the `headers` are those of the answer, whose content-type goes with the format unless it is
    among them. Up to `batch` items that have come while the ones before were written are sent together, and
    as many more wait.

    `keep_alive`, in seconds, has a comment sent where there was no event for so long; None sends none.
    `silence`, in seconds, ends in a TimeoutError what takes nothing, or sends nothing of its request, for so
    long although it is waited for; None waits for ever.
    `largest` is for a line, in bytes, and for an event; `prefetch` lines of a request are cut off at a time.
    """

    format: Literal["bytes", "lines", "json", "events"] = "json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=_none)
    encoding: str = "utf-8"
    batch: int = 64
    keep_alive: float | None = 15.0
    silence: float | None = None
    largest: int = 1_048_576
    prefetch: int = 256

    def __post_init__(self) -> None:
        need_fields("http", self)
        need_encoding("http", self.encoding)
        need_choice("http", "format", self.format, (*FORMATS, "events"))
        for name in ("batch", "largest", "prefetch", "status"):
            need_count("http", name, getattr(self, name))
        if self.silence is not None:
            need_seconds("http", "silence", self.silence)
        if self.keep_alive is not None:
            need_seconds("http", "keep_alive", self.keep_alive)
            if not self.keep_alive:
                raise ValueError("http: keep_alive=0 would send nothing else; use None for none")


@dataclass(frozen=True, slots=True)
class WebSocketSettings:
    """How to talk over a WebSocket; for both sides, and both ways.

    `format`: "plain", str for text and bytes for binary; or "json", a value each message. A message has at
    most `largest` bytes, or characters of text. `prefetch` messages are read that nobody has asked for;
    `batch` items wait to be sent, and as many are in hand, and `high_water` bytes in this process.
    `receive_buffer` and `unsent` are as for `ClientSettings`.

    `headers` are those of our handshake, `subprotocols` what we offer, or a server takes, the best one
    first. `connect_timeout` is in seconds, TLS included; `silence` ends what sends nothing, or takes
    nothing, for so long although it is waited for; `close_timeout` is how long a goodbye is waited for. A
    ping is sent every `ping_interval` seconds; with a `ping_timeout` who does not answer in time is gone,
    also one whose answer waits behind messages that nobody has asked for. `compressed` allows for
    compression, `tls` is an ssl.SSLContext. Of a server `high_water`, `receive_buffer`, `unsent`,
    `prefetch`, pings, compression and TLS are its own settings (uvicorn: `ws_max_queue`,
    `ws_ping_interval`, ...).
    """

    format: Literal["plain", "json"] = "plain"
    headers: Mapping[str, str] = field(default_factory=_none, repr=False)
    subprotocols: tuple[str, ...] = ()
    largest: int = 1_048_576
    prefetch: int = 16
    batch: int = 64
    high_water: int = 32_768
    receive_buffer: int | None = 65_536
    unsent: int = 16_384
    connect_timeout: float = 10.0
    silence: float | None = None
    close_timeout: float = 2.0
    ping_interval: float | None = 20.0
    ping_timeout: float | None = None
    compressed: bool = False
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        need_fields("http", self)
        need_choice("http", "format", self.format, ("plain", "json"))
        for name in ("largest", "prefetch", "batch", "high_water", "unsent"):
            need_count("http", name, getattr(self, name))
        if self.receive_buffer is not None:
            need_count("http", "receive_buffer", self.receive_buffer)
        for name in ("connect_timeout", "close_timeout"):
            need_seconds("http", name, getattr(self, name))
        for name in ("silence", "ping_interval", "ping_timeout"):
            if getattr(self, name) is not None:
                need_seconds("http", name, getattr(self, name))
