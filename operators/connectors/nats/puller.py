"""Puller: asks a consumer for so many messages, and takes what comes of it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from operators.connectors.answers import Answers
from operators.connectors.extras import need
from operators.connectors.nats.link import Link, Server
from operators.connectors.nats.settings import SourceSettings

_ACK, _NAK, _PROGRESS, _TERM = b"+ACK", b"-NAK", b"+WPI", b"+TERM"
_GONE = ("Deleted", "Bad Request", "push based")
"""What a status says where no other request will do any better."""


class Puller:
    """One pull request at a time: what it has not brought yet is what may come that is not in hand."""

    def __init__(
        self, server: Server, stream: str, consumer: str, settings: SourceSettings
    ) -> None:
        self._server = server
        self._stream = stream
        self._consumer = consumer
        self._settings = settings
        self._link: Link | None = None
        self._came: deque[Any] = deque()
        self._inbox = ""
        self._asked = 0
        self._nothing_more = False
        self._refused: Exception | None = None
        self._ack_wait = settings.ack_wait
        self._keeping: asyncio.Task[None] | None = None
        self.answers: Answers = Answers("nats.source", self._tell, settings.linger)

    @property
    def _open(self) -> Link:
        assert self._link is not None
        return self._link

    async def begin(self) -> None:
        """Connect, and make the consumer where there is none."""
        self._link = link = await self._server.connected()
        settings = self._settings
        if settings.subjects:
            await link.answer(link.made(self._stream, list(settings.subjects)))
        try:
            found = await link.answer(link.stream.consumer_info(self._stream, self._consumer))
        except link.not_found:
            wanted = link.api.ConsumerConfig(
                durable_name=self._consumer,
                ack_policy=link.api.AckPolicy.EXPLICIT,
                ack_wait=settings.ack_wait,
                filter_subject=settings.subject or None,
            )
            found = await link.answer(link.stream.add_consumer(self._stream, wanted))
        self._ack_wait = found.config.ack_wait or self._ack_wait
        self._inbox = link.client.new_inbox()
        await link.listen(self._inbox, self._take)
        self._keeping = asyncio.get_running_loop().create_task(self._keep())

    async def end(self, *, failed: bool) -> None:
        """Pass on the last answers, and go; those in hand may be answered for a while yet."""
        await self.answers.close(self._release, failed=failed)

    # Fetching -----------------------------------------------------------------------------------

    async def read(self) -> list[Any]:
        """Return what has come, `prefetch` messages at most; none where there is nothing more."""
        while True:
            self.answers.check()
            if self._refused is not None:
                raise self._refused
            if self._came:
                taken = [self._came.popleft() for _ in range(len(self._came))]
                return [message for message in taken if message.reply not in self.answers.in_hand]
            if self._nothing_more:
                return []
            if self._asked == 0:
                await self._ask()
            await self._open.next()

    async def _ask(self) -> None:
        self._asked = self._settings.prefetch
        request: dict[str, Any] = {"batch": self._asked}
        if self._settings.follow:
            # While it waits the server has to give signs of life.
            beat = int(self._server.timeout * 1e9 / 3)
            request |= {"expires": 10 * beat, "idle_heartbeat": beat}
        else:
            request["no_wait"] = True
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        link = self._open
        await link.answer(
            link.client.publish(subject, json.dumps(request).encode(), reply=self._inbox)
        )

    async def _take(self, message: Any) -> None:
        headers: dict[str, str] = message.headers or {}
        status = headers.get("Status")
        if status is None:
            self._asked -= 1
            self._came.append(message)
        elif status != "100":  # the request is over; 100 is a sign of life
            self._asked = 0
            said = headers.get("Description", "")
            if status == "404" and not self._settings.follow:
                self._nothing_more = True
            elif status not in ("404", "408", "409") or any(each in said for each in _GONE):
                error = need("nats.js.errors", "nats").APIError
                self._refused = error(code=int(status), description=said or "no responders")
        self._open.ring()

    # Answers ------------------------------------------------------------------------------------

    async def _tell(self, done: list[str], undone: list[str], rejected: list[str]) -> None:
        await self._say((done, _ACK), (undone, _NAK), (rejected, _TERM))

    async def _say(self, *words: tuple[list[str], bytes]) -> None:
        """Say so of each message; the server has it when this returns."""
        await self._open.answer(self._said(words))

    async def _said(self, words: tuple[tuple[list[str], bytes], ...]) -> None:
        client = self._open.client
        for replies, word in words:
            for reply in replies:
                await client.publish(reply, word)
        await client.flush(int(self._server.timeout) + 1)

    async def _keep(self) -> None:
        """Say that what is in hand is in progress, for as long as this process lives."""
        try:
            while True:
                await asyncio.sleep(self._ack_wait / 3)
                self.answers.check()
                if self.answers.in_hand:
                    await self._say((list(self.answers.in_hand), _PROGRESS))
        except Exception as error:
            self.answers.error = self.answers.error or error

    async def _release(self) -> None:
        keeping, link = self._keeping, self._link
        try:
            if keeping is not None:
                keeping.cancel()
                await asyncio.wait([keeping])
            left = [message.reply for message in self._came]
            if (
                left
                and self.answers.error is None
                and link is not None
                and link.client.is_connected
            ):
                await self._say((left, _NAK))
        finally:
            if link is not None:
                await link.close()
