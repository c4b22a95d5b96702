"""What the tests of the operators are written with: a Subscriber and a Publisher that keep a record."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import operators

# Seconds: generous, since a busy machine is no failure; less where failures are what is looked for.
DEADLINE = float(os.environ.get("TESTS_DEADLINE", "20"))
LIBRARY = str(Path(operators.__file__).resolve().parent)
BAD_REQUESTS: list[tuple[Any, type[Exception]]] = [
    (0, ValueError),
    (-1, ValueError),
    (True, TypeError),
    (1.5, TypeError),
    (None, TypeError),
]


class Probe:
    """A Subscriber that records its signals in order; items are asked for by hand.

    `request` is asked for inside on_subscribe, `each` inside every on_next; `then` is called with the
    probe and the item. It takes note of signals that overlap or come after the end.
    """

    def __init__(
        self,
        request: Any = 0,
        *,
        each: int = 0,
        then: Callable[[Probe, Any], object] | None = None,
    ) -> None:
        self._first = request
        self._each = each
        self._then = then
        self._changed = threading.Condition()
        self._inside: int | None = None
        self.signals: list[tuple[str, Any]] = []
        self.threads: list[str] = []
        self.violations: list[str] = []
        self.ended = False
        self.subscription: Any = None

    # The Subscriber.

    def on_subscribe(self, subscription: Any) -> None:
        with self._signal("on_subscribe", None):
            self.subscription = subscription
            if self._first:
                subscription.request(self._first)

    def on_next(self, item: Any) -> None:
        with self._signal("on_next", item):
            if self._each:
                self.subscription.request(self._each)
            if self._then is not None:
                self._then(self, item)

    def on_error(self, error: Exception) -> None:
        with self._signal("on_error", error):
            pass

    def on_complete(self) -> None:
        with self._signal("on_complete", None):
            pass

    @contextmanager
    def _signal(self, name: str, value: Any) -> Iterator[None]:
        here = threading.get_ident()
        with self._changed:
            if self._inside is not None and self._inside != here:
                self.violations.append(f"{name} while another thread signals (§1.3)")
            if self.ended:
                self.violations.append(f"{name}({value!r}) after the end (§1.7)")
            if not self.signals and name != "on_subscribe":
                self.violations.append(f"{name} before on_subscribe (§1.9)")
            if value is None and name in ("on_next", "on_error"):
                self.violations.append(f"{name}(None) (§2.13)")
            outer, self._inside = self._inside, here
            self.signals.append((name, value))
            self.ended |= name in ("on_error", "on_complete")
            self.threads.append(threading.current_thread().name)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._inside = outer

    # By hand.

    def request(self, n: Any) -> Probe:
        self.subscription.request(n)
        return self

    def cancel(self) -> None:
        self.subscription.cancel()

    # What came.

    @property
    def items(self) -> list[Any]:
        return [value for name, value in self.signals if name == "on_next"]

    @property
    def error(self) -> Any:
        return next((value for name, value in self.signals if name == "on_error"), None)

    @property
    def completed(self) -> bool:
        return any(name == "on_complete" for name, _ in self.signals)

    def until(self, true: Callable[[], bool]) -> Probe:
        """Wait until a signal makes this true; fail at the deadline."""
        with self._changed:
            assert self._changed.wait_for(true, DEADLINE), f"not in time: {self.signals}"
        return self

    def until_items(self, n: int) -> Probe:
        return self.until(lambda: len(self.items) >= n or self.ended)

    def until_end(self) -> Probe:
        return self.until(lambda: self.ended)


def probe(flow: Any, request: Any = 0, **settings: Any) -> Probe:
    """Return a Probe that has subscribed to the flow."""
    made = Probe(request, **settings)
    flow.subscribe(made)
    return made


class Handmade:
    """A Publisher of somebody else's: it records request and cancel, and emits exactly on demand.

    With `items` it emits them as they are asked for, and completes with the last (or fails with
    `error`); without, the test emits by hand. It has one Subscriber.
    """

    def __init__(self, items: Iterable[Any] | None = None, error: Exception | None = None) -> None:
        self._items = None if items is None else list(items)
        self._error = error
        self._lock = threading.RLock()
        self._wanted = 0
        self._emitting = False
        self._over = False
        self.requests: list[Any] = []
        self.cancels = 0
        self.subscriptions = 0
        self.emitted = 0
        self.subscriber: Any = None

    def subscribe(self, subscriber: Any) -> None:
        assert self.subscriber is None, "a Handmade has one Subscriber"
        self.subscriptions += 1
        self.subscriber = subscriber
        subscriber.on_subscribe(self)
        if self._items == []:
            self._finish()

    def request(self, n: Any) -> None:
        self.requests.append(n)
        if self._items is None:
            return
        with self._lock:
            self._wanted += n
            if self._emitting:
                return
            self._emitting = True
        try:
            while self._wanted and self._items and not self.cancels:
                self._wanted -= 1
                self.emit(self._items.pop(0))
                if not self._items and not self.cancels:
                    self._finish()
        finally:
            self._emitting = False

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            if self._error is None:
                self.subscriber.on_complete()
            else:
                self.subscriber.on_error(self._error)

    def cancel(self) -> None:
        self.cancels += 1

    @property
    def asked(self) -> int:
        """The number of items asked for in total."""
        return sum(self.requests)

    # By hand.

    def emit(self, *items: Any) -> None:
        for item in items:
            self.emitted += 1
            self.subscriber.on_next(item)

    def complete(self) -> None:
        self.subscriber.on_complete()

    def fail(self, error: Exception) -> None:
        self.subscriber.on_error(error)


class Pulled:
    """An iterable whose generator counts what is pulled from it, and knows whether it was closed."""

    def __init__(self, items: Iterable[Any], error: Exception | None = None) -> None:
        self._items = items
        self._error = error
        self.pulled = 0
        self.opened = 0
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        self.opened += 1
        try:
            for item in self._items:
                self.pulled += 1
                yield item
            if self._error is not None:
                raise self._error
        finally:
            self.closed += 1


class APulled(Pulled):
    """The same, for `async for`."""

    __iter__ = None  # type: ignore[assignment]

    async def __aiter__(self) -> Any:
        self.opened += 1
        try:
            for item in self._items:
                self.pulled += 1
                yield item
            if self._error is not None:
                raise self._error
        finally:
            self.closed += 1


def eventually(true: Callable[[], Any], what: str = "it") -> None:
    """Wait until something holds that no signal tells about; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.001)


