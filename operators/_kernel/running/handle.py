"""Handle: the run that for_each has started."""

# A Handle and the Subscriber behind it are two halves of one thing; users are to see one of them.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_result, need_signals
from operators._kernel.failures.failure import annotate, drop_error, ended_by, user_frames
from operators._kernel.fusing.recipe import Recipe
from operators._kernel.hosts import exits
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.pending import Pending
from operators._kernel.hosts.runtimes import Loop, cancellations, need_loop
from operators._kernel.hosts.signals import Signals
from operators._kernel.kinds import chain_to
from operators._kernel.links.gate import Switch
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, Operator, call_site, is_inside
from operators._kernel.running.assembly import connect, known_pullable, known_recipe
from operators._kernel.running.ways import Way, way_of
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.relay import is_coupled, uncoupled
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED


class _Consumer(Operator):
    """The place of for_each in a pipeline, for the notes of errors."""

    name = "for_each"
    contract = Contract.UNBOUNDED_UPSTREAM


FOR_EACH = _Consumer()


class Handle:
    """A run in progress: drain or cancel it, wait for it, or await it.

    An error that nobody asks for (by `result` or `await`) goes to the hook for dropped errors.
    """

    __slots__ = (
        "__weakref__", "_asked", "_cancelled", "_done", "_error", "_flow", "_given_up", "_lock", "_loop",
        "_over", "_scope", "_signals", "_site", "_upstream", "_waiters",
    )  # fmt: skip

    def __init__(self, flow: Node, scope: Scope, signals: Signals | None = None) -> None:
        self._flow = flow
        self._signals = signals
        self._site = call_site()
        self._scope = scope
        self._upstream: Any = NOWHERE
        self._loop: Any = None  # where the source is still to be asked
        self._given_up = False
        # Re-entrant: the collector may have somebody cancel it in the midst of its end.
        self._lock = threading.RLock()
        self._done = False
        self._over: threading.Event | None = None  # most are over before anybody waits
        self._waiters: list[tuple[Loop, Any]] = []
        self._error: Exception | None = None
        self._cancelled = False
        self._asked = False

    @property
    def _node(self) -> Node:
        return Node(FOR_EACH, self._flow, self._site)

    @property
    def _pending(self) -> Pending:
        return self._scope.pending

    @property
    def done(self) -> bool:
        """Whether the run is over: completed, failed or cancelled, or what it ran on is gone."""
        if not self._done:
            error = self._gone()
            if error is not None:
                self._give_up(error)
        return self._done

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled before it was over."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop the run; upstream gets a cancel (§3.5). A run that is over stays as it is."""
        with self._lock:
            if self._done:
                return
            self._cancelled = True
        self._scope.home.run_back(self._upstream.cancel)
        self._end(None)

    def drain(self) -> None:
        """Take nothing more from the sources, and have the run complete when all is done that was begun.

        It returns at once; `result` or `await` waits for the end. What was taken in is finished: the items
        in queues, the calls of a map_async, the flows that a function has made of items, however long
        these go on. Sources are cancelled (§3.5); what waits in a source's own queue (`create`, a
        processor) is delivered. Nothing is repeated or tried again. May be called on any thread; a `cancel`
        afterwards ends the run where it is. A run that is over stays as it is.
        """
        switch: Switch | None = self._scope.switch
        if switch is not None and not self._done:
            self._scope.home.run_back(switch.throw)

    def result(self, timeout: float | None = None) -> None:
        """Wait until the run is over, cleanup included, `timeout` seconds at most; raise what ended it.

        Raises TimeoutError where it is not over by then, or was cancelled and still cleans up, and
        RuntimeError instead of blocking an event loop that runs in this thread, or of waiting for ever: for a
        loop that was closed, or for an executor whose threads all wait like this. A cancelled run raises
        nothing else. What interrupts the wait, a Ctrl-C, cancels the run. Cleanup is not waited for where it
        may be for this very thread, in a function of a flow or where an event loop runs, or where nobody runs
        the loop, or moves the clock on, that it is left to.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._done:
            if running_loop() is not None:
                raise RuntimeError("result() would block the running event loop; await the handle")
            self._wait(timeout, deadline)
        if not self._settle(deadline) and self._cancelled:
            raise TimeoutError(f"the run was over, but its cleanup was not after {timeout} seconds")
        self._raise()

    def _wait(self, timeout: float | None, deadline: float | None) -> None:
        with self._lock:
            if self._done:
                return
            self._over = event = self._over or threading.Event()
        try:
            over = self._pending.block(event.wait, timeout)
        except Exception as error:
            self._give_up(error)
            return
        except BaseException:
            self.cancel()
            self._settle(deadline)
            raise
        if not over and not self.done:
            raise TimeoutError(f"the run was not over after {timeout} seconds")

    def _settle(self, deadline: float | None) -> bool:
        """Wait for what upstream cleans up, as far as it may be waited for; False: it was not in time."""
        if self._scope.settled or self._given_up or running_loop() is not None or is_inside():
            return True
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return self._pending.wait(left, wherever=False)

    def __await__(self) -> Generator[Any, None, None]:
        loop = need_loop()
        waiter = loop.create_future()
        over = self.done
        with self._lock:
            over = over or self._done
            if not over:
                self._waiters.append((loop, waiter))
        if not over:
            try:
                yield from waiter.__await__()
            except cancellations():  # as of a task that is awaited
                self.cancel()
                yield from self._pending.settled().__await__()
                raise
        if not self._scope.settled:  # it has failed, or was cancelled, and upstream still cleans up
            yield from self._pending.settled().__await__()
        self._raise()

    def _raise(self) -> None:
        self._asked = True
        if self._signals is not None:
            self._signals.restore()
        if self._error is not None:
            raise self._error.with_traceback(user_frames(self._error.__traceback__))

    def _begin(self, subscription: Any) -> None:
        with self._lock:
            over = self._cancelled or self._done
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
            if self._done:
                return
            self._error = error
            self._done = True
            event = self._over
            waiters, self._waiters = self._waiters, []
        if event is not None:
            event.set()
        if self._signals is not None:
            self._signals.restore()
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


def _wake(waiter: Any) -> None:
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
        done = self._handle._done  # looked at first: a run is given up before it is done
        if self._handle._given_up:
            return  # it says the same
        if done:
            drop_error(error, f"after a run by for_each was over; {self._handle._node.where}")
        self._handle._end(error)

    def on_complete(self) -> None:
        self._handle._end(None)


def run_each(node: Node, fn: Callable[[Any], object], drain_on: Iterable[int] = ()) -> Handle:
    """Start a run that calls `fn` for each item, and return its handle; `drain_on` are signals."""
    signals = None
    if drain_on:
        numbers = need_signals("for_each", "drain_on", drain_on)
        signals = Signals("for_each", numbers)
    # On a plain thread what a synchronous source gives is over before anybody has the handle.
    known = signals is None and running_loop() is None
    recipe = known_recipe(node) if known else None
    if isinstance(recipe, Recipe):
        return _run_through(node, recipe, fn)
    scope = Scope.current(node)
    handle = Handle(node, scope, signals)
    consumer = _ForEach(handle, fn)
    try:
        if signals is not None:
            signals.listen(handle.drain, handle.cancel)
        chain, edge = chain_to(node)
        if not (known and known_pullable(chain, scope)):
            scope.switch = Switch()
        # Whoever starts it inside another flow's function may go on to wait for it there.
        uncoupled(lambda: connect([*chain, *edge], consumer, scope))
    except BaseException:
        handle._asked = True  # by nobody, and nobody can: what was raised says it
        handle.cancel()
        raise
    return handle


def _run_through(node: Node, recipe: Recipe, fn: Callable[[Any], object]) -> Handle:
    """Return the handle of a run that is over: nobody could have cancelled it, and so it is a loop."""
    handle = Handle(node, Scope())
    items = recipe.items()
    try:
        if is_coupled():
            uncoupled(partial(_loop, items, fn, handle))
        else:
            _loop(items, fn, handle)
    except BaseException:
        handle._asked = True  # as in `run_each`
        handle.cancel()
        raise
    return handle


def _loop(items: Generator[Any, None, None], fn: Callable[[Any], object], handle: Handle) -> None:
    error: Exception | None = None
    try:
        for item in items:
            try:
                made = fn(item)
                if made is not None:
                    need_result("for_each", "fn", made)
            except Exception as raised:
                error = annotate(raised, handle._node, item)
                break
    except Exception as raised:  # the flow's, which says where
        error = raised
    finally:
        items.close()
    # Without the frame of this loop, which has it.
    handle._end(None if error is None else error.with_traceback(user_frames(error.__traceback__)))


def run_draining(node: Node, drain_on: Iterable[int]) -> Any:
    """Return the last item of a run that the first of the signals drains, and the next one cancels."""
    if running_loop() is not None:
        raise RuntimeError(
            "run(drain_on=...) would block the running event loop; await for_each(fn, drain_on=...)"
        )
    last: list[Any] = [None]

    def keep(item: Any) -> None:
        last[0] = item

    handle = run_each(node, keep, drain_on)
    handle.result()
    handle._pending.wait()
    return last[0]
