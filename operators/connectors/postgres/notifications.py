"""Notifications: what others say by NOTIFY."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.postgres.connection import answer, connected, identifier
from operators.connectors.postgres.settings import NotificationSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Notifications(AsyncSource[Message[str]]):
    name = "postgres.notifications"

    def __init__(
        self, conninfo: str, channels: tuple[str, ...], settings: NotificationSettings
    ) -> None:
        if not channels:
            raise TypeError("postgres.notifications: needs a channel at least")
        self._conninfo = conninfo
        # A channel's name may have a dot in it, which separates nothing.
        self._listen = "".join(f"LISTEN {identifier(each, whole=True)};" for each in channels)
        self._settings = settings
        self.details: str = ", ".join(channels)

    async def batches(self) -> AsyncGenerator[list[Message[Any]]]:
        settings = self._settings
        async with connected(self._conninfo, settings, autocommit=True) as connection:
            await answer(settings, connection.execute(self._listen.encode()))
            if settings.announce:
                yield [Message("", {"listening": True})]
            while True:
                async with aclosing(connection.notifies(timeout=settings.quiet)) as notifies:
                    async for notify in notifies:
                        headers = {"channel": notify.channel, "pid": notify.pid}
                        yield [Message(notify.payload, headers)]
                # A server that is gone in silence is only noticed by a question.
                await answer(settings, connection.execute("SELECT 1"))


def notifications(
    conninfo: str,
    *channels: str,
    settings: NotificationSettings = NotificationSettings(),  # noqa: B008 - frozen
) -> Flow[Message[str]]:
    """Return a flow of what is said on some channels (NOTIFY), by whomever, while it listens.

    The value is the payload, a str; the headers are "channel" and "pid", the server's process of whoever
    said it. Without demand nothing more is read off the connection: the rest waits in the kernel's buffers
    and in the server's own queue (8 GB, which all who listen share: mind one that never reads). At most
    once: what is said while there is no connection is lost, and a lost connection is an error. After
    `flow.restart(Backoff(...))` it listens again; with `settings.announce` it says when, so that what was
    missed can be looked up in a table. It never completes. Fails as `source` does; TypeError without a
    channel.

    >>> from operators.connectors import postgres
    >>> postgres.notifications("dbname=shop", "orders", "returns").map(str)
    <Flow postgres.notifications | flat_map_iterable | map>
    """
    need_arguments("postgres.notifications", NotificationSettings, settings, conninfo=conninfo)
    return _Notifications(conninfo, channels, settings).flow()