def library_frames(error: BaseException) -> list[str]:
    """Return the frames of an error's traceback that are not the user's."""
    return [
        f"{frame.filename.removeprefix(LIBRARY)}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith((LIBRARY, "<flow "))
    ]


def notes(error: BaseException) -> str:
    """Return what the error's notes say."""
    return "\n".join(getattr(error, "__notes__", ()))


def line_of(text: str, file: str) -> str:
    """Return file:line of the only line of a test file that contains the text."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    found = [
        number for number, line in enumerate(lines, 1) if text in line and "line_of" not in line
    ]
    assert len(found) == 1, f"{text!r} is on the lines {found}"
    return f"{file}:{found[0]}"


@contextmanager
def collector_off() -> Iterator[None]:
    """Have nothing closed by the collector, so that what is closed was closed by somebody."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def soon(true: Callable[[], Any]) -> None:
    """Let the running loop go on until something holds; fail at the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not true():  # noqa: ASYNC110 - nothing else tells about it
            await asyncio.sleep(0)


async def cancelled_after(turns: int, coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it as a task that is cancelled after so many turns of the loop, to its end."""
    task = asyncio.create_task(coroutine)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def others_cancelled_after(turns: int, consumer: asyncio.Future[Any]) -> None:
    """Cancel all tasks but the consumer's and this one, as soon after so many turns as there are any."""
    for _ in range(turns):
        await asyncio.sleep(0)
    cancelled = 0
    while not cancelled:
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {consumer, asyncio.current_task()}:
            cancelled += task.cancel()


def in_turn(*calls: Callable[[], object]) -> Callable[[], None]:
    """Return a function that makes these calls, one after another."""

    def make() -> None:
        for call in calls:
            call()

    return make
