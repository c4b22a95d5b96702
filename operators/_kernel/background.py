"""Background: the library's own event loop, on a thread that lives while somebody has a lease on it."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from contextlib import suppress
from typing import Any, Protocol

from operators._kernel import exits
from operators._kernel.threads import begin, ended

# Re-entrant: in the midst of anything the collector may close an abandoned run, which leaves a host.
_lock = threading.RLock()
_host: Host | None = None
_owned: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
_strangers: list[Host] = []  # the parent's, in a child process


class _Guest(Protocol):
    def lives_on(self, host: Host) -> None: ...


def owns(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether it is the library's own loop, or was until the last lease on it was given back."""
    with _lock:
        return loop in _owned


def admit(guest: _Guest) -> Host:
    """Return the host that the guest now lives on, begun for it where there was none.

    Raises what keeps a thread or a loop from being begun; the next one to come may have more luck.
    """
    global _host
    with _lock:
        host = _host
        if host is None or not host.take_in(guest):
            host = Host()
            guest.lives_on(host)  # first: it is then left in any case, and so ends
            host.take_in(guest)
            host.begin()
            _host = host
        else:
            guest.lives_on(host)
        return host


class Host:
    """A loop and its thread, which makes the loop itself: nothing is left where it does not begin."""

    def __init__(self) -> None:
        self.loop: Any = None
        self.forked: bool = False
        """Whether this is a child process, which has the loop but not its thread."""
        self._guests: set[int] = set()
        self._over = False
        self._serving = False
        self._error: BaseException | None = None
        self._made = threading.Lock()
        self._made.acquire()
        self._thread = threading.Thread(target=self._live, name="operators-event-loop", daemon=True)

    def begin(self) -> None:
        """Begin the thread, and wait until there is a loop."""
        exits.enlist(self)
        try:
            begin(self._thread)
        except Exception:
            self._end()
            raise
        self._made.acquire()
        if self._error is not None:
            raise self._error
        _owned.add(self.loop)

    def take_in(self, guest: _Guest) -> bool:
        """Return whether it has been taken in: not where it is over already."""
        with _lock:
            if not self._over:
                self._guests.add(id(guest))
            return not self._over

    def leave(self, guest: _Guest) -> None:
        """Be left by one of the guests; after the last one it ends."""
        with _lock:
            self._guests.discard(id(guest))
            if self._guests or self._over:
                return
            self._close()
        self._wake()

    def _close(self) -> None:
        global _host
        self._over = True
        if _host is self:
            _host = None

    def _wake(self) -> None:
        if self.loop is not None and not self.forked:
            with suppress(RuntimeError):  # it has ended by itself
                self.loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._over and self._serving:
            self.loop.stop()

    # On its own thread ---------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            if not self._over:
                self._serve()
        finally:
            self._end()

    def _end(self) -> None:
        with _lock:
            self._close()
        exits.discharge(self)

    def _serve(self) -> None:
        try:
            self.loop = loop = asyncio.new_event_loop()
        except BaseException as error:
            self._error = error
            return
        finally:
            self._made.release()
        asyncio.set_event_loop(loop)
        try:
            self._serving = True
            while not self._over:
                # A SystemExit is one task's, which has it as its outcome; the loop serves others too.
                with suppress(SystemExit, KeyboardInterrupt):
                    loop.run_forever()
            self._serving = False
            _cancel(loop)
            loop.run_until_complete(_ends(loop))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    # At the end of the program -------------------------------------------------------------------

    @property
    def closing(self) -> bool:
        """Whether it is about to end by itself."""
        return self._over

    def stop(self) -> None:
        """Cancel what runs on the loop and is not being cancelled already; then end."""
        with _lock:
            self._close()
        self._wake()

    def join(self, seconds: float) -> bool:
        """Wait for its end; False: not in time."""
        return ended(self._thread, seconds)


def _cancel(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        if not task.cancelling():  # another cancel would break off the cleanup
            task.cancel()


async def _ends(loop: asyncio.AbstractEventLoop) -> None:
    while left := asyncio.all_tasks(loop) - {asyncio.current_task(loop)}:
        await asyncio.wait(left)


def forked() -> Exception:
    """Return the error for what was begun in the parent process, and is waited for in a child."""
    return RuntimeError(
        "this flow was begun before fork(), and what it runs on is in the parent process; "
        "begin it anew in the child"
    )


def _in_child() -> None:
    global _lock, _host
    _lock = threading.RLock()
    _host = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
