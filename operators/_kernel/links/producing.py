"""Producing: the two ways in which a producer runs, as a plain call or as a task, and when it is over."""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Any
from weakref import ref

from operators._kernel.failures.checks import coroutine_error
from operators._kernel.failures.failure import ended_by
from operators._kernel.hosts.cleanups import interrupt
from operators._kernel.hosts.exits import loop_gone
from operators._kernel.hosts.loops import LoopLease, stranded
from operators._kernel.hosts.runtimes import (
    Loop,
    cancellations,
    current_task,
    need_loop,
    turn,
    weakly,
)
from operators._kernel.hosts.slices import SLICE
from operators._kernel.hosts.threads import aside
from operators._kernel.hosts.virtual import later_in_earnest
from operators._kernel.links.emitter import INSIDE, Outlet
from operators._kernel.subscription.hop import Hop

GRACE = 0.5
"""Seconds that a coroutine has for its own cleanup, once it knows that the stream is over."""

_running: dict[Any, TaskCall] = {}  # the event loop itself holds its tasks weakly


class PlainCall:
    """One call of a plain function, which may hand its emitter on to others before it returns.

    When it has returned, and nobody has the emitter any more, nothing can come: the stream completes.
    Two report: the call, when it returns, and the emitter, when it goes. The second one acts.
    """

    __slots__ = ("_emitter", "_first", "_outlet", "_producer", "functions")

    def __init__(
        self, producer: Callable[[Any], Any], outlet: Outlet, emitter: Callable[[PlainCall], Any]
    ) -> None:
        self._producer = producer
        self._outlet: Outlet = outlet
        self._emitter = emitter
        self._first = threading.Lock()
        # Not the outlet's own: what they refer to, the emitter maybe, is not to live on by that.
        self.functions: deque[Callable[[], object]] | None = deque()
        outlet.look_at(self.functions)

    def begin(self, worker: Any) -> None:
        """Have the worker, which is the stream's from now on, run it; that may be here."""
        outlet = self._outlet
        hop = Hop(worker, outlet.scope, self._lost, self._stop)
        outlet.on_cancel(hop.close)
        outlet.opener = threading.get_ident()
        try:
            hop.run(self._run)
        except BaseException:  # Ctrl-C, and who knows how far it came
            outlet.cancel()
            raise
        finally:
            outlet.opener = 0

    def _lost(self, error: Exception) -> None:
        if not self._outlet.over:
            self._outlet.complete(self._outlet.blame(error))

    def _stop(self, error: Exception) -> None:
        if not self._outlet.over:
            self._outlet.abort(self._outlet.blame(error))

    def _run(self) -> None:
        INSIDE.set(self._outlet.mark)
        outlet = self._outlet
        try:
            self._call()
        except Exception as error:
            if error is not outlet.refusal:
                outlet.complete(outlet.blame(error))
        except BaseException as raised:
            if not outlet.over:
                outlet.complete(outlet.blame(ended_by(raised)))
            raise
        else:
            if not self._first.acquire(blocking=False):
                self._end()

    def _call(self) -> None:
        # The only references to the emitter that are left when this returns are the user's.
        made = self._producer(self._made())
        if (wrong := coroutine_error("create", "producer", made)) is not None:
            raise wrong
        if isinstance(made, Generator):
            made.close()
            raise TypeError(
                "create: producer is a generator function, whose items nobody would take; use "
                "Flow.from_iterable(producer())"
            )

    def _made(self) -> Any:
        emitter = self._emitter(self)
        self.functions = None
        return emitter

    def forgotten(self, functions: deque[Callable[[], object]]) -> None:
        """Take note that the emitter goes, with the functions that wait for the end.

        It is called by a finaliser, in the midst of anything: it takes no lock, and leaves what may to
        a thread of its own.
        """
        self.functions = functions
        if self._first.acquire(blocking=False):
            return
        if (functions or not self._outlet.over) and not sys.is_finalizing():
            with suppress(RuntimeError):  # no thread can be had: so it is at the end of the program
                start_new_thread(aside, (self._end,))

    def _end(self) -> None:
        outlet = self._outlet
        if not outlet.over:
            outlet.complete()
        while self.functions:
            outlet.on_cancel(self.functions.popleft())


