"""Calls of map_async on an event loop: the one of the subscriber, or the library's own."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from operators._kernel.hosts.cleanups import interrupt
from operators._kernel.hosts.loops import LoopLease, running_loop, stranded
from operators._kernel.hosts.runtimes import Loop, looker, of_trio
from operators._kernel.hosts.standby import Standby
from operators._kernel.links.looking import snapshot
from operators._kernel.subscription.scope import Scope
from operators.concurrency._call import Call
from operators.concurrency._taker import Taker
from operators.concurrency._task_calls import TOGETHER, TaskCalls
from operators.concurrency._tasks import maker

_LULL = 0.001
"""Seconds after which a loop looks for calls that a thread has started without waking it."""


class LoopCalls(TaskCalls):
    """Has calls made on an event loop, from whatever thread they are begun, and tells of them.

    To wake a loop, and to make a task, takes longer than several calls that wait for nothing. So where
    another thread takes the results, the task that makes such calls stands by for it to bring the next.
    """

    def __init__(self, taker: Taker, fn: Callable[[Any], Any], *, known: bool) -> None:
        super().__init__(taker, fn, known=known)
        self._lease: LoopLease | None = None
        self._running: Callable[[], Any] = running_loop
        self._unwatch: Callable[[], None] | None = None
        self._posted = False
        self._gathering = False
        self._standby = Standby()
        self._timer: Any = None

    def open(self, scope: Scope, loop: Loop | None = None) -> None:
        """Take a lease on the loop; raises where there is none to be had."""
        # First of all: from where it is waited for, whatever comes, a Ctrl-C too, `close` gives it back.
        self._lease = lease = LoopLease(loop)
        lease.count_in(scope.pending)
        self._loop = lease.loop
        self._running = looker(lease.loop)
        self.local = (loop or running_loop()) is lease.loop
        if not self.local:  # some of it is spent standing by, while others wait for their turn
            self.slice = _LULL
        self._make = maker(lease.loop)
        self._shares = not of_trio(lease.loop)  # whose tasks await what is trio's only
        if self._running() is lease.loop:
            # At once: what another thread gives the loop may go with it unseen for as long as that thread
            # waits, since without the GIL it is the one to find out that nobody has it any more.
            self._watch()

    def deliver(self, run: Callable[[], object]) -> None:
        """Run the drain in a turn of the loop: never at once, in the midst of a call's task."""
        self._leave(run, self._taker.lost)

    def soon(self, fn: Callable[[], object]) -> bool:
        """Have `fn` run in the next turn of the loop, if this is its thread; return whether it is."""
        here = self._running()
        if here is None or here is not self._loop or not self.local:
            return False
        here.call_soon(fn)
        return True

    def ask(self, request: Callable[[int], object], n: int) -> None:
        """Ask upstream for items; the calls of those that come at once are begun together."""
        if self._eager or self._running() is not self._loop:
            request(n)
            return
        self._gathering = True
        try:
            request(n)
        finally:
            self._gathering = False
            if self._todo:
                self._begin()

    def start(self, call: Call) -> None:
        """Begin a call: now, on the loop's thread, or in a turn of the loop."""
        self._todo.append(call)
        if self._gathering:
            return  # whoever gathers looks after this
        if self._closed:
            self._drop_all()
        elif not self._posted:
            if not self._eager and self._running() is self._loop:
                self._begin()
            else:
                self._post()

    def hurry(self) -> None:
        """Have what was started begun now: whoever takes results is about to wait for one."""
        if self._todo and not self.local and not self._standby.ring():
            self._post()

    def _post(self) -> None:
        self._posted = True
        self._leave(self._begin, self.abandon)

    def _leave(self, run: Callable[[], object], lost: Callable[[Exception], object]) -> None:
        if self._lease is not None:
            self._context.copy().run(self._lease.post, run, lost=lost)

    def _look(self) -> None:
        self._timer = None
        self._begin()

    def _begin(self) -> None:
        self._posted = False  # first: what comes from now on is seen after that, or posts again
        self._standby.come()
        super()._begin()

    def _more_come(self) -> bool:
        if self.local or not self._taker.polls:
            return False
        if self._telling:
            self._told()
        return self._standby.wait(self._todo)

    def _told(self) -> None:
        self._telling = False
        self._standby.leave()
        self._taker.schedule()
        # The thread that takes the results need not wake the loop for each call that it starts in their
        # place: the loop looks by itself a little later, or when that thread has to wait.
        if self._timer is None and not self._closed:
            self._timer = self._loop.call_later(_LULL, self._look)
        self._posted = self._timer is not None

    def _keep_watch(self) -> None:
        super()._keep_watch()
        self._watch()

    def _watch(self) -> None:
        if self.local and self._unwatch is None and self._lease is not None:
            # Weakly: a run that nobody holds any more is not to be kept by its loop.
            me = weakref.ref(self)

            def lost(error: Exception) -> None:
                calls = me()
                if calls is not None:
                    calls.abandon(error)

            self._unwatch = self._lease.watch(lost)

    def abandon(self, error: Exception) -> None:
        """Have no calls any more, since the loop has gone; some thread finds that out."""
        for call in () if self._closed else (*snapshot(self._todo), *self._live.copy()):
            self._taker.refused(error, call)
            break
        self._closed = self._gone = True
        self._drop_all()
        for task in self._live.copy().values():
            stranded(task)
            with suppress(Exception):
                task.get_coro().close()
        self._release()

    def close(self) -> None:
        """Cancel the calls; the lease is held until the last of them has cleaned up."""
        self._closed = True
        if self._lease is None:
            return
        self._drop_all()
        if self._running() is self._loop:
            self._cancel_all()
            return
        self._leave(self._cancel_all, self.abandon)

    def _cancel_all(self) -> None:
        for call, task in self._live.copy().items():
            if task.done():  # a Ctrl-C came between its end and the telling of it
                if call is TOGETHER:
                    self._end_together()
                else:
                    self._end(call)
            else:
                interrupt(task, task.cancel)
        if not self._live:
            self._release()

    def _release(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
        if self._lease is not None:
            self._lease.release()
