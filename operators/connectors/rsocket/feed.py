"""Feed: batches of a sink as the items of a channel."""

from __future__ import annotations

import asyncio
from typing import Any

from operators.connectors.rsocket.engine import Engine
from operators.connectors.rsocket.requests import Channel
from reactive_streams import UNBOUNDED, Subscriber, Subscription


class Feed:
    """A Publisher of what is written, and the Subscriber of what is answered; all on the loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._to: Subscriber[Any] | None = None
        self._demand = 0
        self._stopped = False
        self._news: asyncio.Future[None] | None = None
        self._over: asyncio.Future[None] = engine.loop.create_future()
        self._begun = False

    async def write(self, items: list[Any]) -> None:
        """Send items, as they are asked for."""
        if not self._begun:
            self._begun = True
            Channel(self._engine, self).subscribe(self)
        for item in items:
            while not self._demand and not self._stopped:
                self._news = self._engine.loop.create_future()
                await self._news
            if self._stopped or self._to is None:
                if not self._over.done():
                    await self._over
                self._over.result()
                raise ConnectionResetError("the other side wants no more of the channel")
            self._demand -= 1
            self._to.on_next(item)

    async def end(self) -> None:
        """Say that this was all, and wait for the other side's end."""
        if self._to is not None:
            self._to.on_complete()
            await self._over

    # Of what goes -------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber[Any]) -> None:
        """Take the Subscriber that sends."""
        self._to = subscriber
        subscriber.on_subscribe(self)

    def request(self, n: int) -> None:
        """Take demand."""
        self._demand += n
        self._wake()

    def cancel(self) -> None:
        """Take the cancel: the other side wants no more, or is gone."""
        self._stopped = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    # Of what is answered ------------------------------------------------------------------------

    def on_subscribe(self, subscription: Subscription) -> None:
        """Ask for all of it."""
        subscription.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        """Throw it away."""

    def on_error(self, error: Exception) -> None:
        """Take the other side's error."""
        self._stopped = True
        if not self._over.done():
            self._over.set_exception(error)
            self._over.exception()  # somebody is to wait for it, or not
        self._wake()

    def on_complete(self) -> None:
        """Take the end of both directions."""
        self._stopped = True
        if not self._over.done():
            self._over.set_result(None)
        self._wake()
