"""A WebSocket server by hand, on a plain socket: what no real one would do."""

from __future__ import annotations

import base64
import hashlib
import re
import socket

from tests.connectors.http_peers import head_of

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def greet(client: socket.socket) -> None:
    """Agree on a WebSocket."""
    found = re.search(rb"(?i)sec-websocket-key: (\S+)", head_of(client))
    if found is None:
        raise ConnectionAbortedError("the client has gone before it asked")
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-accept: %b\r\n\r\n" % accept
    )


def frame(data: bytes, opcode: int = 1) -> bytes:
    """A frame that is not masked, of up to 125 bytes."""
    return bytes([0x80 | opcode, len(data)]) + data
