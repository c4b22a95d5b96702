"""Parts of a scenario: sources, Subscribers, schedulers and executors whose steps are ordered."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, ClassVar

from operators.schedulers.thread import ThreadScheduler
from operators.testing._actors import Actor, Order
from reactive_streams import UNBOUNDED

Task = Callable[[], object]


class Producer:
    """A Publisher for one Subscriber, and the Subscription that it gives; an actor emits."""

    def __init__(
        self, order: Order, items: tuple[Any, ...], error: Exception | None, name: str
    ) -> None:
        self._order = order
        self._items = items
        self._error = error
        self._subscriber: Any = None
        self.subscribed: bool = False
        """Whether it has been subscribed to."""
        self._wanted = 0
        self._name = name
        self.asked: int = 0
        """How many items were asked for, all in all."""
        self.cancelled: bool = False
        """Whether its Subscription was cancelled."""
        self.emitted: list[Any] = []
        """The items that were emitted."""
        self.ended: bool = False
        """Whether it has signalled its end."""

    def subscribe(self, subscriber: Any) -> None:
        """Have the Subscriber, which is the only one, be given the items."""
        self.subscribed = True
        subscriber.on_subscribe(self)
        self._subscriber = subscriber
        self._order.add(Actor(self._name, self._emit))

    def request(self, n: int) -> None:
        """Ask for n items more."""
        if n < 1:
            raise AssertionError(f"§3.9: asked for {n} items")
        self._order.ordered(self)
        self.asked = min(self.asked + n, UNBOUNDED)
        self._wanted = min(self._wanted + n, UNBOUNDED)

    def cancel(self) -> None:
        """Ask for no more."""
        self._order.ordered(self)
        self.cancelled = True

    def _emit(self) -> None:
        for item in self._items:
            if not self._order.wait(lambda: self._wanted > 0 or self.cancelled) or self.cancelled:
                return
            self._order.ordered(self)
            self._wanted -= 1
            self.emitted.append(item)
            self._subscriber.on_next(item)
        self._order.step()
        if not self.cancelled:
            self.ended = True
            if self._error is None:
                self._subscriber.on_complete()
            else:
                self._subscriber.on_error(self._error)


class Consumer:
    """A Subscriber that looks whether the rules are kept; each of its signals takes two steps."""

    def __init__(self, order: Order, request: int) -> None:
        self._order = order
        self._first = request
        self._inside = False
        self._upstream: Any = None
        self.asked: int = 0
        """How many items were asked for."""
        self.items: list[Any] = []
        """The items that came."""
        self.error: Exception | None = None
        """The error that it ended with."""
        self.ended: bool = False
        """Whether the end has come."""
        self.cancelled: bool = False
        """Whether it has cancelled."""
        self.breaches: list[str] = []
        """What was against the rules."""

    def _signal(self, name: str, note: Callable[[], object]) -> None:
        if self._inside:
            self.breaches.append(f"§1.3: {name} comes while another signal is handled")
        if self.ended:
            self.breaches.append(f"§1.7: {name} comes after the end")
        self._inside = True
        self._order.step()
        note()
        self._inside = False

    def on_subscribe(self, subscription: Any) -> None:
        """Begin."""
        self._upstream = subscription
        self._signal("on_subscribe", self._begin)

    def _begin(self) -> None:
        if self._first:
            self.request(self._first)

    def on_next(self, item: Any) -> None:
        """Take an item."""
        if item is None:
            self.breaches.append("§2.13: None as an item")
        if len(self.items) >= self.asked:
            self.breaches.append(f"§1.1: an item more than the {self.asked} asked for")
        self._signal("on_next", lambda: self.items.append(item))

    def on_error(self, error: Exception) -> None:
        """Take the end."""
        self.error = error
        self._signal("on_error", self._end)

    def on_complete(self) -> None:
        """Take the end."""
        self._signal("on_complete", self._end)

    def _end(self) -> None:
        self.ended = True

    def request(self, n: int) -> None:
        """Ask for n items more."""
        self.asked = min(self.asked + n, UNBOUNDED)
        self._upstream.request(n)

    def cancel(self) -> None:
        """Ask for no more."""
        self.cancelled = True
        self._upstream.cancel()


class ActingWorker:
    """A worker of a scheduler, and an actor."""

    elsewhere: ClassVar[bool] = True  # what is scheduled never runs inside of `schedule`

    def __init__(self, order: Order) -> None:
        self._order = order
        self._tasks: deque[Task] = deque()
        self._closed = False
        order.add(Actor(f"worker {len(order.actors)}", self._serve, serves=True))

    def schedule(self, fn: Task, delay: float = 0.0) -> None:
        """Have the function run by the actor; a delay is over at some step, whenever the actor goes on."""
        if not self._closed:
            self._order.ordered(self)
            self._tasks.append(fn)

    def close(self) -> None:
        """Run nothing that was not begun."""
        self._closed = True
        self._tasks.clear()

    def _serve(self) -> None:
        while self._order.wait(lambda: bool(self._tasks) or self._closed) and not self._closed:
            self._order.ordered(self)
            self._tasks.popleft()()


class ActingScheduler:
    """A scheduler whose workers are actors, and whose time stands still."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def now(self) -> float:
        """Return 0."""
        return 0.0

    def worker(self) -> ActingWorker:
        """Return a worker that is an actor more."""
        return ActingWorker(self._order)


class ActingExecutor(Executor):
    """An executor whose threads are actors."""

    def __init__(self, order: Order, workers: int) -> None:
        self._order = order
        self._tasks: deque[tuple[Future[Any], Task]] = deque()
        for _ in range(workers):
            order.add(Actor(f"worker {len(order.actors)}", self._serve, serves=True))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have the call be made by one of the actors."""
        future: Future[Any] = Future()
        self._order.ordered(self)
        self._tasks.append((future, lambda: fn(*args, **kwargs)))
        return future

    def _serve(self) -> None:
        while self._order.wait(lambda: bool(self._tasks)):
            self._order.ordered(self)
            future, call = self._tasks.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)


@contextmanager
def still_time() -> Generator[None]:
    """Have no time go by for the library: what it decides by the clock it decides the same way each time."""
    clock = time.monotonic
    kept = [
        (module, name)
        for key, module in list(sys.modules.items())
        if key.startswith("operators.") and not key.startswith("operators.testing.")
        for name, value in list(vars(module).items())
        if value is clock
    ]
    for module, name in kept:
        setattr(module, name, lambda: 0.0)
    try:
        yield
    finally:
        for module, name in kept:
            setattr(module, name, clock)


@contextmanager
def acting_threads(order: Callable[[], Order]) -> Generator[None]:
    """Have the library's own threads be actors of the order that is run."""
    real = ThreadScheduler.worker

    def worker(_: ThreadScheduler) -> Any:
        return ActingWorker(order())

    setattr(ThreadScheduler, "worker", worker)  # noqa: B010 - to a checker they are different kinds
    try:
        yield
    finally:
        setattr(ThreadScheduler, "worker", real)  # noqa: B010
