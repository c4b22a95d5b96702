"""Wire: one connection at the level of the event loop's protocols, where reading can be paused."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, cast

from operators.connectors.tcp.settings import Settings

_READ_AT_ONCE = 65_536
_AHEAD = 16_384
"""Bytes that nobody waits for, after which reading is paused."""
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class Wire(asyncio.BufferedProtocol):
    """Reads while frames are waited for, or little is buffered; writes up to the high-water mark.

    All of it runs on the event loop.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._view = memoryview(bytearray(_READ_AT_ONCE))
        self._framing = settings.made_framing()
        self._transport: asyncio.Transport | None = None
        self._reading = True
        self._full = False
        self._came: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._ended = False
        self._parting = False
        self._drops = False
        self._spoken = False
        self._error: Exception | None = None
        self.closed: asyncio.Future[None] = self._loop.create_future()

    # What the transport calls -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = made = cast("asyncio.Transport", transport)
        made.set_write_buffer_limits(high=self._settings.high_water)
        tune(made.get_extra_info("socket"), self._settings)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        framing = self._framing
        self._spoken = True
        if not self._drops:
            framing.feed(bytes(self._view[:nbytes]))
        if self._came is None and self._reading and framing.pending >= _AHEAD:
            self._reading = False
            self._made.pause_reading()
        self._wake_reader()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake_reader()
        return self._settings.tls is None  # what we have to say may still be said, but with TLS

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._room)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = self._error or exc
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake_reader()
        _wake(self._room)

    @property
    def _made(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def _wake_reader(self) -> None:
        came, self._came = self._came, None
        _wake(came)

    # What the flows call ------------------------------------------------------------------------

    @property
    def peer(self) -> Any:
        """The address of the other side."""
        return self._made.get_extra_info("peername")

    async def frames(self) -> list[bytes]:
        """Return the next frames, up to `prefetch` of them; none at the end of the stream.

        Raises what has ended the connection, CutFrameError, FrameTooLargeError, or TimeoutError.
        """
        settings, framing = self._settings, self._framing
        while True:
            found = framing.take(settings.prefetch)
            if found:
                return found
            if self._ended:
                if self._error is not None:
                    raise self._error
                return framing.finish()
            self._came = came = self._loop.create_future()
            if not self._reading:
                self._reading = True
                self._made.resume_reading()
            if self._parting:
                await self._last_words(came)
            else:
                await self._patient(came, "sent nothing")

    async def write(self, values: list[bytes]) -> None:
        """Write frames; wait while more than the high-water mark of bytes wait already."""
        frame = self._framing.frame
        pending: list[bytes] = []
        size = 0
        for value in values:
            data = frame(value)
            pending.append(data)
            size += len(data)
            if size >= self._settings.high_water:
                await self._send(pending)
                pending, size = [], 0
        if pending:
            await self._send(pending)

    async def _send(self, pieces: list[bytes]) -> None:
        self._look()
        self._made.write(b"".join(pieces))
        while self._full:
            self._room = room = self._loop.create_future()
            await self._patient(room, "took nothing")
            self._look()

    def _look(self) -> None:
        if self.closed.done():
            raise self._error or ConnectionResetError("the other side has closed the connection")

    async def flush(self) -> None:
        """Wait until the kernel has all of what was written."""
        made = self._made
        made.set_write_buffer_limits(high=0)
        while made.get_write_buffer_size():
            self._look()
            self._room = room = self._loop.create_future()
            await self._patient(room, "took nothing")
        self._look()

    def end(self) -> None:
        """Tell the other side that nothing more comes, while it is read on.

        TLS cannot tell that: there reading ends when nothing has come for `close_timeout`.
        """
        if self.closed.done():
            return
        if self._made.can_write_eof():
            self._end_writing()
        else:
            self._parting = True
            self._wake_reader()

    def _end_writing(self) -> None:
        try:
            self._made.write_eof()
        except OSError as error:
            # The socket is connected no more, which has not been read yet.
            raise ConnectionResetError("the other side has reset the connection") from error

    async def _last_words(self, came: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                await came
        except TimeoutError:
            self._ended = True

    def drop(self) -> None:
        """Read on, and drop what comes: nobody will ask for it."""
        self._drops = True
        if not self._reading:
            self._reading = True
            self._made.resume_reading()

    async def goodbye(self) -> None:
        """End the connection, and wait until the other side has done so too, for a while.

        TLS cannot tell that nothing more comes: who has said something is waited for until it is silent.
        Raises what has cut it off meanwhile.
        """
        if self.closed.done():
            return
        tells = self._made.can_write_eof()
        if tells:
            self._end_writing()
        self.drop()
        patience = self._settings.close_timeout
        with suppress(TimeoutError):
            async with asyncio.timeout(10 * patience):
                while not self._ended and (tells or self._spoken):
                    self._came = came = self._loop.create_future()
                    async with asyncio.timeout(patience):
                        await came
        if self._error is not None:  # it has not read to the end
            raise self._error

    async def _patient(self, waiter: asyncio.Future[None], what: str) -> None:
        silence = self._settings.silence
        if silence is None:
            await waiter
            return
        try:
            async with asyncio.timeout(silence):
                await waiter
        except TimeoutError:
            host, port = self.peer[:2]
            raise TimeoutError(f"{host}:{port}: {what} for {silence} s (silence=)") from None

    def abort(self) -> None:
        """Begin to close the connection, whatever waits to be written."""
        self._made.abort()

    async def close(self, *, abort: bool = False) -> None:
        """Close the connection, and wait until it is closed."""
        if abort:
            self.abort()
        else:
            self._made.close()
        await asyncio.shield(self.closed)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def tune(sock: Any, settings: Settings) -> None:
    """Keep the kernel's buffers small, so that demand is felt at the other side; send at once."""
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    if settings.receive_buffer is not None:
        # What the kernel grants is twice that, of which half is its own bookkeeping.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer // 2)
    if _NOTSENT_LOWAT is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, settings.unsent)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # An event loop sets it on sockets that it has made itself, and not on those that it was given.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
