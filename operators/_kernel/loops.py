"""Loops: the one way across from threads to an event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from asyncio import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any

from operators._kernel import background
from operators._kernel.background import Host
from operators._kernel.pending import Pending
from operators._kernel.threads import aside

running_loop = _get_running_loop
"""Returns the event loop that runs in this thread, or None; without the exception that says so elsewhere."""


class LoopLease:
    """An event loop to run on: the one that runs here, or else the library's own, in the background.

    The background loop has a thread, which lives as long as somebody has a lease on it. A run that
    keeps an account (`Scope.lease`) is not over before its leases are released. One that nobody holds
    any more, after a Ctrl-C say, releases itself.
    """

    __slots__ = ("__weakref__", "_claim", "_host", "_pending", "loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, pending: Pending | None = None
    ) -> None:
        self._claim = threading.Lock()
        self._host: Host | None = None
        self._pending: Pending | None = None
        if loop is not None and loop.is_closed():
            raise RuntimeError("the event loop that was asked for is closed")
        given = loop or running_loop()
        # The library's own runs here by the lease of somebody else, who may give it back before us.
        if given is None or background.owns(given):
            given = background.admit(self).loop
        self.loop: asyncio.AbstractEventLoop = given
        if pending is not None:
            self.count_in(pending)

    def count_in(self, pending: Pending) -> None:
        """Have the run of this account wait for the release."""
        self._pending = pending
        pending.begin(self)

    def lives_on(self, host: Host) -> None:
        """Take note of the host whose loop it is, to be left at the release."""
        self._host = host

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
        if running_loop() is self.loop:
            function(*args)
        else:
            self.post(function, *args, lost=lost)

    def post(
        self,
        function: Callable[..., object],
        *args: Any,
        delay: float = 0.0,
        lost: Callable[[Exception], object] | None = None,
    ) -> None:
        """Call the function in a later turn of the loop, in `delay` seconds; `lost` as for `call`."""
        posted: Callable[..., object] = function if lost is None else _Posted(function, lost)
        here = running_loop() is self.loop  # which then need not be woken
        soon = self.loop.call_soon if here else self.loop.call_soon_threadsafe
        try:
            if delay > 0:
                soon(_later, self.loop, delay, posted, args)
            else:
                soon(posted, *args)
        except RuntimeError:
            if not self.loop.is_closed():
                raise
            # A _Posted tells by itself, when it goes.

    def watch(self, lost: Callable[[Exception], object]) -> Callable[[], None]:
        """Have `lost` called if the loop, this thread's, closes before what is returned has been called."""
        told = _Posted(_nothing, lost)
        # The loop alone is to hold them: by that it is seen when it goes.
        posted, timer = weakref.ref(told), weakref.ref(self.loop.call_later(_FAR, told))
        del told

        def end() -> None:
            told, left = posted(), timer()
            if told is not None:
                told.revoke()
            if left is not None:
                left.cancel()

        return end

    def spawn(
        self, coroutine: Coroutine[Any, Any, Any], context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Return a new task of the loop, which is this thread's; it is kept alive while it runs.

        The loop keeps it weakly, and all that is ours may be garbage, of an abandoned run. Whatever ends
        the task is taken for seen: asyncio logs nothing as never retrieved.
        """
        try:
            task = self.loop.create_task(coroutine, context=context)
        except BaseException:
            coroutine.close()
            raise
        if not task.done():  # an eager task may be
            _keep(task)
        task.add_done_callback(_ended)
        return task

    def trouble(self) -> Exception | None:
        """Return why nothing will run on the loop any more, or None."""
        if self._host is not None and self._host.forked:
            return background.forked()
        if self.loop.is_closed():
            return RuntimeError("the event loop on which this flow runs was closed")
        return None

    def release(self) -> None:
        """Give the loop back; a second call has no effect."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            if self._host is not None:
                self._host.leave(self)
        finally:
            if self._pending is not None:
                self._pending.end(self)

    def __del__(self) -> None:
        with suppress(AttributeError):  # a Ctrl-C came before there was anything to give back
            self.release()


_FAR = 1e8  # seconds: three years


def _nothing() -> None:
    pass


_kept: dict[int, asyncio.Task[Any]] = {}
_many = 64  # tasks, at which those that will never end are looked for


def _keep(task: asyncio.Task[Any]) -> None:
    global _many
    if len(_kept) >= _many:
        # Those of loops that were closed will never end.
        for key, kept in list(_kept.items()):
            if kept.get_loop().is_closed():
                _kept.pop(key, None)
        _many = max(64, 2 * len(_kept))
    _kept[id(task)] = task


def _ended(task: asyncio.Task[Any]) -> None:
    _kept.pop(id(task), None)
    if not task.cancelled():
        task.exception()


def _later(
    loop: asyncio.AbstractEventLoop, delay: float, function: Callable[..., object], args: Any
) -> None:
    loop.call_later(delay, function, *args)


class _Posted:
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

    def __del__(self) -> None:
        with suppress(Exception):  # it may not even have been made, by a Ctrl-C
            lost = self._lost
            if lost is not None:
                # Not here: somebody closes a loop, or the collector is at work in the midst of anything.
                error = RuntimeError("the event loop was closed before it came to this")
                aside(lambda: lost(error))
