"""The owner of a consumer: the one thread that calls it, for one run of a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic

from operators.connectors.kafka.assignment import Partition
from operators.connectors.kafka.client import LOGGER
from operators.connectors.kafka.consuming import Consuming
from operators.connectors.kafka.member import Member
from operators.connectors.kafka.message import KafkaMessage
from operators.connectors.kafka.settings import SourceSettings
from operators.schedulers import thread

_POLL = 0.05
"""Seconds of one poll, after which the thread looks whether it is told something."""
_ANSWERS = 0.005
"""Seconds between looks for answers that are waited for: they wake nobody."""
_PATIENCE = 10.0
"""Seconds without room for more messages, after which that is said."""

_LONGEST_END = 10.0
"""Seconds that an end waits for the client, which does not give up a commit while a broker hangs."""

Batch = list[KafkaMessage]


class Owner:
    """A member of a group and its thread, which keeps up with the group while nobody asks for anything.

    The run calls `begin`, `batch` and `close` on its event loop.
    """

    def __init__(
        self, servers: str, topics: list[str], group: str, settings: SourceSettings
    ) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._told: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._worker = thread("operators-kafka").worker()
        self._consuming = Consuming(lambda: self._told.put(self._drain))
        self._asked: asyncio.Future[Batch] | None = None
        self._next: asyncio.Future[Batch] | None = None
        # Where there may be several in hand, one half of them is taken while the other is dealt with.
        self._most = max(1, settings.prefetch // 2)
        self._error: BaseException | None = None
        # What follows is the thread's.
        self._member = Member(
            servers,
            topics,
            group,
            settings,
            self._consuming,
            self._put_back,
        )
        self._wanted: asyncio.Future[Batch] | None = None
        self._unwanted_since = monotonic()
        self._ticked = 0.0
        self._full_since: float | None = None
        self._draining_until: float | None = None
        self._closing = False

    # On the event loop --------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin the thread; raises what keeps it from being begun."""
        self._worker.schedule(self._run)

    async def batch(self) -> Batch:
        """Return the next messages; none at the end. Raises what has ended the run."""
        asked, self._next = self._next or self._ask(), None
        messages = await asked
        if messages:
            if self._most < self._settings.prefetch:
                self._next = self._ask()
        elif self._error is not None:
            raise self._error
        return messages

    def _ask(self) -> asyncio.Future[Batch]:
        asked = self._loop.create_future()
        if self._over.done():
            asked.set_result([])
        else:
            self._asked = asked
            self._told.put(partial(self._want, asked))
        return asked

    async def close(self) -> None:
        """Commit what is acknowledged, leave the group, and wait for that."""
        self._told.put(self._close)
        until = self._loop.time() + _LONGEST_END
        while not self._over.done() and self._loop.time() < until:
            with suppress(asyncio.CancelledError):  # it is on its way out already
                await asyncio.wait([self._over], timeout=_LONGEST_END)
        if not self._over.done():
            LOGGER.warning("the group is not left yet: no broker answers; its thread goes on")
        self._worker.close()

    def _put_back(self, partition: Partition, offset: int) -> None:
        self._told.put(partial(self._member.again, partition, offset))

    # What the thread is told ----------------------------------------------------------------------

    def _want(self, wanted: asyncio.Future[Batch]) -> None:
        self._wanted = wanted

    def _close(self) -> None:
        self._closing = True

    def _drain(self) -> None:
        if self._draining_until is None:
            self._draining_until = monotonic() + self._settings.drain

    def _listen(self, seconds: float = 0.0) -> None:
        """Do what it is told; wait so long for something."""
        with suppress(Empty):
            self._told.get(seconds > 0, seconds)()
            while True:
                self._told.get_nowait()()

    # The thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._member.open(self._is_closing, self._wait_for_answers)
            if not self._closing and self._settings.on_start is not None:
                self._settings.on_start(self._consuming)
            while not (self._closing or self._is_drained()):
                self._turn()
        except BaseException as raised:
            error = raised
        try:
            self._member.end()
        except BaseException as raised:
            error = error or raised
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        self._error = error
        self._over.set_result(None)
        if self._asked is not None and not self._asked.done():
            self._asked.set_result([])

    def _is_closing(self) -> bool:
        self._listen()
        return self._closing

    def _is_drained(self) -> bool:
        if self._draining_until is None:
            return False
        unsettled = any(each.prefix.unsettled for each in self._member.assignment)
        return not unsettled or monotonic() >= self._draining_until

    def _turn(self) -> None:
        member = self._member
        member.look()
        if self._draining_until is not None:
            member.keep_up()
            self._listen(_ANSWERS)
        elif self._wanted is None:
            self._idle(
                max(_ANSWERS, min(self._settings.commit_interval, self._settings.pause_after))
            )
        elif self._is_full():
            self._idle(_ANSWERS)
        else:
            self._serve(self._wanted)
        now = monotonic()
        if now - self._ticked >= self._settings.commit_interval:
            self._ticked = now
            member.commit()
            if self._settings.on_start is not None:
                member.read()
        if self._settings.end == "caught_up" and member.has_caught_up:
            self._drain()
        self._listen()

    def _serve(self, wanted: asyncio.Future[Batch]) -> None:
        """Give what there is to who has asked for it."""
        messages = self._member.take(self._most, _POLL)
        if messages:
            self._wanted = None
            self._unwanted_since = monotonic()
            self._loop.call_soon_threadsafe(_give, wanted, messages)

    def _idle(self, seconds: float) -> None:
        """Wait so long to be told something; keep up with the group once that lasts."""
        # A pause drops what was fetched ahead: not for every batch.
        if monotonic() - self._unwanted_since >= self._settings.pause_after:
            self._member.keep_up()
        self._listen(seconds)

    def _is_full(self) -> bool:
        """Whether too many messages wait for answers; that is said, once it lasts."""
        assignment = self._member.assignment
        if assignment.held < self._settings.unacknowledged:
            self._full_since = None
            return False
        now = monotonic()
        if self._full_since is None:
            self._full_since = now
        elif now - self._full_since >= _PATIENCE:
            self._full_since = float("inf")  # once is enough
            first = [(each.place, each.prefix.first) for each in assignment if each.prefix.held]
            LOGGER.warning(
                "no more is read: %d messages wait to be acknowledged (unacknowledged=), first %s",
                assignment.held,
                ", ".join(f"{topic}[{n}] {offset}" for (topic, n), offset in first),
            )
        return True

    def _wait_for_answers(self, leaving: list[Partition]) -> None:
        """Wait, in the midst of a rebalance, for the answers to what was given of these partitions."""
        until = monotonic() + self._settings.drain
        while not self._closing and monotonic() < until:
            if not any(each.prefix.unsettled for each in leaving):
                return
            self._listen(_ANSWERS)


def _give(wanted: asyncio.Future[Batch], messages: Batch) -> None:
    if not wanted.done():
        wanted.set_result(messages)
