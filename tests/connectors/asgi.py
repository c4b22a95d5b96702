"""ASGI applications served on loopback, by uvicorn in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from websockets.exceptions import InvalidState

from tests.connectors.kit import DEADLINE, eventually


@contextmanager
def serving(app: Any, *, send_buffer: int = 0, **options: Any) -> Iterator[str]:
    """Serve the application, and give "127.0.0.1:port"; what is still under way at the end is cancelled.

    `send_buffer` is how many bytes the kernel takes of each connection's answers.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    if send_buffer:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer // 2)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        ws="websockets-sansio",
        **{"http": "h11", **options},
    )
    server = uvicorn.Server(config)

    def run() -> None:
        with suppress(InvalidState):  # it falls over a WebSocket that is just being closed
            asyncio.run(server.serve([listening]))

    thread = threading.Thread(target=run, name="uvicorn", daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive(), "the server's start")
        assert thread.is_alive(), "the server has not started"
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(DEADLINE)
        assert not thread.is_alive(), "the server has not ended"
        listening.close()
