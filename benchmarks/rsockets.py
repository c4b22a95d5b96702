"""RSocket beside the client of the package `rsocket`, from the same server, a process of ours."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import cache
from typing import Any

from benchmarks.measure import AtMost, Case
from operators import Flow
from operators.connectors import rsocket, values

ITEMS = 20_000
_SIZE = 100
_WINDOW = 256

_SERVER = """
import sys
from operators import Flow
from operators.connectors import rsocket
item = b"x" * int(sys.argv[1])
responder = rsocket.Responder(
    request_stream=lambda message: Flow.repeat_value(item).take(int(message.value))
)
settings = rsocket.Settings(on_listening=lambda url: print(url, flush=True))
run = rsocket.listen("tcp://127.0.0.1:0", responder, settings).for_each(lambda _: None)
sys.stdin.read()  # it ends with who has begun it
run.cancel()
"""


@cache
def _server() -> str:
    """Return the URL of a server that sends as many items as it is asked for."""
    command = [sys.executable, "-c", _SERVER, str(_SIZE)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _SERVERS.append(process)
    assert process.stdout is not None
    return process.stdout.readline().strip()


_SERVERS: list[subprocess.Popen[str]] = []


class _Counting:
    """A Subscriber of the package's, which asks again when three quarters of the window have come."""

    def __init__(self, window: int, over: asyncio.Future[int]) -> None:
        self.portion = self.left = max(1, window * 3 // 4)
        self.count = 0
        self.over = over
        self.subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = subscription

    def on_next(self, value: Any, is_complete: bool = False) -> None:
        self.count += 1
        self.left -= 1
        if not self.left:
            self.left = self.portion
            self.subscription.request(self.portion)
        if is_complete:
            self.on_complete()

    def on_error(self, error: Exception) -> None:
        self.over.set_exception(error)

    def on_complete(self) -> None:
        self.over.set_result(self.count)


async def _theirs(window: int) -> int:
    from rsocket.helpers import single_transport_provider
    from rsocket.payload import Payload
    from rsocket.rsocket_client import RSocketClient
    from rsocket.transports.tcp import TransportTCP

    host, port = _server().removeprefix("tcp://").split(":")
    transport = TransportTCP(*await asyncio.open_connection(host, int(port)))
    async with RSocketClient(single_transport_provider(transport)) as client:
        counting = _Counting(window, asyncio.get_running_loop().create_future())
        stream: Any = client.request_stream(Payload(b"%d" % ITEMS))
        stream.initial_request_n(window).subscribe(counting)
        return await counting.over


def _ours(window: int) -> int:
    flow: Flow[Any] = rsocket.source(_server(), b"%d" % ITEMS).apply(values())
    return flow.limit_rate(window).count().run() or 0


async def _by_async_for() -> int:
    count = 0
    async for _ in rsocket.source(_server(), b"%d" % ITEMS).apply(values()):
        count += 1
    return count


def rsocketed() -> list[Case]:
    """A stream in portions of 192 with 256 under way, and one item at a time, by `async for`."""
    return [
        Case(
            f"RSocket, items of {_SIZE} bytes, {_WINDOW} at a time", lambda: _ours(_WINDOW),
            AtMost(1.5), ITEMS, lambda: asyncio.run(_theirs(_WINDOW)), "RSocketClient",
        ),
        Case(
            f"RSocket, items of {_SIZE} bytes, async for, 1 at a time",
            lambda: asyncio.run(_by_async_for()),
            AtMost(1.5), ITEMS, lambda: asyncio.run(_theirs(1)), "RSocketClient",
        ),
    ]  # fmt: skip
