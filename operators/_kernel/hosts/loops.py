"""Loops: the one way across from threads to an event loop."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any

from operators._kernel.hosts import background, exits
from operators._kernel.hosts.background import Host
from operators._kernel.hosts.pending import Pending
from operators._kernel.hosts.runtimes import Loop, looker, running_loop, task_of, weakly
from operators._kernel.hosts.seat import Seat
from operators._kernel.hosts.threads import aside
from operators._kernel.hosts.virtual import later_in_earnest

__all__ = ["Delayed", "LoopLease", "homeless", "running_loop", "stranded"]


class LoopLease:
    """An event loop to run on: the one that runs here, or else the library's own, in the background.

    With `away` it is the library's own in any case: that is always one of asyncio. With `movable` what is
    run by this lease does not mind on which thread that runs: a thread that waits for its run may do it
    (`seat`).

    The background loop has a thread, which lives as long as somebody has a lease on it. A run is not over
    before the leases that it counts in are released. One that nobody holds any more, after a Ctrl-C say,
    releases itself, unless it was counted in: whoever does that has it where it will be found by then.
    """

    __slots__ = (
        "__weakref__",
        "_host",
        "_pending",
        "_process",
        "_released",
        "_running",
        "loop",
        "movable",
    )

    def __init__(
        self, loop: Loop | None = None, *, away: bool = False, movable: bool = False
    ) -> None:
        self._released = False
        self.movable: bool = movable
        """Whether what it runs does not mind on which thread."""
        self._host: Host | None = None
        self._pending: Pending | None = None
        self._process = os.getpid()
        if loop is not None and loop.is_closed():
            raise RuntimeError("the event loop that was asked for is closed")
        given = None if away else loop or running_loop()
        # The library's own runs here by the lease of somebody else, who may give it back before us.
        if given is None or background.owns(given):
            given = background.admit(self).loop
        self.loop: Any = given
        self._running = looker(given)

    def count_in(self, pending: Pending) -> None:
        """Have the run of this account wait for the release."""
        self._pending = pending
        if self._host is not None:
            self._host.count_in(self, pending.whole)
        pending.begin(self)

    def lives_on(self, host: Host) -> None:
        """Take note of the host whose loop it is, to be left at the release."""
        self._host = host

    @property
    def seat(self) -> Seat | None:
        """The seat at its loop, where a thread that waits for its run may run that."""
        if self._host is None or self._pending is None:
            return None
        return self._host.seat_of(self._pending.whole)

    @property
    def at_rest(self) -> bool:
        """Whether its loop is somebody's who does not run it now, or in the parent of this process."""
        return self._host is None and (not self.loop.is_running() or os.getpid() != self._process)

    def call(
        self,
        function: Callable[..., object],
        *args: Any,
        lost: Callable[[Exception], object] | None = None,
    ) -> None:
        """Call the function on the loop's thread: now, where that is this thread, or else soon.

        Where the loop closes first `lost` is called with the reason, once; without it the call is
        forgotten.
        """
        if self._running() is self.loop:
            function(*args)
        else:
            self.post(function, *args, lost=lost)

    def post(
        self,
        function: Callable[..., object],
        *args: Any,
        lost: Callable[[Exception], object] | None = None,
    ) -> None:
        """Call the function in a later turn of the loop; `lost` as for `call`."""
        told = None if lost is None else Posted(function, lost)
        posted = function if told is None else told
        here = self._running() is self.loop  # which then need not be woken
        resting = None if here or self._host is None else self._host.resting
        soon = self.loop.call_soon if here or resting else self.loop.call_soon_threadsafe
        try:
            soon(posted, *args)
            if resting is not None and not resting.free:
                resting.wake()  # somebody runs it by now, and may not have seen it
        except RuntimeError:
            if not self.loop.is_closed():
                raise
            # A Posted tells by itself, when it goes.
        else:
            if told is not None and self.loop.is_closed():
                told.tell()  # another thread has closed it meanwhile, and emptied it before this was put in

    def later(
        self, delay: float, function: Callable[[], object], lost: Callable[[Exception], object]
    ) -> Delayed:
        """Call the function on the loop in `delay` seconds; `lost` as for `call`."""
        delayed = Delayed(self.loop, function, lost)
        try:
            if self._running() is self.loop:  # which then need not be woken
                delayed.begin(delay)
            else:
                self.loop.call_soon_threadsafe(delayed.begin, delay)
        except RuntimeError:
            if not self.loop.is_closed():
                raise
        else:
            if self.loop.is_closed():  # as in `post`
                delayed.tell()
        return delayed

    def watch(self, lost: Callable[[Exception], object]) -> Callable[[], None]:
        """Have `lost` called if the loop, this thread's, closes before what is returned has been called."""
        told = Posted(_nothing, lost)
        # The loop alone is to hold them: by that it is seen when it goes.
        posted, timer = weakref.ref(told), weakly(later_in_earnest(self.loop, _FAR, told))
        del told

        def end() -> None:
            told, left = posted(), timer()
            if told is not None:
                told.revoke()
            if left is not None:
                left.cancel()

        return end

    def spawn(self, coroutine: Coroutine[Any, Any, Any], context: Context | None = None) -> Any:
        """Return a new task of the loop, which is this thread's; it is kept alive while it runs.

        The coroutine awaits `BEGUN` first: there a cancel is raised that comes before the task's first step,
        as where its loop is closed. The loop keeps it weakly, and all that is ours may be garbage, of an
        abandoned run. Whatever ends the task is taken for seen: asyncio logs nothing as never retrieved.
        """
        try:
            task = task_of(self.loop, coroutine, context=context)
        except BaseException:
            coroutine.close()
            raise
        if getcoroutinestate(coroutine) == CORO_CREATED:  # an eager task has begun it
            coroutine.send(None)
        if not task.done():
            _keep(task)
        task.add_done_callback(_ended)
        return task

    def trouble(self) -> Exception | None:
        """Return why nothing will run on the loop any more, or None."""
        if self._host is not None and self._host.forked:
            return background.forked()
        if self.loop.is_closed():
            return exits.loop_gone("the event loop on which this flow runs was closed")
        return None

    def release(self, *, lost: bool = False) -> None:
        """Give the loop back; a second call has no effect. `lost`: it is the collector who does so."""
        if self._released:
            return
        try:
            if self._pending is not None:  # what comes after it finds the loop there still
                self._pending.end_part(self, lost=lost)
            if self._host is not None:
                self._host.leave(self)
        finally:
            if self._pending is not None:
                self._pending.end(self, lost=lost)
        self._released = True  # only now: what is broken off by a Ctrl-C is done once more

    def __del__(self) -> None:
        with suppress(AttributeError):  # a Ctrl-C came before there was anything to give back
            self.release(lost=True)


