"""Settings of RSocket."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from operators._kernel.failures.checks import need_count, need_seconds
from operators.connectors import tcp
from operators.connectors.arguments import need_fields
from operators.connectors.rsocket.codec import LARGEST, SMALLEST_FRAGMENT


@dataclass(frozen=True, slots=True)
class Settings:
    """How to talk over a connection; the same for both ends, and both ways.

    `window` is the largest number of items of a stream of ours that wait to be written, whatever the other
    side has asked for; `high_water` the bytes of all of them that wait in this process. `largest` is the
    most bytes that a payload that comes may have, fragments put together. What goes is cut into frames of
    `fragment` bytes at most; None cuts nothing, and a frame has at most 16 MB. The other side may have
    `streams` requests under way; further ones are rejected.

    A client says by `data_mime` and `metadata_mime` what payloads are, and sends the payload `setup`. It
    sends a sign of life each `keep_alive` seconds; a side that has sent nothing for `max_lifetime` seconds is
    lost, which is a TimeoutError. `connect_timeout`, in seconds, is for the connection, TLS and SETUP.

    `tls` is an ssl.SSLContext, `server_hostname` the name to be checked by a client, by default the host. A
    server calls `on_listening` with its address, as a URL, as soon as it can be connected to, and has up to
    `backlog` clients wait.
    """

    window: int = 256
    high_water: int = 65_536
    largest: int = LARGEST
    fragment: int | None = None
    streams: int = 1_024
    data_mime: str = "application/octet-stream"
    metadata_mime: str = "application/octet-stream"
    setup: bytes = b""
    keep_alive: float = 20.0
    max_lifetime: float = 90.0
    connect_timeout: float = 10.0
    tls: ssl.SSLContext | None = None
    server_hostname: str | None = None
    backlog: int = 128
    on_listening: Callable[[str], object] | None = None

    def __post_init__(self) -> None:
        need_fields("rsocket", self)
        for name in ("window", "high_water", "largest", "streams", "backlog"):
            need_count("rsocket", name, getattr(self, name))
        if self.fragment is not None:
            need_count("rsocket", "fragment", self.fragment, least=SMALLEST_FRAGMENT)
        for name in ("keep_alive", "max_lifetime", "connect_timeout"):
            need_seconds("rsocket", name, getattr(self, name))
        for name in ("data_mime", "metadata_mime"):
            mime: str = getattr(self, name)
            if not mime.isascii() or not 0 < len(mime) < 128:
                raise ValueError(f"rsocket: {name} has 1 to 127 letters of ASCII, got {mime!r}")

    def for_tcp(self) -> tcp.Settings:
        """Return what a connection over TCP has of it."""
        return tcp.Settings(
            framing="length",
            width=3,
            largest=LARGEST,
            high_water=self.high_water,
            tls=self.tls,
            server_hostname=self.server_hostname,
            connect_timeout=self.connect_timeout,
            backlog=self.backlog,
        )
