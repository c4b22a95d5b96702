"""Calls of map_async in tasks of one event loop, on its thread."""

from __future__ import annotations

import asyncio
import inspect
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
from operators._kernel.hosts.runtimes import BEGUN, current_task
from operators._kernel.hosts.slices import SLICE
from operators.concurrency._call import BEATS, Call, let_go_of
from operators.concurrency._taker import Taker
from operators.concurrency._tasks import Busy, go_on

TOGETHER = Call()
"""Stands, among the calls in flight, for a task that makes one call after the other."""

_busy: Busy[TaskCalls] = Busy()


class TaskCalls:
    """Calls in tasks, each in a context of its own; at their end they tell the stage.

    A call has a task of its own, unless the one before it came to its end without waiting for anything:
    then one task makes those that are to be begun, one after the other. The first of them that does wait
    has that task for itself, and the rest get theirs.
    """

    slice = SLICE
    """Seconds for which calls that wait for nothing are made before the loop gets its turn."""

    def __init__(self, taker: Taker, fn: Callable[[Any], Any], *, known: bool) -> None:
        self._taker = taker
        self._fn = fn
        self._known = known  # that what the function gives is always to be awaited
        self._direct = known and is_coroutine_function(fn)  # that to call it runs none of its code
        self._context = copy_context()
        self._loop: Any = None
        self.local: bool = False
        """Whether results are taken on the loop's own thread, and not by another one."""
        self._make: Callable[[Any], Any] = asyncio.ensure_future
        self._live: dict[Call, Any] = {}
        self._todo: deque[Call] = deque()
        self._begun = 0  # calls that were begun
        self._quick = False  # whether the last call to end has waited for nothing
        self._together = False  # whether a task makes all that is to be begun
        self._shares = True
        self._eager = False
        self._closed = False
        self._gone = False
        self._telling = False

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

    # Beginning -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin what is to be begun, on the loop's thread."""
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
            self._live[TOGETHER] = task
        return True

    # One after another ---------------------------------------------------------------------------

    async def _make_calls(self) -> None:
        left = await self._one_by_one()
        if left is not None:
            call, rest = left
            await (self._run(call, rest) if self._direct else rest)

    @coroutine
    def _one_by_one(self) -> Generator[Any, Any, Any]:
        """Make the calls that are to be begun; return the first that waits, and what is left of it."""
        context, together = self._context, True
        try:
            yield from self._turn()
            task = current_task(self._loop)
            kept = getrefcount(task)
            due = monotonic() + self.slice
            for call in self._as_they_come():
                rest = (self._make_one if self._direct else self._run_one)(call, context.copy())
                if rest is not None:
                    together = False
                    self._give_up_task(call, task)
                    return call, rest
                # The next one is not to meet what this one has left there: a cancel that takes effect where
                # it waits, or somebody who keeps the task as that of a call which is over.
                if getattr(task, "_must_cancel", True) or getrefcount(task) != kept:
                    break
                if monotonic() >= due:
                    yield from self._turn()
                    kept = getrefcount(task)
                    due = monotonic() + self.slice
        finally:
            if together:
                self._end_together()
        return None

    def _as_they_come(self) -> Iterator[Call]:
        """Take the calls that are to be begun, and those that come as what these have come to is taken."""
        while True:
            yield from self._to_begin()
            if not self._more_come():
                return

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
        if live.pop(TOGETHER, None) is None and self._closed:
            interrupt(task, task.cancel)  # closed by the call, before the task was seen to be ours
        self._begin()

    def _end_together(self) -> None:
        if self._telling:
            self._told()
        self._together = False
        live = self._live
        if live.pop(TOGETHER, None) is not None and not live:
            _busy.pop(self, None)
        if self._todo:
            self._post()
        if self._closed:
            self._taker.discard_late()  # what it knows of those in flight goes with the last of them
            if not live:
                self._release()

    # Each in a task of its own -------------------------------------------------------------------

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

    def _drop(self, call: Call) -> None:
        call.drop()
        self._taker.keep(call)
        self._taker.schedule()

    def _drop_all(self) -> None:
        todo = self._todo
        while todo:
            with suppress(IndexError):
                self._drop(todo.pop())

    # What depends on who takes the results -----------------------------------------------------------

    def _post(self) -> None:
        """Have what is to be begun be begun in a later turn of the loop."""
        raise NotImplementedError

    def _more_come(self) -> bool:
        """Return whether there are more calls to be begun as soon as those before are taken."""
        raise NotImplementedError

    def _told(self) -> None:
        """Tell who takes the results that there are some."""
        raise NotImplementedError

    def _keep_watch(self) -> None:
        """Keep this alive, and find out when its loop is closed: there is a task."""
        _busy.keep(self)

    def _release(self) -> None:
        """Need the loop no longer."""
        raise NotImplementedError
