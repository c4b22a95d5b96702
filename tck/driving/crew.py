"""Crew: the kit's own threads, which go on from stand to stand while a verification lasts.

To begin a thread costs more than most of what a stand has it do. One whose call has raised, or hangs,
is not used again: what a component has left behind on it is nothing for the next one to find.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import Context
from queue import SimpleQueue
from typing import Final

_lock: Final = threading.Lock()
_idle: Final[list[_Hand]] = []
_open = 0


class Job:
    """What is done on a thread of its own, from the moment it is made.

    What is `known` from elsewhere, when it is raised, is not told of again.
    """

    def __init__(
        self,
        call: Callable[[], object],
        name: str,
        known: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._call = call
        self._known = known
        self._running = threading.Lock()
        self._running.acquire()
        self.spoilt: bool = False
        """Whether the thread is to end with it."""
        with _lock:
            hand = _idle.pop() if _idle else None
        self._hand: Final = hand or _Hand()
        self._hand.take(self, name)

    @property
    def ident(self) -> int:
        """The identifier of its thread."""
        return self._hand.thread.ident or 0

    def join(self, seconds: float) -> bool:
        """Returns whether it was over in time."""
        over = self._running.acquire(timeout=seconds)
        if over:
            self._running.release()
            self._hand.gone()
        return over

    def run(self) -> None:
        """Does it, in a context of its own, as on a thread that has just begun."""
        try:
            Context().run(self._call)
        except BaseException as error:
            self.spoilt = True
            if not isinstance(error, self._known):
                raise
        finally:
            self._hand.free(self)
            self._running.release()


class _Hand:
    """A thread that does one job after another."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._last = False
        self.thread: Final = threading.Thread(target=self._work, daemon=True)

    def take(self, job: Job, name: str) -> None:
        """Does a job next."""
        self.thread.name = name
        self._jobs.put(job)
        if self.thread.ident is None:
            self.thread.start()

    def free(self, job: Job) -> None:
        """Is there for another job, unless it ends with this one."""
        with _lock:
            self._last = job.spoilt or _open == 0
            if not self._last:
                _idle.append(self)

    def gone(self) -> None:
        """Waits until the thread has ended, if it is about to."""
        if self._last:
            self.thread.join(1.0)

    def end(self) -> None:
        """Does no more."""
        self._jobs.put(None)
        self.thread.join(1.0)

    def _work(self) -> None:
        while not self._last and (job := self._jobs.get()) is not None:
            job.run()


@contextmanager
def kept() -> Generator[None]:
    """Keeps the threads that are done for those who need one next, until all who have said so are over."""
    global _open
    with _lock:
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            over = _idle[:] if _open == 0 else []
            del _idle[: len(over)]
        for hand in over:
            hand.end()
