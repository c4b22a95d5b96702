"""Handle: the run that for_each has started."""

# A Handle and the Subscriber behind it are two halves of one thing; users are to see one of them.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import Any

from operators._kernel.assembly import connect, none_check, resolved
from operators._kernel.checks import need_result
from operators._kernel.contract import Contract
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import annotate, drop_error, user_frames
from operators._kernel.loops import running_loop
from operators._kernel.node import Node, Operator
from operators._kernel.relay import uncoupled
from operators._kernel.scope import Scope
from reactive_streams import UNBOUNDED


class _Consumer(Operator):
    """The place of for_each in a pipeline, for the notes of errors."""

    name = "for_each"
    contract = Contract.UNBOUNDED_UPSTREAM


FOR_EACH = _Consumer()


class Handle:
    """A run in progress: cancel it, wait for it, or await it.

    An error that nobody asks for (by `result` or `await`) goes to the hook for dropped errors.
    """

    __slots__ = (
        "__weakref__", "_asked", "_cancelled", "_done", "_error", "_lock", "_node", "_upstream",
        "_waiters",
    )  # fmt: skip

    def __init__(self, node: Node) -> None:
        self._node = node
        self._upstream: Any = NOWHERE
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._error: Exception | None = None
        self._cancelled = False
        self._asked = False

    @property
    def done(self) -> bool:
        """Whether the run is over: completed, failed or cancelled."""
        return self._done.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled before it was over."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop the run; upstream gets a cancel (§3.5). A run that is over stays as it is."""
        with self._lock:
            if self._done.is_set():
                return
            self._cancelled = True
        self._upstream.cancel()
        self._end(None)

    def result(self, timeout: float | None = None) -> None:
        """Wait until the run is over, `timeout` seconds at most; raise the error that ended it.

        Raises TimeoutError where it is not over by then, and RuntimeError instead of blocking an
        event loop that runs in this thread. A cancelled run raises nothing.
        """
        if not self._done.is_set():
            if running_loop() is not None:
                raise RuntimeError("result() would block the running event loop; await the handle")
            if not self._done.wait(timeout):
                raise TimeoutError(f"the run was not over after {timeout} seconds")
        self._raise()

    def __await__(self) -> Generator[Any, None, None]:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        with self._lock:
            over = self._done.is_set()
            if not over:
                self._waiters.append((loop, waiter))
        if not over:
            yield from waiter.__await__()
        self._raise()

    def _raise(self) -> None:
        self._asked = True
        if self._error is not None:
            raise self._error.with_traceback(user_frames(self._error.__traceback__))

    def _begin(self, subscription: Any) -> None:
        with self._lock:
            over = self._cancelled or self._done.is_set()
            if not over:
                self._upstream = subscription
        if over:
            subscription.cancel()  # it came too late
        else:
            subscription.request(UNBOUNDED)

    def _fail(self, error: Exception) -> None:
        self._upstream.cancel()
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        with self._lock:
            if self._done.is_set():
                return
            self._error = error
            self._done.set()
            waiters, self._waiters = self._waiters, []
        self._upstream = NOWHERE
        for loop, waiter in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, waiter)

    def __del__(self) -> None:
        if self._error is not None and not self._asked:
            drop_error(
                self._error,
                f"in a run by for_each whose result nobody asked for; {self._node.where}",
            )


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _ForEach:
    """The Subscriber behind a Handle: asks for everything, and calls a function for each item."""

    __slots__ = ("_fn", "_handle")

    def __init__(self, handle: Handle, fn: Callable[[Any], object]) -> None:
        self._handle = handle
        self._fn = fn

    def on_subscribe(self, subscription: Any) -> None:
        self._handle._begin(subscription)

    def on_next(self, item: Any) -> None:
        try:
            made = self._fn(item)
            if made is not None:
                need_result("for_each", "fn", made)
        except Exception as error:
            self._handle._fail(annotate(error, self._handle._node, item))

    def on_error(self, error: Exception) -> None:
        if self._handle.done:
            drop_error(error, f"after a run by for_each was over; {self._handle._node.where}")
        self._handle._end(error)

    def on_complete(self) -> None:
        self._handle._end(None)


def run_each(node: Node, fn: Callable[[Any], object]) -> Handle:
    """Start a run that calls `fn` for each item, and return its handle."""
    handle = Handle(Node(FOR_EACH, node))
    scope = Scope.current()
    chain = resolved(node)
    consumer = _ForEach(handle, fn)
    # Whoever starts it inside another flow's function may go on to wait for it there.
    uncoupled(lambda: connect([*chain, *none_check(chain)], consumer, scope))
    return handle
