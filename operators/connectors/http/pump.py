"""Pump: what an ASGI server says, for who reads it, and for who waits for the client to go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operators.flow import Flow

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Pump:
    """Takes in what comes, one message at a time, whoever waits for it, and whoever gives up waiting."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._asking: asyncio.Task[None] | None = None
        self._taken: asyncio.Future[None] | None = None
        self._watched = False
        self.claimed: bool = False
        """Whether somebody reads what comes, or will; otherwise it is dropped."""
        self.gone: bool = False
        """Whether the client is gone."""

    @property
    def holds(self) -> bool:
        """Whether something waits to be read."""
        raise NotImplementedError

    def take_in(self, message: MutableMapping[str, Any]) -> None:
        """Take in a message."""
        raise NotImplementedError

    def drop(self) -> None:
        """Drop what waits to be read."""
        raise NotImplementedError

    async def next(self) -> None:
        """Wait until the next message is taken in."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._asked())
        await asyncio.shield(self._asking)

    async def _asked(self) -> None:
        try:
            message = await self._receive()
        finally:
            self._asking = None
        self.take_in(message)

    def taken(self) -> None:
        """Say that what waited was read."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_result(None)

    async def release(self) -> None:
        """Have nobody read any more."""
        self.claimed = False
        self.drop()
        self.taken()
        if not self._watched:
            await self._stop_asking()

    async def watch(self) -> None:
        """Wait until the client is gone; one message waits for who reads."""
        self._watched = True
        try:
            while not self.gone:
                if self.holds:
                    self._taken = asyncio.get_running_loop().create_future()
                    await self._taken
                else:
                    await self.next()
        finally:
            self._watched = False
            if not self.claimed:
                await self._stop_asking()

    async def _stop_asking(self) -> None:
        asking = self._asking
        if asking is not None:
            asking.cancel()
            await asyncio.wait([asking])  # a cancel that is raised here is no other than our own
            if not asking.cancelled():
                asking.result()


async def run_with(watching: Coroutine[Any, Any, None], flow: Flow[Any]) -> None:
    """Run a flow to its end; what is watched for ends it before, cleanup included."""
    handle = flow.for_each(_nothing)
    watcher = asyncio.create_task(watching)
    watcher.add_done_callback(lambda _: handle.cancel())
    try:
        await handle
    finally:
        watcher.cancel()
        await asyncio.wait([watcher])
    if not watcher.cancelled():
        watcher.result()


def _nothing(item: object) -> None:
    pass
