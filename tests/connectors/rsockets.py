"""RSocket for the tests: a server of ours, and peers by hand, which know none of our code."""

from __future__ import annotations

import queue
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from operators import Flow
from operators.connectors import rsocket, values
from tests.connectors.kit import DEADLINE, cancelled_after
from tests.connectors.peers import Address, answering, connect_to

SETUP, KEEPALIVE, RESPONSE, FNF, STREAM, CHANNEL, REQUEST_N, CANCEL, PAYLOAD, ERROR = (
    1, 3, 4, 5, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
COMPLETE, NEXT, FOLLOWS = 0x40, 0x20, 0x80
METADATA = 0x100


def numbered(n: int) -> bytes:
    return b"%d" % n


RESPONDER = rsocket.Responder(
    request_stream=lambda message: Flow.range(int(message.value)).map(numbered),
    request_response=lambda message: Flow.of(message.value.upper()),
    request_channel=lambda first, incoming: incoming.apply(values()),
)


@contextmanager
def serving(
    responder: rsocket.Responder = RESPONDER, url: str = "tcp://127.0.0.1:0", **settings: Any
) -> Iterator[str]:
    """A server of ours, for as long as the block takes."""
    urls: queue.Queue[str] = queue.Queue()
    told = rsocket.Settings(**settings, on_listening=urls.put)
    run = rsocket.listen(url, responder, told).for_each(lambda _: None)
    try:
        yield urls.get(timeout=DEADLINE)
    finally:
        cancelled_after(run, lambda: True)


def counted(elements: int) -> Flow[Any]:
    """A server to which one client comes, as 0."""

    def come(url: str) -> None:
        host, port = url.removeprefix("tcp://").split(":")
        connect_to((host, int(port)))

    settings = rsocket.Settings(on_listening=come)
    return rsocket.listen("tcp://127.0.0.1:0", RESPONDER, settings).map(lambda _: 0).take(elements)


# By hand ----------------------------------------------------------------------------------------


def frame(stream: int, kind: int, flags: int = 0, body: bytes = b"") -> bytes:
    return struct.pack(">IH", stream, kind << 10 | flags) + body


def setup(lifetime: int = 90_000, flags: int = 0) -> bytes:
    mime = b"\x01a"
    return frame(0, SETUP, flags, struct.pack(">HHII", 1, 0, 20_000, lifetime) + mime + mime)


class Hand:
    """One end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, *frames: bytes) -> None:
        self.sock.sendall(b"".join(len(each).to_bytes(3, "big") + each for each in frames))

    def receive(self) -> tuple[int, int, int, bytes]:
        """The next frame that is no sign of life: its stream, type, flags, and what follows."""
        while True:
            length = self.file.read(3)
            if not length:
                raise EOFError
            data = self.file.read(int.from_bytes(length, "big"))
            stream, both = struct.unpack(">IH", data[:6])
            if both >> 10 != KEEPALIVE:
                return stream, both >> 10, both & 0x3FF, data[6:]

    def rest(self) -> None:
        """Read to the end: who closes with something unread resets the connection."""
        self.file.read()

    def request_n(self) -> int:
        """The demand in the next frame, a REQUEST_N."""
        _, kind, _, body = self.receive()
        assert kind == REQUEST_N, kind
        n: int = struct.unpack(">I", body)[0]
        return n

    def asked(self, kind: int = STREAM) -> tuple[int, int, bytes]:
        """The request that comes after the SETUP: its stream, demand, and payload."""
        assert self.receive()[1] == SETUP
        stream, found, _, body = self.receive()
        assert found == kind, found
        return stream, struct.unpack(">I", body[:4])[0], body[4:]


def by_hand(serve: Callable[[Hand], Any], *, times: int = 1) -> str:
    """A server by hand: the URL of it."""

    def run(sock: socket.socket) -> None:
        hand = Hand(sock)
        with hand.file, suppress(EOFError):
            serve(hand)

    return url_of(answering(run, times=times))


def url_of(address: Address) -> str:
    return f"tcp://{address[0]}:{address[1]}"


@contextmanager
def client_of(url: str, *frames: bytes) -> Iterator[Hand]:
    """A client by hand, which has sent its SETUP, or what is given instead."""
    host, port = url.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), DEADLINE) as sock:
        hand = Hand(sock)
        hand.send(*(frames or (setup(),)))
        with hand.file:
            yield hand


def numbers(hand: Hand) -> None:
    """Answer a request for a stream with the numbers below its payload, as they are asked for."""
    stream, demand, payload = hand.asked()
    for n in range(int(payload)):
        while not demand:
            _, kind, _, body = hand.receive()
            if kind == CANCEL:
                return
            (demand,) = struct.unpack(">I", body)
        demand -= 1
        hand.send(frame(stream, PAYLOAD, NEXT, numbered(n)))
    hand.send(frame(stream, PAYLOAD, COMPLETE))
    hand.rest()


def swallow(hand: Hand) -> None:
    """Take all that comes over a channel, and complete when that does."""
    stream = hand.asked(CHANNEL)[0]
    hand.send(frame(stream, REQUEST_N, 0, struct.pack(">I", 2**31 - 1)))
    while True:
        flags = hand.receive()[2]
        if flags & COMPLETE:
            hand.send(frame(stream, PAYLOAD, COMPLETE))
