"""Peers on loopback, by hand on plain sockets; each is over when its connection is, or its time is up."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from tests.connectors.kit import DEADLINE

Address = tuple[str, int]


def lines(count: int) -> bytes:
    return b"".join(b"%d\n" % n for n in range(count))


_LISTENING: list[socket.socket] = []


def listening(port: int = 0) -> socket.socket:
    made = socket.create_server(("127.0.0.1", port))
    made.settimeout(DEADLINE)
    _LISTENING.append(made)
    return made


def close_all() -> None:
    """Close what still listens: to some of them nobody has come."""
    for server in _LISTENING:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
    _LISTENING.clear()


def begin(function: Callable[[], Any]) -> threading.Thread:
    """Run it on a thread that nobody has to wait for; a peer that is gone is no matter to it."""

    def quietly() -> None:
        with suppress(OSError):
            function()

    thread = threading.Thread(target=quietly, name="peer", daemon=True)
    thread.start()
    return thread


def answering(serve: Callable[[socket.socket], Any], *, times: int = 1) -> Address:
    """Listen, and call the function with each of so many connections, on a thread."""
    server = listening()

    def run() -> None:
        with server:
            for _ in range(times):
                client = server.accept()[0]
                client.settimeout(DEADLINE)
                begin(partial(_with, client, serve))

    begin(run)
    address: Address = server.getsockname()
    return address


def _with(client: socket.socket, serve: Callable[[socket.socket], Any]) -> None:
    with client:
        serve(client)


def served(data: bytes, *, times: int = 1) -> Address:
    """A server that sends the data, and closes."""
    return answering(lambda client: client.sendall(data), times=times)


def swallowed(into: list[bytes] | None = None, *, times: int = 1) -> Address:
    """A server that reads all that comes."""

    def serve(client: socket.socket) -> None:
        while data := client.recv(65_536):
            if into is not None:
                into.append(data)

    return answering(serve, times=times)


def hanging() -> tuple[Address, threading.Event]:
    """A server that accepts and never says or reads anything, until the event is set."""
    gone = threading.Event()
    return answering(lambda _: gone.wait(DEADLINE)), gone


def connect_to(address: Address) -> None:
    """A client that connects, and waits for the end."""

    def run() -> None:
        with socket.create_connection(address, DEADLINE) as client:
            client.recv(1)

    begin(run)


def nowhere() -> Address:
    """An address where nobody listens."""
    with listening() as server:
        address: Address = server.getsockname()
    return address


def reset(client: socket.socket) -> None:
    """Vanish: the other side gets a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def proxy(
    target: Address,
    *,
    cut_after: int | None = None,
    corrupt_at: int | None = None,
    change: Callable[[bytes], bytes] = lambda data: data,
    piece: int = 65_536,
    gate: Callable[[], Any] = lambda: None,
    port: int = 0,
    passed: list[int] | None = None,
) -> Iterator[Address]:
    """Stand between a client and a server: what the server sends is passed on in pieces, cut or corrupted.

    `gate` is called before each piece: what it waits for is how slow it is. `change` gives what is passed on
    in place of a piece, and `passed` is told how many bytes were passed on.
    """
    server = listening(port)
    over = threading.Event()
    connections: list[socket.socket] = []

    def to_client(far: socket.socket, near: socket.socket) -> None:
        sent = 0
        while not over.is_set() and (data := far.recv(piece)):
            gate()
            if corrupt_at is not None and sent <= corrupt_at < sent + len(data):
                at = corrupt_at - sent
                data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
            data = change(data)
            if cut_after is not None and sent + len(data) > cut_after:
                near.sendall(data[: cut_after - sent])
                break
            near.sendall(data)
            sent += len(data)
            if passed is not None:
                passed.append(len(data))
        near.shutdown(socket.SHUT_WR)
        far.shutdown(socket.SHUT_RDWR)

    def to_server(near: socket.socket, far: socket.socket) -> None:
        while data := near.recv(piece):
            far.sendall(data)
        far.shutdown(socket.SHUT_WR)

    def pass_on(near: socket.socket) -> None:
        with near, socket.create_connection(target, DEADLINE) as far:
            near.settimeout(DEADLINE)
            back = begin(lambda: to_server(near, far))
            connections.extend((near, far))
            with suppress(OSError):
                to_client(far, near)
            with suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)  # a close alone wakes nobody who reads
            back.join(DEADLINE)

    def run() -> None:
        with server:
            while not over.is_set():
                begin(partial(pass_on, server.accept()[0]))

    thread = begin(run)
    try:
        yield server.getsockname()
    finally:
        over.set()
        for each in (server, *connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(DEADLINE)
