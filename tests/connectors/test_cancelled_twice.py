"""A task that is cancelled once more while a server of its own says goodbye: no client stays connected."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from operators import Flow
from operators.connectors import http, rsocket, tcp
from tests.operators.kit import DEADLINE, soon

Listen = Callable[[Callable[[Any], object]], Flow[Any]]


def _over_tcp(on_listening: Callable[[Any], object]) -> Flow[Any]:
    return tcp.listen("127.0.0.1", 0, tcp.Settings(on_listening=on_listening))


def _rsocket(on_listening: Callable[[Any], object]) -> Flow[Any]:
    def told(url: str) -> None:
        parts = urlsplit(url)
        on_listening((parts.hostname, parts.port))

    settings = rsocket.Settings(on_listening=told)
    return rsocket.listen("tcp://127.0.0.1:0", rsocket.Responder(), settings)


@pytest.mark.parametrize("listen", [_over_tcp, _rsocket])
@pytest.mark.parametrize("turns", range(4))
def test_no_client_stays_connected(listen: Listen, turns: int):
    clients: list[socket.socket] = []
    got: list[Any] = []

    def connect(address: tuple[str, int]) -> None:
        clients.extend(socket.create_connection(address, DEADLINE) for _ in range(3))

    async def use() -> None:
        async for connection in listen(connect):
            got.append(connection)

    async def main() -> None:
        using = asyncio.create_task(use())
        await soon(lambda: len(got) == 3)
        using.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        using.cancel()
        await asyncio.wait([using], timeout=DEADLINE)
        assert using.cancelled()
        for client in clients:
            with suppress(ConnectionResetError):
                assert await asyncio.to_thread(client.recv, 1) == b""
        await soon(lambda: len(asyncio.all_tasks()) == 1)

    try:
        asyncio.run(main())
    finally:
        for client in clients:
            client.close()


def test_a_server_of_websockets_does_not_wait_for_clients_to_leave():
    from websockets.asyncio.client import connect

    async def main() -> None:
        urls: asyncio.Queue[str] = asyncio.Queue()
        settings = rsocket.Settings(on_listening=urls.put_nowait)
        got: list[Any] = []

        async def use() -> None:
            async for connection in rsocket.listen(
                "ws://127.0.0.1:0", rsocket.Responder(), settings
            ):
                got.append(connection)

        using = asyncio.create_task(use())
        client = await connect(await urls.get())
        await soon(lambda: got)
        using.cancel()
        _, left = await asyncio.wait([using], timeout=DEADLINE)
        await client.close()
        assert not left

    asyncio.run(main())


def test_a_cancel_that_comes_while_a_body_is_given_up_is_heard():
    async def main() -> None:
        given_up = asyncio.Event()

        async def receive() -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()
                await asyncio.sleep(0)

        async def use() -> None:
            scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
            async for _ in http.body(scope, receive, http.ServerSettings(silence=0.01)):
                pass

        using = asyncio.create_task(use())
        await given_up.wait()
        using.cancel()
        await asyncio.wait([using], timeout=DEADLINE)
        assert using.cancelled()

    asyncio.run(main())
