"""Entries of a Redis stream beside bare redis-py, of the same server; all of them acknowledged, as they come.

It starts a redis-server, where there is one.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
from functools import cache
from typing import Any

from benchmarks.measure import AtMost, Case
from operators import Flow
from operators.connectors import redis, values

ENTRIES = 20_000
_BATCH = 64  # the default prefetch
_LIMIT = AtMost(1.5)
_GROUPS = itertools.count()


@cache
def _filled() -> str:
    """Return where a server is that has the entries."""
    from tests.connectors.servers.base import end_all, shared
    from tests.connectors.servers.redis import Redis

    class InMemory(Redis):
        on_disk = "no"  # it is the clients that are measured, not a disk

    atexit.register(end_all)
    url = shared(InMemory).url
    entries = Flow.range(ENTRIES).map(lambda n: {"n": n, "text": "x" * 100})
    entries.apply(redis.sink(url, "entries", redis.SinkSettings(batch=1_000))).run()
    return url


async def _bare(url: str) -> int:
    from redis.asyncio import Redis

    group = f"group-{next(_GROUPS)}"
    count = 0
    client: Any
    async with Redis.from_url(url) as client:
        await client.xgroup_create("entries", group, id="0")
        while answer := await client.xreadgroup(group, "one", {"entries": ">"}, count=_BATCH):
            ((_, entries),) = answer
            for _, fields in entries:
                count += len(fields) > 0
            await client.xack("entries", group, *(key for key, _ in entries))
        await client.xgroup_destroy("entries", group)
    assert count == ENTRIES
    return count


def _flow(url: str) -> Flow[Any]:
    settings = redis.SourceSettings(prefetch=_BATCH, follow=False)
    return redis.source(url, "entries", f"group-{next(_GROUPS)}", settings).apply(values())


async def _by_async_for(url: str) -> int:
    count = 0
    async for fields in _flow(url):
        count += len(fields) > 0
    assert count == ENTRIES
    return count


def _by_for(url: str) -> int:
    count = 0
    for fields in _flow(url):
        count += len(fields) > 0
    assert count == ENTRIES
    return count


def streamed() -> list[Case]:
    """Entries read, acknowledged and counted, by both kinds of loop."""
    ways = {
        "async for": lambda: asyncio.run(_by_async_for(_filled())),
        "for": lambda: _by_for(_filled()),
    }
    return [
        Case(
            f"Redis stream, {way}", run, _LIMIT, ENTRIES,
            lambda: asyncio.run(_bare(_filled())), "redis-py XREADGROUP",
        )
        for way, run in ways.items()
    ]  # fmt: skip
