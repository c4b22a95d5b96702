"""Calls of map_async in tasks of an event loop: the one of the subscriber, or the library's own."""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from sys import getrefcount
from time import monotonic
from types import coroutine
from typing import Any

from operators._kernel.failures.checks import is_coroutine_function
from operators._kernel.hosts.cleanups import interrupt
from operators._kernel.hosts.loops import LoopLease, running_loop, stranded
from operators._kernel.hosts.runtimes import (
    BEGUN,
    Loop,
    current_task,
    looker,
    of_trio,
)
from operators._kernel.hosts.slices import SLICE
from operators._kernel.links.looking import snapshot
from operators._kernel.subscription.scope import Scope
from operators.concurrency._call import BEATS, Call, let_go_of
from operators.concurrency._taker import Taker
from operators.concurrency._tasks import Busy, go_on, maker

_LULL = 0.001
"""Seconds after which a loop looks for calls that a thread has started without waking it."""

_TOGETHER = Call()
"""Stands, among the calls in flight, for a task that makes one call after the other."""


_busy: Busy[LoopCalls] = Busy()


class LoopCalls:
    """Calls in tasks, each in a context of its own; at their end they tell the stage.

    A call has a task of its own, unless the one before it came to its end without waiting for anything:
    then one task makes those that are to be begun, one after the other. The first of them that does wait
    has that task for itself, and the rest get theirs.
    """

    def __init__(self, taker: Taker, fn: Callable[[Any], Any], *, known: bool) -> None:
        self._taker = taker
        self._fn = fn
        self._known = known  # that what the function gives is always to be awaited
        self._direct = known and is_coroutine_function(fn)  # that to call it runs none of its code
        self._context = copy_context()
        self._lease: LoopLease | None = None
        self._loop: Any = None
        self._running: Callable[[], Any] = running_loop
        self.local: bool = False
        """Whether results are taken on the loop's own thread, and not by another one."""
        self._make: Callable[[Any], Any] = asyncio.ensure_future
        self._live: dict[Call, Any] = {}
        self._unwatch: Callable[[], None] | None = None
        self._todo: deque[Call] = deque()
        self._posted = False
        self._gathering = False
        self._begun = 0  # calls that were begun
        self._quick = False  # whether the last call to end has waited for nothing
        self._together = False  # whether a task makes all that is to be begun
        self._shares = True
        self._eager = False
        self._closed = False
        self._gone = False
        self._telling = False
        self._timer: Any = None

    @property
    def over(self) -> bool:
        """Whether its loop has gone."""
        return self._loop is not None and bool(self._loop.is_closed())

    @property
    def idle(self) -> bool:
        """Whether no call is in flight."""
        return not self._live and not self._todo

    @property
    def closed(self) -> bool:
        """Whether no call is to be begun any more."""
        return self._closed

    def open(self, scope: Scope, loop: Loop | None = None) -> None:
        """Take a lease on the loop; raises where there is none to be had."""
        # First of all: from where it is waited for, whatever comes, a Ctrl-C too, `close` gives it back.
        self._lease = lease = LoopLease(loop)
        lease.count_in(scope.pending)
        self._loop = lease.loop
        self._running = looker(lease.loop)
        self.local = (loop or running_loop()) is lease.loop
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
        if self._todo and not self.local:
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
        self._posted = False  # first: what comes from now on is seen below, or posts again
        if self._todo and not self._together:
            # The context of a task is a copy of the one that it is made in.
            self._context.copy().run(self._begin_all)

    def _begin_all(self) -> None:
        if self._quick and self._shares and not self._closed and self._begin_together():
            return
        todo, live, run, make = self._todo, self._live, self._run, self._make
        due = 0.0 if len(todo) <= BEATS and not self._eager else monotonic() + SLICE
        for call in self._to_begin():
            coroutine = run(call)
            coroutine.send(None)
            try:
                task = make(coroutine)
            except Exception as error:
                self._taker.refused(error, call)
                coroutine.close()
                continue
            if call.done:  # an eager task, which is over before we have it
                self._eager = True  # user code: it is to have a turn of the loop, and not our stack
            else:
                if not live:
                    self._keep_watch()
                live[call] = task
                if self.closed:  # meanwhile, by the collector or by an eager task
                    interrupt(task, task.cancel)
            if due and todo and monotonic() >= due:
                self._post()
                return

    def _to_begin(self) -> Iterator[Call]:
        """Take the calls that are to be begun, one by one; those that come too late are dropped."""
        todo = self._todo
        while todo:
            try:
                call = todo.popleft()
            except IndexError:  # who closes takes from the other end
                break
            if self._closed:
                self._drop(call)
            else:
                yield call

    def _begin_together(self) -> bool:
        calls = self._make_calls()
        calls.send(None)
        self._together = True
        try:
            task = self._make(calls)
        except Exception:  # as it will be for the tasks that they get instead: there it is told
            self._together = False
            calls.close()
            return False
        if self._together:  # an eager task may be over by now, or be that of a call that waits
            if not self._live:
                self._keep_watch()
            self._live[_TOGETHER] = task
        return True

    async def _make_calls(self) -> None:
        left = await self._one_by_one()
        if left is not None:
            call, rest = left
            await (self._run(call, rest) if self._direct else rest)

    @coroutine
    def _one_by_one(self) -> Generator[Any, Any, Any]:
        """Make the calls that are to be begun; return the first that waits, and what is left of it."""
        todo, context, together = self._todo, self._context, True
        try:
            yield from self._turn()
            task = current_task(self._loop)
            kept = getrefcount(task)
            due = monotonic() + SLICE
            for call in self._to_begin():
                rest = (self._make_one if self._direct else self._run_one)(call, context.copy())
                if rest is not None:
                    together = False
                    self._give_up_task(call, task)
                    return call, rest
                # The next one is not to meet what this one has left there: a cancel that takes effect where
                # it waits, or somebody who keeps the task as that of a call which is over.
                if getattr(task, "_must_cancel", True) or getrefcount(task) != kept:
                    break
                if todo and monotonic() >= due:
                    yield from self._turn()
                    kept = getrefcount(task)
                    due = monotonic() + SLICE
        finally:
            if together:
                self._end_together()
        return None

    def _make_one(self, call: Call, own: Context, made: Any = None) -> Any:
        """Make a call in a context of its own; return what is left of it to be run; None: it is over."""
        try:
            made = self._fn(call.item)
            awaited = own.run(made.send, None)
        except StopIteration as over:
            call.give(over.value)
        except BaseException as raised:
            let_go_of(made)  # as in `_run`
            if call.end_with(raised, hushed=self._closed, gone=self._gone):
                self._over(call)
                raise
        else:
            return go_on(made, own, awaited)
        self._over(call)
        return None

    def _run_one(self, call: Call, own: Context) -> Any:
        """Do the same where it is not known that the function's own code is all in what it gives."""
        made = self._run(call)
        made.send(None)
        try:
            awaited = own.run(made.send, None)
        except StopIteration:
            return None
        return go_on(made, own, awaited)

    def _turn(self) -> Generator[None, None, None]:
        if self._telling:
            self._told()
        try:
            yield
        except BaseException:  # it is cancelled, or its loop is closed
            if self._together:
                self._drop_all()
            raise

    def _give_up_task(self, call: Call, task: Any) -> None:
        """Leave the task that makes all calls to one of them, which waits."""
        if self._telling:
            self._told()
        self._together = self._quick = False
        self._begun += 1  # with others, so that it is seen to have waited
        live = self._live
        if not live:  # an eager task, of which we do not know yet
            self._keep_watch()
        live[call] = task
        if live.pop(_TOGETHER, None) is None and self._closed:
            interrupt(task, task.cancel)  # closed by the call, before the task was seen to be ours
        self._begin()

    def _end_together(self) -> None:
        if self._telling:
            self._told()
        self._together = False
        live = self._live
        if live.pop(_TOGETHER, None) is not None and not live:
            _busy.pop(self, None)
        if self._todo:
            self._post()
        if self._closed:
            self._taker.discard_late()  # what it knows of those in flight goes with the last of them
            if not live:
                self._release()

    async def _run(self, call: Call, rest: Any = None, result: Any = None) -> None:
        try:  # on the first line: a Ctrl-C may come on any
            number = 0
            if rest is not None:
                result = await rest
            else:
                await BEGUN
                number = self._begun = self._begun + 1
                result = call.made if call.made is not None else self._fn(call.item)
                if self._known or inspect.isawaitable(result):
                    result = await result
            call.give(result)
            self._quick = self._begun == number
        except BaseException as raised:
            let_go_of(result)  # it came before that could be awaited
            if call.end_with(raised, hushed=self._closed, gone=self._gone):
                raise
        finally:
            self._end(call)

    def _end(self, call: Call) -> None:
        live = self._live
        if live.pop(call, None) is not None and not live:
            _busy.pop(self, None)
        self._over(call)
        if self._closed and not live:
            self._release()

    def _over(self, call: Call) -> None:
        taker = self._taker
        call.done = True
        ready = taker.ready
        ready.append(call)
        if taker.over:
            taker.discard_late()
        elif self.local:
            # The same thread takes them, and all there are: who is woken looks for the others too.
            if len(ready) == 1:
                taker.schedule()
        elif not self._telling:
            # Once for all that end in this turn of the loop: it is another thread that is woken.
            self._telling = True
            if not self._together:  # else when all of them are made, or the loop has its turn
                try:
                    self._loop.call_soon(self._told)
                except RuntimeError:  # the loop is closed, and lets go of its tasks
                    self._told()
        if call.keyed is not None:
            call.keyed.ended(call)

    def _told(self) -> None:
        self._telling = False
        self._taker.schedule()
        # The thread that takes the results need not wake the loop for each call that it starts in their
        # place: the loop looks by itself a little later, or when that thread has to wait.
        if self._timer is None and not self._closed:
            self._timer = self._loop.call_later(_LULL, self._look)
        self._posted = self._timer is not None

    def _drop(self, call: Call) -> None:
        call.drop()
        self._taker.keep(call)
        self._taker.schedule()

    def _drop_all(self) -> None:
        todo = self._todo
        while todo:
            with suppress(IndexError):
                self._drop(todo.pop())

    def _keep_watch(self) -> None:
        _busy.keep(self)
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
                if call is _TOGETHER:
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
