"""Threads that start together, round after round, and those who watch what comes of it."""

from __future__ import annotations

import os
import queue
import random
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import operators
from reactive_streams import UNBOUNDED, Subscriber, Subscription

_LIBRARY = str(Path(operators.__file__).parent)
# Seconds: generous, for only a run that hangs ever reaches it; see tests/operators/kit.py.
DEADLINE = float(os.environ.get("TESTS_DEADLINE", "30"))


class _Shaker:
    """Has a thread make way for others between any two bytecodes of the library, at random.

    The interpreter itself changes threads at calls and jumps only, and so rarely that it takes millions
    of rounds to meet some interleavings; correctness may not rest on that (DESIGN 4).
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def install(self) -> None:
        sys.settrace(self._frame)

    def _frame(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_LIBRARY):
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if event == "opcode" and self._random() < 0.15:
            time.sleep(0)
        return self._step


class Team:
    """Persistent threads: a round costs a barrier, not the making of threads."""

    def __init__(self, size: int, *, shaken: bool = False) -> None:
        self._shaken = shaken
        self._barrier = threading.Barrier(size)
        self._tasks: list[queue.SimpleQueue[Callable[[], object] | None]]
        self._tasks = [queue.SimpleQueue() for _ in range(size)]
        self._results: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, args=(number,), name="team", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def _serve(self, number: int) -> None:
        tasks = self._tasks[number]
        if self._shaken:
            _Shaker(number).install()
        while (task := tasks.get()) is not None:
            try:
                self._barrier.wait(DEADLINE)
                task()
            except BaseException as error:
                self._results.put(error)
            else:
                self._results.put(None)

    def run(self, *tasks: Callable[[], object]) -> None:
        """Run the tasks at the same time, one a thread, and raise what one of them has raised."""
        idle = [_nothing] * (len(self._tasks) - len(tasks))
        for inbox, task in zip(self._tasks, [*tasks, *idle], strict=True):
            inbox.put(task)
        raised = [self._results.get(timeout=DEADLINE) for _ in self._tasks]
        for error in raised:
            if error is not None:
                raise error

    def close(self) -> None:
        for inbox in self._tasks:
            inbox.put(None)
        for thread in self._threads:
            thread.join(DEADLINE)


def _nothing() -> None:
    pass


def _spin(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not done():
        time.sleep(0)
        assert time.monotonic() < deadline


@contextmanager
def tiny_switch_interval() -> Iterator[None]:
    """Have the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Serial:
    """A Subscriber that many threads may use the Subscription of; it notes every breach of a rule."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._inside = threading.Lock()
        self._lock = threading.Lock()
        self.asked = 0
        self.got: list[Any] = []
        self.breaches: list[str] = []
        self.error: Exception | None = None
        self.over = threading.Event()
        self.subscribed = threading.Event()
        self.upstream: Subscription

    # Its own signals.

    def _enter(self, signal: str) -> None:
        if not self._inside.acquire(blocking=False):
            self.breaches.append(f"§1.3: {signal} while another signal is being handled")
        if self.over.is_set():
            self.breaches.append(f"§1.7: {signal} after the end")

    def _leave(self) -> None:
        if self._inside.locked():
            self._inside.release()

    def on_subscribe(self, subscription: Subscription) -> None:
        self._enter("on_subscribe")
        self.upstream = subscription
        if self._first:
            self.request(self._first)
            for _ in range(20):  # an invitation to those who must not signal before it returns
                time.sleep(0)
        self._leave()
        self.subscribed.set()

    def on_next(self, item: Any) -> None:
        self._enter("on_next")
        self.got.append(item)
        with self._lock:
            if len(self.got) > self.asked:
                self.breaches.append(f"§1.1: {len(self.got)} items for {self.asked} asked for")
        self._leave()

    def on_error(self, error: Exception) -> None:
        self._enter("on_error")
        self.error = error
        self._leave()
        self.over.set()

    def on_complete(self) -> None:
        self._enter("on_complete")
        self._leave()
        self.over.set()

    # For the threads.

    def request(self, n: int) -> None:
        with self._lock:
            self.asked = min(self.asked + n, UNBOUNDED)
        self.upstream.request(n)

    def requests(self, total: int) -> Callable[[], None]:
        """A task that asks for `total` items, in ones and threes."""

        def task() -> None:
            left = total
            while left:
                n = 3 if left >= 3 and left % 2 else 1
                self.request(n)
                left -= n

        return task

    def cancel(self) -> None:
        self.upstream.cancel()

    def wait_for(self, items: int) -> None:
        """Wait, without a lock that would order the threads, until so many items have come."""
        _spin(lambda: len(self.got) >= items or self.over.is_set())

    # For the test.

    def ended(self, expected: list[Any]) -> None:
        """Wait for the end; check that all came, in order, and by the rules."""
        assert self.over.wait(DEADLINE), f"no end: got {len(self.got)} of {self.asked} asked for"
        assert self.error is None, self.error
        assert self.breaches == []
        assert self.got == expected


class Upstream:
    """A Publisher of the numbers up to `total`, sent by the thread that runs `emit`, on demand."""

    def __init__(self, total: int, start: int = 0, *, fails: bool = False) -> None:
        self._fails = fails
        self.items = range(start, start + total)
        self._change = threading.Condition()
        self._demand = 0
        self._forgotten = False
        self._completed = False
        self.cancelled = False
        self.sent: list[int] = []
        self._subscriber: Subscriber[Any] | None = None

    def subscribe(self, subscriber: Subscriber[Any]) -> None:
        subscriber.on_subscribe(self)
        with self._change:
            self._subscriber = subscriber
            self._change.notify_all()

    def request(self, n: int) -> None:
        with self._change:
            self._demand = min(self._demand + n, UNBOUNDED)
            self._change.notify_all()

    def cancel(self) -> None:
        with self._change:
            self.cancelled = True
            self._change.notify_all()

    def forget(self) -> None:
        """Have nobody wait for a Subscriber any more that did not come."""
        with self._change:
            self._forgotten = True
            self._change.notify_all()

    def wait_for(self, items: int) -> None:
        """Wait, without a lock that would order the threads, until so many items were sent."""
        _spin(lambda: len(self.sent) >= items)

    def is_left_alone(self) -> bool:
        """Whether it is over, nobody subscribed, or a cancel arrives within the deadline."""
        with self._change:
            if self._subscriber is None or self._completed:
                return True
            return self._change.wait_for(lambda: self.cancelled, DEADLINE)

    def emit(self) -> None:
        """Send what is asked for, until all is sent or nobody wants more."""
        for item in self.items:
            with self._change:
                if not self._change.wait_for(self._may_go_on, DEADLINE):
                    raise AssertionError(f"demand was lost: {len(self.sent)} sent, none asked for")
                if self._over():
                    return
                self._demand -= 1
                subscriber = self._subscriber
            assert subscriber is not None
            self.sent.append(item)
            subscriber.on_next(item)
        if not self._over():
            assert self._subscriber is not None
            self._completed = True
            if self._fails:
                self._subscriber.on_error(ZeroDivisionError())
            else:
                self._subscriber.on_complete()

    def _over(self) -> bool:
        return self.cancelled or (self._forgotten and self._subscriber is None)

    def _may_go_on(self) -> bool:
        return self._over() or (self._demand > 0 and self._subscriber is not None)
