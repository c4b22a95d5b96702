"""Links to a server: how one is begun and closed for its connectors, and how its server is shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from urllib.parse import SplitResult

from operators._kernel.hosts.cleanups import Unbroken


class Link(Protocol):
    """A connection to a server."""

    async def connect(self) -> None:
        """Connect, once."""
        ...

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        ...


L = TypeVar("L", bound=Link)


async def connected(link: L) -> L:
    """Return the link, connected; raise what keeps it from that, when nothing of it is left."""
    try:
        await link.connect()
    except BaseException:
        await link.close()
        raise
    return link


@asynccontextmanager
async def opened(link: L) -> AsyncGenerator[L]:
    """Give the link, connected, which is closed in the end."""
    await connected(link)
    try:
        yield link
    finally:
        with Unbroken():
            await link.close()


def shown(parts: SplitResult) -> str:
    """Return the address of a server without name and password, for messages."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
