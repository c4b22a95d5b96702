"""The client of redis-py, and how long it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from operators._kernel.failures.checks import need_text
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.arguments import need_url
from operators.connectors.extras import need
from operators.connectors.links import shown

T = TypeVar("T")


class Server:
    """Where a server is, and how long it may take for an answer."""

    def __init__(self, name: str, url: str, timeout: float) -> None:
        need_text(name, "url", url)
        self._url = url
        self._timeout = timeout
        parts = need_url(name, url, "redis", "rediss", "unix")
        self.shown: str = shown(parts) + parts.path

    def client(self) -> Any:
        """Return a client that connects when it is used, and tries nothing again in secret."""
        asynchronous = need("redis.asyncio", "redis")
        retry = need("redis.asyncio.retry", "redis").Retry
        backoff = need("redis.backoff", "redis").NoBackoff
        return asynchronous.Redis.from_url(
            self._url,
            socket_connect_timeout=self._timeout,
            socket_timeout=None,  # below, where it is known for how long an answer may take
            retry=retry(backoff(), 0),
            protocol=2,
            decode_responses=False,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Any]:
        """Give a client, which is closed in the end."""
        client = self.client()
        try:
            yield client
        finally:
            with Unbroken():
                await client.aclose()

    async def answer(self, asked: Awaitable[T], block: float = 0.0) -> T:
        """Return the answer; raise TimeoutError where there is none in time, and `block` seconds more."""
        try:
            async with asyncio.timeout(self._timeout + block):
                return await asked
        except TimeoutError as error:
            raise TimeoutError(
                f"{self.shown}: no answer within {self._timeout} s (timeout=)"
            ) from error
