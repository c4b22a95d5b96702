"""Leases: what one run has taken from a queue's table, until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from operators.connectors.answers import Answers
from operators.connectors.message import Message
from operators.connectors.postgres.connection import answer, identifier, within
from operators.connectors.postgres.settings import QueueSettings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_CLOSING = 5.0
"""Seconds to give back what was taken, of a run that is over; else the leases run out."""

# What is locked is on its way to somebody else. `attempts` is also the fence: who answers for an earlier
# time that a message was taken answers for nothing.
_TAKE = """
WITH next AS MATERIALIZED (
    SELECT id FROM {table} WHERE visible_at <= now() ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE {table} AS t
SET owner = %s, attempts = attempts + 1, visible_at = now() + make_interval(secs => %s)
FROM next WHERE t.id = next.id
RETURNING t.id, t.attempts, t.payload
"""
_DONE = """
DELETE FROM {table} AS t USING unnest(%s::bigint[], %s::int[]) AS told(id, attempt)
WHERE t.id = told.id AND t.attempts = told.attempt AND t.owner = %s
"""
_UNDONE = """
UPDATE {table} AS t SET owner = NULL, visible_at = now() + make_interval(secs => %s)
FROM unnest(%s::bigint[], %s::int[]) AS told(id, attempt)
WHERE t.id = told.id AND t.attempts = told.attempt AND t.owner = %s
"""
_REJECTED = """
UPDATE {table} AS t SET owner = NULL, visible_at = 'infinity'
FROM unnest(%s::bigint[], %s::int[]) AS told(id, attempt)
WHERE t.id = told.id AND t.attempts = told.attempt AND t.owner = %s
"""
_LONGER = """
UPDATE {table} SET visible_at = now() + make_interval(secs => %s)
WHERE owner = %s AND id = ANY(%s::bigint[])
"""
_GIVE_BACK = "UPDATE {table} SET owner = NULL, visible_at = now() WHERE owner = %s"
_EMPTY = "SELECT NOT EXISTS (SELECT FROM {table} WHERE visible_at < 'infinity')"

Token = tuple[int, int]
"""The id of a message, and which time it is that it was taken."""


class Leases:
    """What is in hand of one run: taken, told apart by the run's own name, answered, and given back."""

    def __init__(
        self, connection: AsyncConnection[Any], table: str, settings: QueueSettings
    ) -> None:
        self._connection = connection
        self._table = identifier(table)
        self._headers = {"queue": table}
        self._settings = settings
        self._owner = uuid4()
        self._changed = asyncio.Event()
        self._leaving = False
        self._loop = asyncio.get_running_loop()
        self._keeping = self._loop.create_task(self._keep())
        self._answers = Answers("postgres.queue_source", self._tell, settings.linger)

    @property
    def in_hand(self) -> int:
        """How many messages are neither answered nor let go of."""
        return len(self._answers.in_hand)

    async def leave(self, *, failed: bool) -> None:
        """Pass on the last answers, and go; those in hand may be answered for a while yet."""
        self._leaving = True
        await self._answers.close(self._release, failed=failed)

    async def _release(self) -> None:
        self._keeping.cancel()
        try:
            await asyncio.wait([self._keeping])
            if self._answers.error is None and not self._connection.closed:
                await self._run(_GIVE_BACK, self._owner)
        finally:
            await self._connection.close()

    # What the source asks for -------------------------------------------------------------------

    async def take(self, most: int) -> list[Message[Any]]:
        """Return so many messages at most; none where there are none."""
        seconds = self._settings.lease
        rows = await answer(self._settings, self._rows(_TAKE, most, self._owner, seconds))
        return [
            Message(
                payload,
                {**self._headers, "id": id, "attempt": attempt},
                self._answers.give((id, attempt)),
            )
            for id, attempt, payload in sorted(rows, key=_first)
        ]

    async def empty(self) -> bool:
        """Whether the table has nothing more to give, now or later."""
        return bool((await answer(self._settings, self._rows(_EMPTY)))[0][0])

    def check(self) -> None:
        """Raise what has kept an answer from getting through; forget what was let go of."""
        self._answers.check()

    async def pause(self, enough: Callable[[], bool]) -> None:
        """Wait for a while, or until it is so, which an answer may bring about."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.poll):
                while not enough():
                    self._changed.clear()
                    await self._changed.wait()

    # Answers ------------------------------------------------------------------------------------

    async def _tell(self, done: list[Token], undone: list[Token], rejected: list[Token]) -> None:
        if done:
            await self._run(_DONE, *_columns(done), self._owner)
        if undone:
            await self._run(_UNDONE, self._settings.again, *_columns(undone), self._owner)
        if rejected:
            await self._run(_REJECTED, *_columns(rejected), self._owner)
        self._loop.call_soon(self._changed.set)  # when they are no longer in hand

    async def _keep(self) -> None:
        """Make the leases longer of what is in hand, for as long as this program lives."""
        try:
            while True:
                await asyncio.sleep(self._settings.lease / 3)
                self._answers.check()
                if ids := [id for id, _ in self._answers.in_hand]:
                    await self._run(_LONGER, self._settings.lease, self._owner, ids)
        except Exception as error:
            self._answers.error = self._answers.error or error
            self._changed.set()

    # Statements ---------------------------------------------------------------------------------

    async def _run(self, statement: str, *parameters: Any) -> None:
        text = statement.format(table=self._table).encode()
        asked = self._connection.execute(text, parameters)
        if self._leaving:
            await within(_CLOSING, asked, "postgres: nothing could be given back within {} s")
        else:
            await answer(self._settings, asked)

    async def _rows(self, statement: str, *parameters: Any) -> list[Any]:
        text = statement.format(table=self._table).encode()
        return await (await self._connection.execute(text, parameters)).fetchall()


def _columns(tokens: list[Token]) -> tuple[list[int], list[int]]:
    return [id for id, _ in tokens], [attempt for _, attempt in tokens]


def _first(row: tuple[Any, ...]) -> Any:
    return row[0]
