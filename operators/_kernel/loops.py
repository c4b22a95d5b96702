"""Loops: the one way across from threads to an event loop."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from operators._kernel.pending import Pending


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class LoopLease:
    """An event loop to run on: the one that runs here, or else the library's own, in the background.

    The background loop has a thread, which lives as long as somebody has a lease on it. A run that
    keeps an account (`Scope.lease`) is not over before its leases are released.
    """

    __slots__ = ("_claim", "_pending", "_shared", "loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, pending: Pending | None = None
    ) -> None:
        if loop is not None and loop.is_closed():
            raise RuntimeError("the event loop that was asked for is closed")
        loop = loop or running_loop()
        if loop is not None and _background.owns(loop):
            loop = (
                None  # it runs here by the lease of somebody else, who may give it back before us
            )
        self._shared = loop is None
        self._claim = threading.Lock()
        self.loop: asyncio.AbstractEventLoop = _background.acquire() if loop is None else loop
        self._pending = pending
        if pending is not None:
            pending.begin()

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call the function on the loop's thread: now, where that is this thread, or else soon.

        On a loop that is closed nothing runs any more; the call is forgotten.
        """
        if running_loop() is self.loop:
            function(*args)
        else:
            self.post(function, *args)

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call the function in a later turn of the loop; on a closed loop it is forgotten."""
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            if not self.loop.is_closed():
                raise

    def release(self) -> None:
        """Give the loop back; a second call has no effect."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            if self._shared:
                _background.release()
        finally:
            if self._pending is not None:
                self._pending.end()


class _Background:
    """The library's own loop and its thread, kept while there are leases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self._owned: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()

    def owns(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it is the library's own loop, or was until the last lease on it was given back."""
        with self._lock:
            return loop in self._owned

    def forget(self) -> None:
        """Have neither loop nor leases, whatever was."""
        self._lock = threading.Lock()
        self._leases = 0
        self._loop = None

    def acquire(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            self._leases += 1
            if self._loop is None:
                self._loop = loop = asyncio.new_event_loop()
                self._owned.add(loop)
                self._stopped = stopped = threading.Event()
                threading.Thread(
                    target=_serve, args=(loop, stopped), name="operators-event-loop", daemon=True
                ).start()
            return self._loop

    def release(self) -> None:
        with self._lock:
            self._leases -= 1
            if self._leases:
                return
            loop, self._loop = self._loop, None
            stopped = self._stopped
        if loop is not None:
            loop.call_soon_threadsafe(_stop, loop, stopped)


def _stop(loop: asyncio.AbstractEventLoop, stopped: threading.Event) -> None:
    stopped.set()
    loop.stop()


def _serve(loop: asyncio.AbstractEventLoop, stopped: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    try:
        while not stopped.is_set():
            # A SystemExit is one task's, which has it as its outcome; the loop serves others too.
            with suppress(SystemExit, KeyboardInterrupt):
                loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


_background = _Background()
if hasattr(os, "register_at_fork"):
    # The child has the loop, but not its thread.
    os.register_at_fork(after_in_child=_background.forget)
