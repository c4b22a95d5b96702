"""Rounds: one thread that has many objects look at themselves now and then."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

from operators.schedulers.protocol import Worker
from operators.schedulers.thread import thread


class Looker(Protocol):
    """What is to look at itself."""

    @property
    def every(self) -> float:
        """Seconds from one look to the next."""
        ...

    def look(self) -> None:
        """Look."""
        ...


class Rounds:
    """The one thread of all lookers, which it knows by weak references; it ends with the last of them.

    They all look as often as the one that does so most often.
    """

    def __init__(self, name: str) -> None:
        # Re-entrant: the collector may end an abandoned run in the midst of anything here.
        self._lock = threading.RLock()
        self._scheduler = thread(name)
        self._lookers: WeakSet[Looker] = WeakSet()
        self._worker: Worker | None = None
        self._every = 0.0

    def add(self, looker: Looker) -> None:
        """Have it look now and then, until it is removed or nobody has it any more."""
        with self._lock:
            self._lookers.add(looker)
            if self._worker is not None and looker.every >= self._every:
                return
            before, self._worker = self._worker, self._scheduler.worker()
            worker, every = self._worker, self._every
            self._every = looker.every
        # Not under the lock: whoever begins a thread waits for it, and there the collector may end a run.
        try:
            self._next(worker)
        except BaseException:
            # There is no thread to be had now; there may be one for the next looker.
            with self._lock:
                self._lookers.discard(looker)
                if self._worker is worker:
                    self._worker, self._every = before, every
            raise
        if before is not None:
            before.close()

    def remove(self, looker: Looker) -> None:
        """Have it look no more."""
        with self._lock:
            self._lookers.discard(looker)
            worker = self._left()
        if worker is not None:
            worker.close()

    def all(self) -> list[Looker]:
        """Return those that look now."""
        with self._lock:
            return list(self._lookers)

    def _next(self, worker: Worker) -> None:
        worker.schedule(lambda: self._go_round(worker), self._every)

    def _left(self) -> Worker | None:
        """Return the worker, which is to be closed, where nobody looks any more."""
        if self._lookers:
            return None
        worker, self._worker = self._worker, None
        return worker

    def _go_round(self, worker: Worker) -> None:
        for looker in self.all():
            with suppress(RuntimeError):  # something has changed while it was looked at: next time
                looker.look()
            del looker
        with self._lock:
            left = self._left()
            goes_on = self._worker is worker
        if left is not None:
            left.close()
        if goes_on:
            self._next(worker)
