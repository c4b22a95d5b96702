"""Background: the library's own event loop, on a thread that lives while somebody has a lease on it."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from typing import Any, Protocol

from operators._kernel.hosts import exits
from operators._kernel.hosts.seat import Seat
from operators._kernel.hosts.threads import begin, ended

# Re-entrant: in the midst of anything the collector may close an abandoned run, which leaves a host.
_lock = threading.RLock()
_host: Host | None = None
_owned: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
_strangers: list[Host] = []  # the parent's, in a child process


class _Guest(Protocol):
    @property
    def movable(self) -> bool: ...

    def lives_on(self, host: Host) -> None: ...


_NOBODY = 0


def owns(loop: Any) -> bool:
    """Whether it is the library's own loop, or was until the last lease on it was given back."""
    with _lock:
        return loop in _owned


def background_loop() -> Any:
    """Return the library's own loop, or None where nobody has a lease on it."""
    with _lock:
        return None if _host is None else _host.loop


def admit(guest: _Guest) -> Host:
    """Return the host that the guest now lives on, begun for it where there was none.

    Raises what keeps a thread or a loop from being begun; the next one to come may have more luck.
    """
    global _host
    fresh: Host | None = None
    try:
        with _lock:
            host = _host
            if host is None or not host.take_in(guest):
                host = fresh = Host()
                guest.lives_on(host)  # first: it is then left in any case, and so ends
                host.take_in(guest)
                _host = host
            else:
                guest.lives_on(host)
        # Out of the lock: on the thread that begins, the collector may close an abandoned run.
        if fresh is not None:
            fresh.begin()
    except BaseException as error:
        if fresh is not None:
            fresh.fail(error)
        raise
    host.wait_until_begun()
    host.look_round()
    return host


class Host:
    """A loop and its thread, which makes the loop itself: nothing is left where it does not begin."""

    def __init__(self) -> None:
        self.loop: Any = None
        self.forked: bool = False
        """Whether this is a child process, which has the loop but not its thread."""
        self._guests: dict[int, int] = {}
        """By whom they are: a run; nobody in particular; or themselves, where they stay on its own thread."""
        self._owners: dict[int, int] = {}
        """How many guests are by whom, but for those by nobody."""
        self._seat: Seat | None = None
        self._over = False
        self._error: BaseException | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._live, name="operators-event-loop", daemon=True)

    def begin(self) -> None:
        """Begin the thread."""
        exits.enlist(self)
        begin(self._thread)

    def fail(self, error: BaseException) -> None:
        """End, unless the thread has begun: nobody is to wait for it."""
        if self._thread.ident is None:
            interrupted = RuntimeError("whoever was to begin the event loop was interrupted")
            self._error = error if isinstance(error, Exception) else interrupted
            self._end()

    def wait_until_begun(self) -> None:
        """Wait until there is a loop; raises what has kept it from being made."""
        self._begun.wait()
        if self._error is not None:
            raise self._error

    def take_in(self, guest: _Guest) -> bool:
        """Return whether it has been taken in: not where it is over already."""
        with _lock:
            if not self._over:
                self._place(guest, _NOBODY if guest.movable else id(guest))
            return not self._over

    def _place(self, guest: _Guest, owner: int | None) -> None:
        before = self._guests.pop(id(guest), _NOBODY)
        if before != _NOBODY:
            self._owners[before] -= 1
            if not self._owners[before]:
                del self._owners[before]
        if owner is not None:
            self._guests[id(guest)] = owner
            if owner != _NOBODY:
                self._owners[owner] = self._owners.get(owner, 0) + 1
        self._settle()

    def _settle(self) -> None:
        """Say to which run the seat belongs: that of all guests, if it is one and minds no other thread."""
        seat = self._seat
        if seat is not None and seat.movable:
            only = next(iter(self._owners), _NOBODY) if len(self._owners) == 1 else _NOBODY
            seat.run = _NOBODY if only in self._guests or self._over else only

    def count_in(self, guest: _Guest, run: object) -> None:
        """Take note of the run to which a guest belongs."""
        if guest.movable:
            with _lock:
                self._place(guest, id(run))
            self.look_round()

    def seat_of(self, run: object) -> Seat | None:
        """Return the seat, where a thread that waits for this run may have it: all guests are of this run."""
        seat = self._seat
        return seat if seat is not None and seat.run == id(run) and not self.forked else None

    def look_round(self) -> None:
        """Have its own thread, and no other, serve the guests where they are by several, or stay there."""
        if self._seat is not None and self._owners and not self._seat.run:
            self._seat.need()

    @property
    def resting(self) -> Seat | None:
        """The seat, where nobody runs the loop just now."""
        seat = self._seat
        rests = seat is not None and seat.movable and seat.free and not self.loop.get_debug()
        return seat if rests else None

    def leave(self, guest: _Guest) -> None:
        """Be left by one of the guests; after the last one it ends."""
        with _lock:
            self._place(guest, None)
            if self._guests:
                return
            self._close()
        self._wake()  # also where a Ctrl-C has broken off the first time

    def _close(self) -> None:
        global _host
        self._over = True
        self._settle()
        if _host is self:
            _host = None

    def _wake(self) -> None:
        if self._seat is not None and not self.forked:
            self._seat.call()

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
        if not self._begun.is_set():
            self._error = self._error or exits.ended()
            self._begun.set()

    def _serve(self) -> None:
        try:
            loop = asyncio.new_event_loop()
            seat = Seat(loop)
        except BaseException as error:
            self._error = error
            return
        with _lock:
            self.loop, self._seat = loop, seat
            self._settle()
            _owned.add(loop)
        self._begun.set()
        asyncio.set_event_loop(loop)
        try:
            while not self._over:
                seat.serve(lambda: self._over)
            seat.close(_ends)
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
    for task in asyncio.all_tasks(loop) - {asyncio.current_task(loop)}:
        if not task.cancelling():  # another cancel would break off the cleanup
            task.cancel()


async def _ends(loop: asyncio.AbstractEventLoop) -> None:
    _cancel(loop)
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
