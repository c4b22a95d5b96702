"""Engine: reads and writes the frames of one connection, and keeps its streams."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol

from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.slices import SLICE
from operators.connectors.message import Message
from operators.connectors.rsocket import codec
from operators.connectors.rsocket.codec import ProtocolError, RemoteError
from operators.connectors.rsocket.settings import Settings
from operators.connectors.rsocket.streams import Sending, Stream

_MOST_URGENT = 16_384
"""Frames that are no items; more than that wait only if the other side asks, and takes no answers."""


_FRAMES_AT_ONCE = 128
"""Frames of all streams that are written together; a stream has its own bound."""


class Transport(Protocol):
    """What carries frames: a connection over TCP or a WebSocket."""

    @property
    def peer(self) -> Any:
        """The address of the other side."""
        ...

    async def frames(self) -> list[bytes]:
        """Return the frames that come next; none at the end."""
        ...

    async def write(self, values: list[bytes]) -> None:
        """Write frames; wait while too much waits already."""
        ...

    async def flush(self) -> None:
        """Wait until all is with the kernel."""
        ...

    def abort(self) -> None:
        """Begin to close, whatever is under way."""
        ...

    async def close(self, *, abort: bool = False) -> None:
        """Close, and wait until that is done."""
        ...


class Answers(Protocol):
    """What answers the requests that come."""

    def __call__(self, engine: Engine, frame: Any, kind: int) -> None:
        """Answer one."""
        ...


class Engine:
    """One connection. `run` reads until the end of it; all else is called on the same loop, but `call`."""

    def __init__(
        self, transport: Transport, settings: Settings, answers: Answers, *, client: bool
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.settings: Settings = settings
        self.transport: Transport = transport
        self.over: bool = False
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self.setup: Message[bytes] | None = None
        """What a client has said at first."""
        self._answers = answers
        self._client = client
        self._next = 1 if client else 2
        self._streams: dict[int, Stream] = {}
        self._theirs = 0
        self._pieces = codec.Pieces(settings.largest)
        self._urgent: deque[bytes] = deque()
        self._ready: deque[Sending] = deque()
        self._news: asyncio.Future[None] | None = None
        self._idle: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._heard = monotonic()
        self._lifetime = settings.max_lifetime
        self._known = client
        self._writer: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # From any thread ----------------------------------------------------------------------------

    def call(
        self,
        function: Callable[..., object],
        *args: Any,
        lost: Callable[[Exception], object] | None = None,
    ) -> None:
        """Call it on the loop: now, where this is its thread, or else soon."""
        if running_loop() is self.loop:
            function(*args)
            return
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError as error:
            if not self.loop.is_closed():
                raise
            if lost is not None:
                lost(ConnectionResetError(f"the event loop of the connection was closed: {error}"))

    # What streams call --------------------------------------------------------------------------

    def need_open(self) -> None:
        """Raise what has ended the connection, if it is over."""
        if self.over:
            raise self._error or ConnectionResetError("the connection is closed")

    def number(self) -> int:
        """Return the number of a request of ours."""
        while (number := self._next) in self._streams or number == 0:
            self._next = (number + 2) & codec.MOST
        self._next = (number + 2) & codec.MOST
        return number

    def begin(self, stream: Stream) -> int:
        """Give a stream of ours its number; raise what has ended the connection."""
        self.need_open()
        stream.id = self.number()
        self._streams[stream.id] = stream
        return stream.id

    def send(self, *frames: bytes) -> None:
        """Write frames soon, before any items."""
        if self.over:
            return
        self._urgent.extend(frames)
        self._wake()
        if len(self._urgent) > _MOST_URGENT:
            self._break(ProtocolError("the other side asks on and on, and takes no answers"))

    def ready(self, sending: Sending) -> None:
        """Take note that a stream has something to write."""
        if not sending.listed:
            sending.listed = True
            self._ready.append(sending)
            self._wake()

    def forget(self, stream: Stream) -> None:
        """Have a number be free again."""
        if self._streams.pop(stream.id, None) is not None and not stream.requested:
            self._theirs -= 1
        self._pieces.drop(stream.id)

    @property
    def streams(self) -> int:
        """Requests that are under way, of both sides."""
        return len(self._streams)

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    # Its life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to read and to write."""
        if self._client:
            self._urgent.append(codec.setup_frame(self.settings))
        self._task = self.loop.create_task(self._run())
        self._writer = self.loop.create_task(self._write())
        self._timer = self.loop.call_later(self._period(), self._tick)

    async def _run(self) -> None:
        error: Exception | None = None
        try:
            await self._read()
        except ProtocolError as raised:
            error = raised
            with suppress(Exception):
                self._urgent.append(codec.error_frame(0, codec.CONNECTION_ERROR, str(raised)))
                self._wake()
                async with asyncio.timeout(1.0):
                    await self._flushed()
        except _Ended as raised:
            error = raised.reason
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await self._flushed()
                    await self.transport.flush()
        except Exception as raised:
            error = raised
        finally:
            self._end(error or ConnectionResetError("the other side has closed the connection"))
            await self.transport.close(abort=True)

    async def finish(self) -> None:
        """Close, when what was said has gone."""
        failed = True
        with suppress(Exception):
            async with asyncio.timeout(self.settings.connect_timeout):
                await self._flushed()
                await self.transport.flush()
                failed = False
        self._end(ConnectionResetError("the connection is closed"))
        await self.transport.close(abort=failed)
        await self._stopped()

    async def cut(self) -> None:
        """Cut it off; what is still under way is told, after those have had their turn who cancel it."""
        self._error = self._error or ConnectionResetError("the connection is closed")
        await self.transport.close(abort=True)
        await self._stopped()
        self._end(self._error)

    async def _stopped(self) -> None:
        tasks = [task for task in (self._task, self._writer) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _flushed(self) -> None:
        if not self.over:
            self._idle = idle = self._idle or self.loop.create_future()
            self._wake()
            await asyncio.shield(idle)

    def _idle_now(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():
            idle.set_result(None)

    def _break(self, error: Exception) -> None:
        """End it from within a call of a stream."""
        if self._error is None:
            self._error = error
        if self._task is not None:
            self._task.cancel()

    def _end(self, error: Exception) -> None:
        if self.over:
            return
        self._error = error = self._error or error
        self.over = True
        if self._writer is not None:
            self._writer.cancel()
        if self._timer is not None:
            self._timer.cancel()
        for stream in list(self._streams.values()):
            stream.fail(error)
        self._streams.clear()
        self._idle_now()
        if not self.closed.done():
            self.closed.set_result(None)

    # Signs of life ------------------------------------------------------------------------------

    def _period(self) -> float:
        return min(self.settings.keep_alive, self._lifetime / 3)

    def _tick(self) -> None:
        silent = monotonic() - self._heard
        if silent > self._lifetime:
            self._break(
                TimeoutError(f"the other side has sent nothing for {silent:.3g} s (max_lifetime)")
            )
            return
        if self._client:
            self.send(codec.keepalive_frame(respond=True))
        self._timer = self.loop.call_later(self._period(), self._tick)

    # Writing ------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            since = monotonic()
            while True:
                batch = list(self._urgent)
                self._urgent.clear()
                served: list[tuple[Sending, int]] = []
                while self._ready and len(batch) < _FRAMES_AT_ONCE:
                    sending = self._ready.popleft()
                    sending.listed = False
                    served.append((sending, sending.take(batch)))
                if batch:
                    # It waits for nothing while there is room.
                    await self.transport.write(batch)
                    for sending, items in served:
                        sending.written(items)
                    if monotonic() - since > SLICE:
                        await asyncio.sleep(0)
                        since = monotonic()
                    continue
                self._idle_now()
                self._news = news = self.loop.create_future()
                await news
        except Exception as error:
            self._break(error)

    # Reading ------------------------------------------------------------------------------------

    async def _read(self) -> None:
        received = self._received
        since = monotonic()
        while frames := await self.transport.frames():
            self._heard = monotonic()
            for frame in frames:
                received(frame)
                if monotonic() - since > SLICE:
                    # Others are to have their turn: frames that are there already are not waited for.
                    await asyncio.sleep(0)
                    since = monotonic()

    def _received(self, data: bytes) -> None:
        if len(data) < codec.HEADER:
            raise ProtocolError(f"a frame has {len(data)} bytes")
        kind = data[4] >> 2
        number = int.from_bytes(data[:4], "big") & codec.MOST
        if kind == codec.PAYLOAD and number not in self._pieces:
            flags = data[5]
            if not flags & codec.FOLLOWS:
                self._payload(number, data, flags)
                return
        if not self._known:
            self._set_up(data, kind)
        elif number == 0:
            self._of_connection(data, kind)
        else:
            self._of_stream(number, data, kind)

    def _payload(self, number: int, data: bytes, flags: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return  # it is over here; what is under way of it comes still
        metadata: bytes | None = None
        at = codec.HEADER
        if data[4] & codec.METADATA:
            at = 9 + int.from_bytes(data[6:9], "big")
            metadata = data[9:at]
        message = codec.message(data[at:], metadata) if flags & codec.NEXT else None
        stream.answered_frame(message, bool(flags & codec.COMPLETE))

    def _of_stream(self, number: int, data: bytes, kind: int) -> None:
        if kind == codec.ERROR:
            stream = self._streams.get(number)
            if stream is not None:
                stream.error_frame(codec.read_error(data))
            return
        frame = codec.read(data)
        if frame is None:
            return
        if kind in (codec.REQUEST_N, codec.CANCEL):
            stream = self._streams.get(number)
            if kind == codec.CANCEL:
                self._pieces.drop(number)
            if stream is None:
                return
            if kind == codec.CANCEL:
                stream.cancel_frame()
            elif 0 < frame.request_n <= codec.MOST:
                stream.request_n_frame(frame.request_n)
            return
        if frame.flags_follows or number in self._pieces:
            frame = self._pieces.add(frame)
            if frame is None:
                return
        kind = int(frame.frame_type)
        if kind == codec.PAYLOAD:
            stream = self._streams.get(number)
            if stream is not None:
                message = codec.message(frame.data, frame.metadata)
                stream.answered_frame(message if frame.flags_next else None, frame.flags_complete)
        else:
            self._request(number, frame, kind)

    def _request(self, number: int, frame: Any, kind: int) -> None:
        if number in self._streams or number % 2 != (0 if self._client else 1):
            raise ProtocolError(f"a request has the number {number}, which it cannot have")
        if self._theirs >= self.settings.streams:
            if kind != codec.REQUEST_FNF:
                text = f"{self._theirs} requests are under way"
                self.send(codec.error_frame(number, codec.REJECTED, text))
            return
        self._answers(self, frame, kind)

    def answering(self, number: int) -> Stream:
        """Return the stream of a request that has come."""
        stream = Stream(self, requested=False)
        stream.id = number
        self._streams[number] = stream
        self._theirs += 1
        return stream

    def _of_connection(self, data: bytes, kind: int) -> None:
        if kind == codec.ERROR:
            error = codec.read_error(data)
            raise _Ended(error)
        frame = codec.read(data)
        if kind == codec.METADATA_PUSH and frame is not None:
            self._answers(self, frame, kind)
        if kind == codec.KEEPALIVE and frame is not None and frame.flags_respond:
            self.send(codec.keepalive_frame(bytes(frame.data), respond=False))

    def _set_up(self, data: bytes, kind: int) -> None:
        """Take a client's first frame."""
        if kind == codec.RESUME:
            self._reject(codec.REJECTED_RESUME, "there is no resumption here")
        if kind != codec.SETUP:
            self._reject(codec.INVALID_SETUP, f"the first frame is of type {kind}, and no SETUP")
        frame = codec.read(data)
        if frame.flags_resume:
            self._reject(codec.UNSUPPORTED_SETUP, "there is no resumption here")
        if frame.flags_lease:
            self._reject(codec.UNSUPPORTED_SETUP, "there are no leases here")
        self._lifetime = frame.max_lifetime_milliseconds / 1_000
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(self._period(), self._tick)
        self.setup = codec.message(frame.data, frame.metadata)
        self._known = True

    def _reject(self, code: int, text: str) -> None:
        self.send(codec.error_frame(0, code, text))
        raise _Ended(RemoteError(code, text))


class _Ended(Exception):
    """The connection is over, for the reason given."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason: Exception = reason
