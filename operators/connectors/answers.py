"""Answers: what became of the messages of one run, on its way to the system that they came from."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar, cast

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.loops import LoopLease, running_loop
from operators._kernel.hosts.runtimes import BEGUN
from operators._kernel.subscription.demand import Claim
from operators.connectors.message import Message, Settlement

T = TypeVar("T")
_MOMENT = 0.002  # seconds
Tell = Callable[[list[Any], list[Any], list[Any]], Awaitable[object]]


class Answers:
    """What a source was told of its messages, by whichever thread, and tells on, on its event loop.

    `tell` is awaited with the tokens of those that were acknowledged, of those that are to be given again,
    and of those that are not, one call at a time; what has come meanwhile is the next batch. When the run
    is over the connection is kept for those that are still in somebody's hands, for `linger` seconds at
    most: a sink downstream may be about to write them. One that was let go of without a word by then is to
    be given again. What `tell` raises is `error`, for the run to fail with, and for the hook where that is
    over.
    """

    def __init__(self, name: str, tell: Tell, linger: float) -> None:
        self._name = name
        self._tell = tell
        self._linger = linger
        # An answer may come when the run has given its own back.
        self._lease = LoopLease(movable=True)
        self._told: deque[tuple[Any, bool | None]] = deque()
        self._let_go: deque[Any] = deque()
        self._woken = False
        self._task: asyncio.Task[None] | None = None
        self._over = False
        self._failed = False
        self._closed = False
        self._changed: asyncio.Future[None] | None = None
        self.in_hand: dict[Any, None] = {}
        """The tokens of what was given and is neither answered nor let go of."""
        self.error: Exception | None = None

    # For the source, on its loop ----------------------------------------------------------------

    def give(self, token: Any) -> Answer:
        """Return the answer to a message that is given now."""
        self.in_hand[token] = None
        return Answer(self, token)

    def check(self) -> None:
        """Raise what has kept an answer from getting through; forget what was let go of."""
        if self.error is not None:
            raise self.error
        self._sort_out()

    async def close(
        self, release: Callable[[], Awaitable[object]], *, failed: bool = False
    ) -> None:
        """The run is over: tell what is to be told, and release the connection, now or in a while.

        Where it has failed its error stands for answers that do not get through either.
        """
        self._over = True
        self._failed = failed or self.error is not None
        try:
            await self._all_told()
        finally:
            if self.in_hand and self.error is None and self._linger > 0:
                self._lease.spawn(self._lingering(release))
            else:
                await self._end(release)

    async def _lingering(self, release: Callable[[], Awaitable[object]]) -> None:
        try:
            await BEGUN
            with suppress(TimeoutError):
                async with asyncio.timeout(self._linger):
                    while self.in_hand and self.error is None:
                        self._changed = changed = self._lease.loop.create_future()
                        self._sort_out()
                        await self._all_told()
                        if self.in_hand and self.error is None:
                            await changed
        except Exception as error:
            drop_error(error, f"while {self._name} waited for answers, after its end")
        finally:
            # Where a loop is closed, which cancels this, answers of its last moment are told all the same.
            try:
                await self._all_told()
            finally:
                await self._end(release)

    async def _end(self, release: Callable[[], Awaitable[object]]) -> None:
        self._closed = True
        if self._told and not self._failed:
            self._too_late("its connection was closed")
        self.in_hand.clear()
        try:
            await release()
        except Exception as error:
            drop_error(error, f"while {self._name} was closed")
        finally:
            self._lease.release()

    async def _all_told(self) -> None:
        while self._told or self._task is not None:
            self._begin()
            if (task := self._task) is not None:
                await asyncio.wait([task])

    def _sort_out(self) -> None:
        while self._let_go:
            token = self._let_go.popleft()
            if self._over and token in self.in_hand:
                self._told.append((token, False))
            else:
                self.in_hand.pop(token, None)

    # From the messages, on any thread -----------------------------------------------------------

    def take(self, token: Any, done: bool | None) -> None:
        """Take an answer; None: it was not dealt with, and is not to be given again."""
        if self._closed:
            self._too_late(f"its connection was closed {self._linger} s after its end (linger=)")
            return
        self._told.append((token, done))
        self._wake()

    def let_go(self, token: Any) -> None:
        """Take note that nobody has a message any more, which nobody has answered."""
        self._let_go.append(token)
        if self._over and not self._closed:
            self._wake()

    def _wake(self) -> None:
        if self._woken:
            return
        self._woken = True
        loop = self._lease.loop
        if running_loop() is loop:
            loop.call_soon(self._begin)
            return
        try:
            loop.call_soon_threadsafe(self._gather)
        except RuntimeError:
            self._too_late("its event loop was closed")

    def _gather(self) -> None:
        # Each wake takes the loop from whoever answers: those of a moment are one.
        self._lease.loop.call_later(_MOMENT, self._begin)

    def _too_late(self, why: str) -> None:
        error = RuntimeError(f"{self._name}: an answer came too late, and the message again: {why}")
        drop_error(error, f"by ack() or nack() of a message of {self._name}")

    def _begin(self) -> None:
        self._woken = False  # first: what comes from now on wakes it again
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        if self._told and self._task is None and not self._closed:
            self._task = self._lease.spawn(self._telling())

    async def _telling(self) -> None:
        try:
            await BEGUN
            while self._told:
                batch = list(self._told)
                done = [token for token, answer in batch if answer]
                undone = [token for token, answer in batch if answer is False]
                rejected = [token for token, answer in batch if answer is None]
                await self._tell(done, undone, rejected)
                # Only now: where a loop is closed in between they are told once more.
                for token, _ in batch:
                    self._told.popleft()
                    self.in_hand.pop(token, None)
        except Exception as error:
            self._told.clear()
            if self._over and not self._failed:
                drop_error(error, f"while {self._name} passed on answers, after its end")
            self.error = error
        finally:
            self._task = None
            if self._changed is not None and not self._changed.done():
                self._changed.set_result(None)


class Answer(Settlement):
    """The one answer to a message of such a source; it notices when nobody has the message any more."""

    __slots__ = ("_answers", "_token")

    def __init__(self, answers: Answers, token: Any) -> None:
        self._claim = Claim()
        self._answers = answers
        self._token = token

    def __call__(self, done: bool) -> bool:
        """Tell the system, unless somebody has."""
        if not self._claim.take():
            return False
        self._answers.take(self._token, done)
        return True

    def reject(self) -> bool:
        """Tell the system never to give it again, unless somebody has answered."""
        if not self._claim.take():
            return False
        self._answers.take(self._token, None)
        return True

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be ending
            if self._claim.take():
                self._answers.let_go(self._token)


def let_go(batch: list[T]) -> Iterator[T]:
    """Return the items of a batch, each of which is held no longer than until it is given."""
    batch.append(cast("T", None))
    batch.reverse()
    return iter(batch.pop, cast("T", None))


def reject(message: Message[Any]) -> bool:
    """Say of a message that nobody can deal with it: it is not given again; True: nobody had answered.

    What becomes of it is on the page of its system. Raises TypeError for a message of a system that knows
    no such thing.

    >>> from operators.connectors import Message
    >>> reject(Message("a"))
    Traceback (most recent call last):
    TypeError: reject: Message('a', {}) comes from no source that could be told so
    """
    answer = message._settle  # pyright: ignore[reportPrivateUsage]
    if not isinstance(answer, Answer):
        raise TypeError(f"reject: {message!r} comes from no source that could be told so")
    return answer.reject()
