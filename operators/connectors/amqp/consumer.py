"""Consumer: a window of a queue, which the server keeps filled."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators.connectors.amqp.line import Line, Server
from operators.connectors.amqp.settings import SourceSettings
from operators.connectors.answers import Answers


class Consumer:
    """What the server has given out and was not answered is `prefetch` messages at most: in hand, or here."""

    def __init__(self, server: Server, queue: str, settings: SourceSettings) -> None:
        self._server = server
        self._queue = queue
        self._settings = settings
        self._line: Line | None = None
        self._came: deque[Any] = deque()
        self._tag: str | None = None
        self.answers: Answers = Answers("amqp.source", self._tell, settings.linger)

    @property
    def _open(self) -> Line:
        assert self._line is not None
        return self._line

    async def begin(self) -> None:
        """Connect, make the queue where there is none, and have messages come."""
        self._line = line = await self._server.connected()
        await line.made(self._queue, self._settings.arguments)
        if self._settings.follow:
            await line.answer(line.channel.basic_qos(prefetch_count=self._settings.prefetch))
            consuming = line.channel.basic_consume(self._queue, self._take)
            self._tag = (await line.answer(consuming)).consumer_tag

    async def _take(self, message: Any) -> None:
        self._came.append(message)
        self._open.ring()

    async def end(self, *, failed: bool) -> None:
        """Pass on the last answers, and go; those in hand may be answered for a while yet."""
        line = self._line
        try:
            if line is not None and line.is_open and not failed and self._tag is not None:
                # Nothing more is to come while answers are waited for.
                await line.answer(line.channel.basic_cancel(self._tag))
                await self._tell([], [message.delivery_tag for message in self._came], [])
        except Exception as error:
            self.answers.error = self.answers.error or error
        finally:
            await self.answers.close(self._release, failed=failed)

    async def read(self) -> list[Any]:
        """Return what has come; none where there is nothing more to wait for."""
        line = self._open
        if not self._settings.follow:
            self.answers.check()
            message = await line.answer(line.channel.basic_get(self._queue))
            is_empty = isinstance(message.delivery, line.library.spec.Basic.GetEmpty)
            return [] if is_empty else [message]
        while True:
            self.answers.check()
            if self._came:
                return [self._came.popleft() for _ in range(len(self._came))]
            if not await line.next():
                # It has been quiet for a while: is there still somebody?
                await line.answer(line.channel.queue_declare(self._queue, passive=True))

    async def _tell(self, done: list[int], undone: list[int], rejected: list[int]) -> None:
        await self._open.answer(self._say(done, undone, rejected))

    async def _say(self, done: list[int], undone: list[int], rejected: list[int]) -> None:
        channel = self._open.channel
        for tag in done:
            await channel.basic_ack(tag, wait=False)
        for tag in undone:
            await channel.basic_nack(tag, requeue=True, wait=False)
        for tag in rejected:
            await channel.basic_nack(tag, requeue=False, wait=False)

    async def _release(self) -> None:
        if self._line is not None:
            await self._line.close()  # what was not answered is given again by that
