"""Settings of TCP."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from operators._kernel.failures.checks import need_choice, need_count, need_seconds
from operators.connectors.arguments import need_fields
from operators.connectors.framing import Framing, Lines, Prefixed


@dataclass(frozen=True, slots=True)
class Settings:
    """How to talk over a connection; the same for both ends, and both ways.

    `framing`: "lines", or "length" with `width` bytes of it before each frame; a frame has at most
    `largest` bytes. `prefetch` frames are taken from what was read at a time; `batch` items wait to be
    written, and as many are in hand.

    `receive_buffer` is the kernel's, in bytes, which is the larger part of what a sender can send that
    nobody has asked for; None leaves it to the kernel, for long and fast lines. `unsent` is what the
    kernel takes of ours beyond what is on its way, and `high_water` what waits in this process, both in
    bytes; with that a writer waits.

    `tls` is an ssl.SSLContext, `server_hostname` the name to be checked by a client, by default the host.
    `connect_timeout` is in seconds, and for the TLS handshake too. `silence`, in seconds, ends a
    connection in a TimeoutError that sends nothing, or takes nothing, for so long although it is waited
    for; None waits for ever. When all is sent, the other side is waited for to end the connection too,
    until it has sent nothing for `close_timeout` seconds, or ten times as long in all: what it still
    says, to a connection that is closed, would have it fail before it has read to the end.

    A server calls `on_listening` with its address as soon as it can be connected to, and has up to
    `backlog` clients wait.
    """

    framing: Literal["lines", "length"] = "lines"
    width: int = 4
    largest: int = 1_048_576
    prefetch: int = 256
    batch: int = 64
    receive_buffer: int | None = 65_536
    unsent: int = 16_384
    high_water: int = 65_536
    tls: ssl.SSLContext | None = None
    server_hostname: str | None = None
    connect_timeout: float = 10.0
    silence: float | None = None
    close_timeout: float = 2.0
    backlog: int = 128
    on_listening: Callable[[Any], object] | None = None

    def __post_init__(self) -> None:
        need_fields("tcp", self)
        need_choice("tcp", "framing", self.framing, ("lines", "length"))
        for name in ("width", "largest", "prefetch", "batch", "unsent", "high_water", "backlog"):
            need_count("tcp", name, getattr(self, name))
        if self.receive_buffer is not None:
            need_count("tcp", "receive_buffer", self.receive_buffer)
        need_seconds("tcp", "connect_timeout", self.connect_timeout)
        need_seconds("tcp", "close_timeout", self.close_timeout)
        if self.silence is not None:
            need_seconds("tcp", "silence", self.silence)
        if self.framing == "length" and self.largest >= 256**self.width:
            raise ValueError(
                f"tcp: a length of {self.width} bytes cannot say largest={self.largest:,}"
            )

    def for_tls(self) -> dict[str, Any]:
        """Return what a connection needs of it that has TLS; nothing for one that has none."""
        if self.tls is None:
            return {}
        return {
            "ssl": self.tls,
            "ssl_handshake_timeout": max(self.connect_timeout, 0.001),
            "ssl_shutdown_timeout": max(self.close_timeout, 0.001),
        }

    def made_framing(self) -> Framing:
        """Return what cuts one stream, or makes frames for it."""
        if self.framing == "length":
            return Prefixed(self.largest, self.width)
        return Lines(self.largest)
