"""HTTP and WebSocket beside bare httpx and websockets, over loopback, from the same plain sender."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from benchmarks.measure import AtMost, Case
from operators import Flow
from operators.connectors import http, values

LINES = 100_000
MESSAGES = 5_000
_SAME = {"async for": AtMost(1.5), "for": AtMost(1.5)}
# The line of httpx is a str, made in C with all others; ours is a Message and an item besides: 0.2 us more.
_LINES = {"async for": AtMost(2.5), "for": AtMost(2.5)}

_SENDER = """
import asyncio, socket, sys, threading
from websockets.asyncio.server import serve
lines, messages = int(sys.argv[1]), int(sys.argv[2])
kinds = {
    b"/lines": b"x" * 99 + b"\\n",
    b"/json": b'{"number": 12345, "name": "some name", "price": 1.25}\\n',
    b"/events": b"event: token\\ndata: some text of a token\\n\\n",
}
server = socket.create_server(("127.0.0.1", 0))
def plain():
    while True:
        with server.accept()[0] as client:
            asked = b""
            while b"\\r\\n\\r\\n" not in asked:
                asked += client.recv(65536)
            path = asked.split()[1]
            kind = b"text/event-stream" if path == b"/events" else b"text/plain"
            piece, count = kinds[path] * 100, lines // 100
            head = b"HTTP/1.1 200 OK\\r\\ncontent-type: %b\\r\\ncontent-length: %d\\r\\n\\r\\n"
            client.sendall(head % (kind, len(piece) * count))
            for _ in range(count):
                client.sendall(piece)
threading.Thread(target=plain, daemon=True).start()
async def main():
    async def give(connection):
        for _ in range(messages):
            await connection.send("x" * 100)
    async with serve(give, "127.0.0.1", 0, compression=None) as sockets:
        at = next(iter(sockets.sockets)).getsockname()[1]
        print(server.getsockname()[1], at, flush=True)
        await asyncio.to_thread(sys.stdin.read)  # it ends with who has begun it
asyncio.run(main())
"""
_SENDERS: list[subprocess.Popen[bytes]] = []


@cache
def _ports() -> tuple[int, int]:
    """Return the ports of HTTP and of WebSocket, of a process that has a lock of its own."""
    command = [sys.executable, "-c", _SENDER, str(LINES), str(MESSAGES)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    _SENDERS.append(process)
    assert process.stdout is not None
    first, second = process.stdout.readline().split()
    return int(first), int(second)


def _url(path: str) -> str:
    return f"http://127.0.0.1:{_ports()[0]}{path}"


@cache
def _trusted() -> Any:
    # It takes longer to make than thousands of lines do, and ours has it from the run before.
    import httpx

    return httpx.create_ssl_context()


async def _bare_lines() -> int:
    import httpx

    size = 0
    async with (
        httpx.AsyncClient(verify=_trusted()) as client,
        client.stream("GET", _url("/lines")) as answer,
    ):
        async for line in answer.aiter_lines():
            size += len(line)
    return size


async def _bare_json() -> int:
    import httpx

    size = 0
    async with (
        httpx.AsyncClient(verify=_trusted()) as client,
        client.stream("GET", _url("/json")) as answer,
    ):
        async for line in answer.aiter_lines():
            size += len(json.loads(line))
    return size


async def _bare_events() -> int:
    """What httpx-sse does, at its least: lines, of which two are an event."""
    import httpx

    size = 0
    data = ""
    async with (
        httpx.AsyncClient(verify=_trusted()) as client,
        client.stream("GET", _url("/events")) as answer,
    ):
        async for line in answer.aiter_lines():
            name, _, rest = line.partition(":")
            if name == "data":
                data = rest.removeprefix(" ")
            elif not line:
                size += len(data)
    return size


async def _bare_websocket() -> int:
    from websockets.asyncio.client import connect

    size = 0
    async with connect(f"ws://127.0.0.1:{_ports()[1]}", compression=None) as connection:
        async for message in connection:
            size += len(message)
    return size


def _by_for(flow: Flow[Any]) -> int:
    size = 0
    for item in flow:
        size += len(item)
    return size


async def _by_async_for(flow: Flow[Any]) -> int:
    size = 0
    async for item in flow:
        size += len(item)
    return size


def requested() -> list[Case]:
    """Lines, NDJSON, events, and messages; by both kinds of loop."""

    def messages() -> Flow[Any]:
        flow = http.websocket(f"ws://127.0.0.1:{_ports()[1]}")
        return flow.concat_map(lambda socket: socket.source().apply(values()))

    def lines() -> Flow[Any]:
        return http.source(_url("/lines")).apply(values())

    def records() -> Flow[Any]:
        return http.source(_url("/json"), http.ClientSettings(format="json")).apply(values())

    def events() -> Flow[Any]:
        return http.events(_url("/events")).apply(values())

    return [
        *_rows("HTTP, lines of 100 bytes", lines, _LINES, LINES, _bare_lines, "httpx aiter_lines"),
        *_rows("HTTP, NDJSON", records, _SAME, LINES, _bare_json, "httpx and json.loads"),
        *_rows("HTTP, events", events, _LINES, LINES, _bare_events, "httpx and 6 lines"),
        *_rows("WebSocket, 100 bytes", messages, _SAME, MESSAGES, _bare_websocket, "websockets"),
    ]


def _rows(
    name: str,
    flow: Callable[[], Flow[Any]],
    limits: dict[str, AtMost],
    count: int,
    bare: Callable[[], Coroutine[Any, Any, int]],
    peer: str,
) -> list[Case]:
    ways: dict[str, Callable[[], int]] = {
        "async for": lambda: asyncio.run(_by_async_for(flow())),
        "for": lambda: _by_for(flow()),
    }
    return [
        Case(f"{name}, {way}", run, limits[way], count, lambda: asyncio.run(bare()), peer)
        for way, run in ways.items()
    ]