def homeless(loop: Any, error: Exception) -> bool:
    """Whether the error says that a loop has gone, and this one, where a flow was begun, is at its end.

    What goes on in its place would begin where it is told of that, on some thread, and go on there.
    """
    return (
        exits.is_loop_gone(error)
        and loop is not None
        and (loop.is_closed() or getattr(loop, "ending", False))
        and not background.owns(loop)
    )


_FAR = 1e8  # seconds: three years


def _nothing() -> None:
    pass


_kept: dict[int, Any] = {}
_many = 64  # tasks, at which those that will never end are looked for


def _keep(task: Any) -> None:
    global _many
    if len(_kept) >= _many:
        # Those of loops that were closed will never end.
        for key, kept in list(_kept.items()):
            if kept.get_loop().is_closed():
                stranded(kept)
                _kept.pop(key, None)
        _many = max(64, 2 * len(_kept))
    _kept[id(task)] = task


def stranded(task: Any) -> None:
    """Take note that a task will never go on, since its loop is closed: asyncio need not say so as well."""
    with suppress(Exception):
        setattr(task, "_log_destroy_pending", False)  # noqa: B010


def _ended(task: Any) -> None:
    _kept.pop(id(task), None)
    if not task.cancelled():
        task.exception()


class Posted:
    """A call that was given to a loop; it tells when the loop lets go of it without calling."""

    __slots__ = ("__weakref__", "_function", "_lost")

    def __init__(
        self, function: Callable[..., object], lost: Callable[[Exception], object]
    ) -> None:
        self._function = function
        self._lost: Callable[[Exception], object] | None = lost

    def __call__(self, *args: Any) -> None:
        self._lost = None
        self._function(*args)

    def revoke(self) -> None:
        """Tell nobody, whatever becomes of it."""
        self._lost = None

    def tell(self) -> None:
        """Tell, once, that it will not be called."""
        lost, self._lost = self._lost, None
        if lost is not None and not sys.is_finalizing():
            # Not here: somebody closes a loop, or the collector is at work in the midst of anything.
            error = exits.loop_gone("the event loop was closed before it came to this")
            aside(lambda: lost(error))

    def __del__(self) -> None:
        with suppress(Exception):  # it may not even have been made, by a Ctrl-C
            self.tell()


class Delayed(Posted):
    """A call that an event loop is to make in some time."""

    __slots__ = ("_handle", "_loop")

    def __init__(
        self,
        loop: Loop,
        function: Callable[..., object],
        lost: Callable[[Exception], object],
    ) -> None:
        super().__init__(function, lost)
        self._loop: Loop | None = loop
        # The loop alone is to hold the two of them: by that it is seen when it goes.
        self._handle: Callable[[], Any] = _nothing

    def begin(self, delay: float) -> None:
        """Have the time begin, on the loop's own thread."""
        loop = self._loop
        if loop is not None:  # else another thread has cancelled it
            self._handle = weakly(loop.call_later(delay, self))

    def cancel(self) -> None:
        """Have the call not be made, and nothing kept for it; from any thread."""
        loop, self._loop = self._loop, None
        self.revoke()
        self._function = _nothing
        if loop is None or loop.is_closed():
            return
        if running_loop() is loop:
            self._stop()
        else:
            with suppress(RuntimeError):  # it is being closed
                loop.call_soon_threadsafe(self._stop)

    def __call__(self, *args: Any) -> None:
        self._handle = _nothing
        super().__call__(*args)

    def _stop(self) -> None:
        handle, self._handle = self._handle(), _nothing
        if handle is not None:
            handle.cancel()
