"""Handle: the run that for_each has started."""

# A Handle and the Subscriber behind it are two halves of one thing; users are to see one of them.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

from operators._kernel import exits
from operators._kernel.assembly import connect
from operators._kernel.checks import need_result
from operators._kernel.contract import Contract
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import annotate, drop_error, ended_by, user_frames
from operators._kernel.kinds import chain_to
from operators._kernel.loops import running_loop
from operators._kernel.node import Node, Operator
from operators._kernel.pending import Pending
from operators._kernel.relay import uncoupled
from operators._kernel.scope import Scope
from operators._kernel.ways import Way, way_of
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
        "__weakref__", "_asked", "_cancelled", "_done", "_error", "_given_up", "_lock", "_loop",
        "_node", "_pending", "_upstream", "_waiters",
    )  # fmt: skip

    def __init__(self, node: Node, pending: Pending) -> None:
        self._node = node
        self._pending = pending
        self._upstream: Any = NOWHERE
        self._loop: asyncio.AbstractEventLoop | None = None  # where the source is still to be asked
        self._given_up = False
        # Re-entrant: the collector may have somebody cancel it in the midst of its end.
        self._lock = threading.RLock()
        self._done = threading.Event()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._error: Exception | None = None
        self._cancelled = False
        self._asked = False

    @property
    def done(self) -> bool:
        """Whether the run is over: completed, failed or cancelled, or what it ran on is gone."""
        if not self._done.is_set():
            error = self._gone()
            if error is not None:
                self._give_up(error)
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
        event loop that runs in this thread, or of waiting for ever: for a loop that was closed, or for
        an executor whose threads all wait like this. A cancelled run raises nothing. What interrupts the
        wait, a Ctrl-C, cancels the run.
        """
        if not self._done.is_set():
            if running_loop() is not None:
                raise RuntimeError("result() would block the running event loop; await the handle")
            self._wait(timeout)
        self._raise()

    def _wait(self, timeout: float | None) -> None:
        try:
            over = self._pending.block(self._done.wait, timeout)
        except Exception as error:
            self._give_up(error)
            return
        except BaseException:
            self.cancel()
            raise
        if not over and not self.done:
            raise TimeoutError(f"the run was not over after {timeout} seconds")

    def __await__(self) -> Generator[Any, None, None]:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        over = self.done
        with self._lock:
            over = over or self._done.is_set()
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
            return
        loop = running_loop()
        if loop is None or way_of(subscription) is Way.ELSEWHERE:
            subscription.request(UNBOUNDED)
        else:  # it may run inside of the request, for as long as it has items
            self._loop = loop
            loop.call_soon(self._ask)

    def _ask(self) -> None:
        self._loop = None
        try:
            self._upstream.request(UNBOUNDED)
        except Exception as error:
            self._fail(annotate(error, self._node))
        except BaseException:
            self._asked = True  # it ends the loop, which says it
            raise

    def _gone(self) -> Exception | None:
        if self._loop is not None and self._loop.is_closed():
            return RuntimeError("the event loop was closed before this flow was begun")
        return self._pending.trouble()

    def _give_up(self, error: Exception) -> None:
        self._given_up = True
        self._fail(annotate(error, self._node))

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
        self._loop = None
        self._asked = self._asked or (error is not None and exits.of_the_end(error))
        for loop, waiter in waiters:
            with suppress(RuntimeError):  # it was closed, and nobody waits there any more
                loop.call_soon_threadsafe(_wake, waiter)

    def __del__(self) -> None:
        error = getattr(self, "_error", None)  # a Ctrl-C may have come before there was anything
        if error is not None and not self._asked:
            drop_error(
                error,
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
        except BaseException as raised:  # nobody's signal, but the run is over all the same
            self._handle._fail(annotate(ended_by(raised), self._handle._node, item))
            raise

    def on_error(self, error: Exception) -> None:
        if self._handle._given_up:
            return  # it says the same
        if self._handle._done.is_set():
            drop_error(error, f"after a run by for_each was over; {self._handle._node.where}")
        self._handle._end(error)

    def on_complete(self) -> None:
        self._handle._end(None)


def run_each(node: Node, fn: Callable[[Any], object]) -> Handle:
    """Start a run that calls `fn` for each item, and return its handle."""
    scope = Scope.current()
    handle = Handle(Node(FOR_EACH, node), scope.pending)
    chain, edge = chain_to(node)
    consumer = _ForEach(handle, fn)
    try:
        # Whoever starts it inside another flow's function may go on to wait for it there.
        uncoupled(lambda: connect([*chain, *edge], consumer, scope))
    except BaseException:
        handle._asked = True  # by nobody, and nobody can: what was raised says it
        handle.cancel()
        raise
    return handle
