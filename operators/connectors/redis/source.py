"""A stream as a source, read as a member of a group."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import need_text
from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.answers import let_go
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.redis.client import Server
from operators.connectors.redis.member import Entry, Member
from operators.connectors.redis.settings import SourceSettings
from operators.custom import AsyncSource

if TYPE_CHECKING:
    from operators.flow import Flow


class _Source(AsyncSource[Message[dict[str, Any]]]):
    name = "redis.source"

    def __init__(self, url: str, stream: str, group: str, settings: SourceSettings) -> None:
        need_text("redis.source", "stream", stream)
        need_text("redis.source", "group", group)
        self._server = Server("redis.source", url, settings.timeout)
        self._stream = stream
        self._group = group
        self._settings = settings
        self.details: str = f"{stream} of {self._server.shown}, as {group}"
        self.holds: int = settings.prefetch

    async def batches(self) -> AsyncGenerator[Iterator[Message[dict[str, Any]]]]:
        member = Member(self._server, self._stream, self._group, self._settings)
        failed = False
        try:
            await member.join()
            while entries := await member.read():
                yield let_go([self._message(member, entry) for entry in entries])
        except Exception:
            failed = True
            raise
        finally:
            with Unbroken():
                await member.leave(failed=failed)

    def _message(self, member: Member, entry: Entry) -> Message[dict[str, Any]]:
        key, fields, again = entry
        headers = {"stream": self._stream, "id": key.decode(), "redelivered": again}
        value: dict[str, Any]
        if self._settings.text:
            try:
                value = {name.decode(): each.decode() for name, each in fields.items()}
            except UnicodeDecodeError as error:
                error.add_note(f"in entry {key.decode()} of {self._stream}")
                raise
        else:
            value = {name.decode(errors="surrogateescape"): each for name, each in fields.items()}
        return Message(value, headers, member.answers.give(key))


def source(
    url: str,
    stream: str,
    group: str,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[dict[str, Any]]]:
    """Return a flow of the entries of a stream that fall to a member of a group, each to one of them.

    `settings.prefetch` entries are read (XREADGROUP) when one is asked for (§1.1) and those before are used
    up; the others stay in the stream. The value of a message is a dict of field to bytes, or to str with
    `settings.text`; its headers are "stream", "id" and "redelivered". `ack()` is XACK; a message that
    was given `nack()`, and one that nobody has acknowledged for `settings.claim_idle` seconds, because
    its consumer was killed say, is given again, to whoever asks: at least once. It never completes, unless
    with `follow=False`. `url` is as for `sink`. Fails with a redis.exceptions.RedisError, with TimeoutError
    where no answer comes; to connect again there is `flow.restart(Backoff(...))`.

    >>> from operators.connectors import redis
    >>> sold = redis.source(
    ...     "redis://localhost", "sold", "billing", redis.SourceSettings(prefetch=10)
    ... )
    >>> names = sold.map(lambda message: message.value["name"])
    """
    need_arguments("redis.source", SourceSettings, settings, url=url, stream=stream, group=group)
    return _Source(url, stream, group, settings).flow()