class TaskCall:
    """One run of a coroutine function as a task, which is cancelled when the stream is over.

    Where the end comes out of its own emit, that is at its next await. If it knows of the end, by its
    own complete() or by an emit that gave False, it is left alone for a while, to clean up.
    """

    __slots__ = (
        "_cancelled", "_emitter", "_fresh", "_knows", "_lease", "_outlet", "_producer", "_task",
        "_timer", "_told", "_watch", "due",
    )  # fmt: skip

    def __init__(
        self,
        producer: Callable[[Any], Any],
        outlet: Outlet,
        emitter: Callable[[TaskCall], Any],
        lease: LoopLease,
    ) -> None:
        self._producer = producer
        self._outlet: Outlet = outlet
        self._emitter = emitter
        self._lease = lease
        self._task: Any = None
        self._knows = False
        self._told = False
        self._cancelled = False
        self._timer: Any = None
        self._watch: Callable[[], None] | None = None
        self._fresh = True
        self.due: float = 0.0
        """When the event loop is to have its turn, in seconds of the monotonic clock."""

    def begin(self, context: Context) -> None:
        """Start the task, on the loop of the lease."""
        try:
            self._lease.call(self._start, context, lost=self._failed)
        except Exception as error:
            self._failed(error)

    def _start(self, context: Context) -> None:
        outlet = self._outlet
        outlet.on_cancel(self._over)  # first: an eager task begins before there is a task to cancel
        if outlet.over:
            self._lease.release()
            return
        run = self._run()
        try:
            self._watch = _watch(self._lease.loop, self._failed)
            # Not by `context=`, which not every task factory takes. It is kept here, and not by the
            # lease, to be let go where the loop is closed under it.
            task = context.run(self._lease.loop.create_task, run)
        except Exception as error:
            run.close()
            self._failed(error)
            return
        self._task = task
        if not task.done():
            _running[task] = self
        task.add_done_callback(self._done)

    def _failed(self, error: Exception) -> None:
        task = self._task
        if not self._outlet.over:
            self._outlet.complete(self._outlet.blame(error))
        self._let_go()
        if task is not None:
            if self._lease.loop.is_closed():
                stranded(task)
            _running.pop(task, None)

    def _let_go(self) -> None:
        if self._watch is not None:
            self._watch()
        self._lease.release()

    async def _run(self) -> None:
        outlet = self._outlet
        self._task = current_task(self._lease.loop)
        INSIDE.set(outlet.mark)
        try:
            await self._producer(self._emitter(self))
            if not outlet.over:
                outlet.complete()
        except cancellations():
            self._was_cancelled()
        except Exception as error:
            outlet.complete(outlet.blame(error))
        except BaseException as raised:
            if not outlet.over:
                outlet.complete(outlet.blame(ended_by(raised)))
            if isinstance(raised, (KeyboardInterrupt, SystemExit)):
                raise  # the loop has to see them; anything else is nobody's
        finally:
            self._let_go()

    def _was_cancelled(self) -> None:
        outlet = self._outlet
        if not outlet.over:
            error = RuntimeError("the event loop cancelled create's producer")
            outlet.complete(outlet.blame(error))

    def _done(self, task: Any) -> None:
        _running.pop(task, None)
        if self._timer is not None:
            self._timer.cancel()
        if task.cancelled():  # before it began, maybe
            self._was_cancelled()
        else:
            task.exception()  # told already: it is not to be logged as never retrieved
        self._let_go()

    # The end ------------------------------------------------------------------------------------

    def _over(self) -> None:
        if self._task is None or not self._task.done():
            self._lease.call(self._stop)

    def _stop(self) -> None:
        task = self._task
        if task is not None and task is current_task(self._lease.loop):
            # By then it waits for something, or has ended.
            self._lease.loop.call_soon(self._leave, task)
        else:
            self._leave(task)

    def _leave(self, task: Any) -> None:
        if task is None or task.done():
            return
        if self._knows:
            self._timer = self._lease.loop.call_later(GRACE, self._cancel, task)
        else:
            self._cancel(task)

    def _cancel(self, task: Any) -> None:
        if not self._cancelled:  # once: what it awaits in its cleanup is not to be cut off
            self._cancelled = True
            interrupt(task, task.cancel)

    def knows(self) -> None:
        """Take note that the producer has told of the end itself."""
        self._knows = True

    async def told(self) -> None:
        """Take note that it was told that the stream is over; a second time, cancel it here."""
        task = current_task(self._lease.loop)
        if task is self._task and task is not None:
            if self._told:
                self._cancel(task)
                await turn()
            self._told = self._knows = True

    # The turn of the event loop -----------------------------------------------------------------

    async def pause(self) -> None:
        """Let the event loop go round, if it has not by itself since this was called last."""
        if not self._fresh:
            await turn()
        self._fresh = False
        need_loop().call_soon(self._turned)
        self.due = monotonic() + SLICE

    def _turned(self) -> None:
        self._fresh = True
        self.due = 0.0


class _Closing:
    """Something that only an event loop keeps: it tells when the loop is closed, and lets go of it."""

    __slots__ = ("__weakref__", "_lost")

    def __init__(self, lost: Callable[[Exception], object]) -> None:
        self._lost: Callable[[Exception], object] | None = lost

    def __call__(self) -> None:
        """Be called after some years."""

    def forget(self) -> None:
        """Tell nothing any more."""
        self._lost = None

    def __del__(self) -> None:
        lost = self._lost
        if lost is not None and not sys.is_finalizing():
            # Not here: somebody closes a loop, or the collector is at work in the midst of anything.
            error = loop_gone("the event loop was closed while create's producer ran on it")
            with suppress(Exception):
                aside(lambda: lost(error))


def _watch(loop: Loop, lost: Callable[[Exception], object]) -> Callable[[], None]:
    """Have `lost` called where the loop is closed, until the function that is returned is called."""
    closing = _Closing(lost)
    handle = later_in_earnest(loop, _YEARS, closing)
    watched, waiting = ref(closing), weakly(handle)

    def end() -> None:
        if (it := watched()) is not None:
            it.forget()
        if (timer := waiting()) is not None:
            timer.cancel()

    return end


_YEARS = 1e8  # seconds
