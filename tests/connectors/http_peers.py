"""Servers of HTTP by hand, on plain sockets: what no real one would say."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from tests.connectors.peers import Address, answering

OK = b"HTTP/1.1 200 OK\r\n"


def whole(data: bytes, kind: bytes = b"text/plain") -> bytes:
    """An answer with its length."""
    return OK + b"content-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(data)) + data


def chunk(data: bytes) -> bytes:
    """A piece of an answer in pieces."""
    return b"%x\r\n%b\r\n" % (len(data), data)


CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
CHUNKED_EVENTS = (
    OK
    + b"connection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST = b"0\r\n\r\n"


def head_of(client: socket.socket) -> bytes:
    """Read what is asked, without a body."""
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(65_536)):
        data += more
    return data


def body_of(client: socket.socket) -> bytes:
    """Read what is asked, and its body, which comes in pieces."""
    data = head_of(client)
    while not data.endswith(LAST) and (more := client.recv(65_536)):
        data += more
    return data


def replies(
    *answers: bytes | Callable[[socket.socket], Any],
    asked: list[bytes] | None = None,
    reading: Callable[[socket.socket], bytes] = head_of,
    times: int = 1,
) -> Address:
    """Answer one request after another, each on a connection of its own, with bytes or by a function."""
    left = list(answers) * times

    def serve(client: socket.socket) -> None:
        data = reading(client)
        if asked is not None:
            asked.append(data)
        answer = left.pop(0)
        if isinstance(answer, bytes):
            client.sendall(answer)
        else:
            answer(client)

    return answering(serve, times=len(left))


def url(address: Address, path: str = "/", scheme: str = "http") -> str:
    return f"{scheme}://{address[0]}:{address[1]}{path}"
