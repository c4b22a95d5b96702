"""Frames of TCP beside those of bare asyncio streams, over loopback, from the same plain sender."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from benchmarks.measure import AtMost, Case
from operators import Flow
from operators.connectors import tcp, values

FRAMES = 50_000
_SETTINGS = tcp.Settings(framing="length")
# To ask for a batch, and to run the event loop for it, is for each 64 KiB: 16 frames of the large ones.
_LIMITS = {"async for": AtMost(1.5), "for": AtMost(1.5)}
_LARGE = {"async for": AtMost(1.5), "for": AtMost(3.0)}
_PIECES = 50


_SENDER = """
import socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
piece, pieces = bytes.fromhex(sys.argv[1]) * int(sys.argv[2]), int(sys.argv[3])
def serve():
    while True:
        with server.accept()[0] as client:
            for _ in range(pieces):
                client.sendall(piece)
threading.Thread(target=serve, daemon=True).start()
sys.stdin.read()  # it ends with who has begun it
"""


@cache
def _sender(frame: bytes) -> tuple[str, int]:
    """Return where whoever connects is sent all the frames: by a process, which has a lock of its own."""
    command = [sys.executable, "-c", _SENDER, frame.hex(), str(FRAMES // _PIECES), str(_PIECES)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    _SENDERS.append(process)
    assert process.stdout is not None
    return "127.0.0.1", int(process.stdout.readline())


_SENDERS: list[subprocess.Popen[bytes]] = []


async def _bare_lengths(frame: bytes) -> int:
    reader, writer = await asyncio.open_connection(*_sender(frame))
    size = 0
    for _ in range(FRAMES):
        length = int.from_bytes(await reader.readexactly(4), "big")
        size += len(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return size


async def _bare_lines(frame: bytes) -> int:
    reader, writer = await asyncio.open_connection(*_sender(frame))
    size = 0
    for _ in range(FRAMES):
        size += len((await reader.readline())[:-1])
    writer.close()
    await writer.wait_closed()
    return size


def _by_for(flow: Flow[bytes]) -> int:
    size = 0
    for frame in flow:
        size += len(frame)
    return size


async def _by_async_for(flow: Flow[bytes]) -> int:
    size = 0
    async for frame in flow:
        size += len(frame)
    return size


def connected() -> list[Case]:
    """Frames of 100 and of 4,000 bytes with their length, and lines; by both kinds of loop."""
    rows: list[Case] = []
    for size in (100, 4_000):
        frame = size.to_bytes(4, "big") + b"x" * size
        limits = _LIMITS if size < 1_000 else _LARGE
        rows += _rows(f"TCP, frames of {size:,} bytes", frame, _SETTINGS, _bare_lengths, limits)
    line = b"x" * 99 + b"\n"
    rows += _rows("TCP, lines of 100 bytes", line, tcp.Settings(), _bare_lines, _LIMITS)
    return rows


def _rows(
    name: str,
    frame: bytes,
    settings: tcp.Settings,
    bare: Callable[[bytes], Coroutine[Any, Any, int]],
    limits: dict[str, AtMost],
) -> list[Case]:
    def peer() -> int:
        return asyncio.run(bare(frame))

    def flow() -> Flow[Any]:
        return tcp.source(*_sender(frame), settings).apply(values())

    ways: dict[str, Callable[[], int]] = {
        "async for": lambda: asyncio.run(_by_async_for(flow())),
        "for": lambda: _by_for(flow()),
    }
    return [
        Case(f"{name}, {way}", run, limits[way], FRAMES, peer, "asyncio streams")
        for way, run in ways.items()
    ]
