"""Member: one consumer of a group, from its first read to its last answer."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from contextlib import suppress
from typing import Any

from operators.connectors.answers import Answers
from operators.connectors.extras import need
from operators.connectors.redis.client import Server
from operators.connectors.redis.settings import SourceSettings

Entry = tuple[bytes, dict[bytes, bytes], bool]
"""Its id, its fields, and whether somebody has had it before."""

_BLOCK = 1.0
"""Seconds that a read waits at the server, at most: then it is seen what has become of answers."""
_NUMBERS = itertools.count(1)
_GIVEN_UP = 2**31
"""Milliseconds of idleness with which anybody may claim an entry at once."""

# A consumer that is deleted takes what is pending with it; a read that was cancelled may have been served.
_REMOVE = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
"""


class Member:
    """A consumer of a group: reads what it has had before, what others have left behind, and what is new."""

    def __init__(self, server: Server, stream: str, group: str, settings: SourceSettings) -> None:
        self._server = server
        self._stream = stream
        self._group = group
        self._settings = settings
        self._client = server.client()
        self._name = settings.consumer or f"{socket.gethostname()}-{os.getpid()}-{next(_NUMBERS)}"
        self._had: bytes | None = b"0" if settings.consumer else None
        self._claimed: bytes = b"0-0"
        self._claim_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._keeping: asyncio.Task[None] | None = None
        self.answers: Answers = Answers("redis.source", self._tell, settings.linger)

    async def join(self) -> None:
        """Make the group, and the stream, where there is none."""
        exists = need("redis.exceptions", "redis").ResponseError
        try:
            await self._server.answer(
                self._client.xgroup_create(
                    self._stream, self._group, id=self._settings.start, mkstream=True
                )
            )
        except exists as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._keeping = self._loop.create_task(self._keep())

    async def leave(self, *, failed: bool) -> None:
        """Pass on the last answers, and go; those in hand may be answered for a while yet."""
        await self.answers.close(self._release, failed=failed)

    # Reading ------------------------------------------------------------------------------------

    async def read(self) -> list[Entry]:
        """Return what is next, `prefetch` entries at most; none where there is nothing more to wait for."""
        while True:
            self.answers.check()
            entries = await self._had_before() or await self._left_behind()
            if entries:
                return entries
            entries = await self._new()
            if entries or not self._settings.follow:
                return entries

    async def _had_before(self) -> list[Entry]:
        entries: list[Entry] = []
        while self._had is not None and not entries:
            found = await self._read(self._had, None)
            self._had = found[-1][0] if found else None
            entries = await self._known(found)
        return entries

    async def _left_behind(self) -> list[Entry]:
        if self._loop.time() < self._claim_at:
            return []
        idle = self._settings.claim_idle
        answer = await self._server.answer(
            self._client.xautoclaim(
                self._stream, self._group, self._name, int(idle * 1_000), self._claimed,
                count=self._settings.prefetch,
            )
        )  # fmt: skip
        self._claimed = answer[0]
        if self._claimed == b"0-0":
            self._claim_at = self._loop.time() + idle / 2
        return await self._known(answer[1])

    async def _known(self, found: list[Any]) -> list[Entry]:
        """Return those of what was given before that are no longer in hand, and are still in the stream."""
        gone = [key for key, fields in found if not fields]
        if gone:
            await self._tell(gone, [], [])
        in_hand = self.answers.in_hand
        return [(key, fields, True) for key, fields in found if fields and key not in in_hand]

    async def _new(self) -> list[Entry]:
        block = min(_BLOCK, max(0.001, self._claim_at - self._loop.time()))
        found = await self._read(b">", block if self._settings.follow else None)
        return [(key, fields, False) for key, fields in found]

    async def _read(self, after: bytes, block: float | None) -> list[Any]:
        answer = await self._server.answer(
            self._client.xreadgroup(
                self._group, self._name, {self._stream: after}, count=self._settings.prefetch,
                block=None if block is None else max(1, int(block * 1_000)),
            ),
            block or 0.0,
        )  # fmt: skip
        return list(answer[0][1]) if answer else []

    # Answers ------------------------------------------------------------------------------------

    async def _tell(self, done: list[bytes], undone: list[bytes], rejected: list[bytes]) -> None:
        if gone := done + rejected:
            await self._server.answer(self._client.xack(self._stream, self._group, *gone))
        if undone:
            await self._claim(undone, _GIVEN_UP)
            self._claim_at = 0.0

    async def _claim(self, keys: list[bytes], idle: int) -> None:
        """Have entries pending here as if they were given so many milliseconds ago."""
        await self._server.answer(
            self._client.xclaim(
                self._stream, self._group, self._name, 0, keys, idle=idle, justid=True
            )
        )

    async def _keep(self) -> None:
        """Keep what is in hand from being claimed by others, for as long as this process lives."""
        try:
            while True:
                await asyncio.sleep(self._settings.claim_idle / 3)
                self.answers.check()
                if self.answers.in_hand:
                    await self._claim(list(self.answers.in_hand), 0)
        except Exception as error:
            self.answers.error = self.answers.error or error

    async def _release(self) -> None:
        keeping = self._keeping
        try:
            if keeping is not None:
                keeping.cancel()
                await asyncio.wait([keeping])
            if not self._settings.consumer and self.answers.error is None and keeping is not None:
                # Where scripts are not allowed an empty consumer stays in the group, which does no harm.
                with suppress(Exception):
                    await self._server.answer(
                        self._client.eval(_REMOVE, 1, self._stream, self._group, self._name)
                    )
        finally:
            await self._client.aclose()
