"""Calls of map_async on an executor; and of functions of which it is not known what they give."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from operators._kernel.failure import kind_of
from operators._kernel.loops import running_loop
from operators._kernel.pending import Pending, starved
from operators._kernel.scope import Scope
from operators.concurrency._call import Call, give_up, needs_a_loop
from operators.concurrency._delivery import Delivery
from operators.concurrency._loop_calls import LoopCalls
from operators.concurrency._taker import Taker


class Ticket:
    """What an executor is given for one call; on a thread it tells by itself, and it can be taken back.

    An executor may keep it although submit has raised ("can't start new thread"), or drop it although
    submit has not. Sent to a process it is just the function and its item.
    """

    __slots__ = ("__name__", "_calls", "_token", "call")

    def __init__(self, calls: PoolCalls, call: Call) -> None:
        self._calls = calls
        self._token = [
            None
        ]  # a list's pop is atomic, and needs no lock that a finaliser could meet
        self.call = call
        self.__name__ = "map_async"

    def take(self) -> bool:
        """Return True to one caller: who makes the call, or tells that there will be none."""
        try:
            self._token.pop()
        except IndexError:
            return False
        return True

    def __call__(self) -> None:
        if self.take():
            self._calls.run(self.call)

    def __reduce__(self) -> Any:
        return partial, (self._calls.fn, self.call.item)


class PoolCalls:
    """Calls on an executor; results go on from the event loop, or from a thread of our own."""

    def __init__(
        self, taker: Taker, fn: Callable[[Any], Any], executor: Executor | None, concurrency: int
    ) -> None:
        self.fn = fn
        self._taker = taker
        self._owned = executor is None
        self._pool = executor
        self._concurrency = concurrency
        self._context: Context = copy_context()
        self._live: dict[Call, Future[Any] | None] = {}
        self._closed = False
        self._pending: Pending | None = None
        self._loop = running_loop()
        self.deliver = Delivery(self._loop, self._context, taker.lost)

    @property
    def idle(self) -> bool:
        """Whether no call is in flight."""
        return not self._live

    @property
    def closed(self) -> bool:
        """Whether no call is to be begun any more."""
        return self._closed

    def open(self, scope: Scope) -> None:
        """Make ready; threads begin with the calls."""
        self._pending = scope.pending
        self._pending.carry(self)

    def trouble(self) -> Exception | None:
        """Return why the calls will not come to an end as long as the waiting threads wait, or None."""
        error = self.deliver.trouble()
        if error is not None or self._owned:
            return error
        live = self._live.copy()
        # What has begun may end by itself, though it waits.
        return None if not live or any(call.begun for call in live) else starved(self._pool)

    def soon(self, fn: Callable[[], object]) -> bool:
        """Return False: what is asked for at once runs at once beside the consumer."""
        return False

    def ask(self, request: Callable[[int], object], n: int) -> None:
        """Ask upstream for items; each call begins as its item comes."""
        request(n)

    def hurry(self) -> None:
        """Do nothing: no call is put off."""

    def _executor(self) -> Executor:
        # A pool of our own is nobody's but ours: its threads end when we let go of it. (To shut it down
        # takes locks, which the thread may hold in which the collector closes an abandoned loop.)
        pool = self._pool
        if pool is None:
            self._pool = pool = ThreadPoolExecutor(
                self._concurrency, thread_name_prefix="operators-map_async"
            )
        return pool

    def start(self, call: Call) -> None:
        """Hand a call to the executor."""
        if self._closed:
            self._drop(call)
            return
        ticket = Ticket(self, call)
        live = self._live
        live[call] = None
        try:
            future = self._executor().submit(ticket)
            future.add_done_callback(partial(self._done, ticket))
        except BaseException as error:
            if ticket.take():  # else a thread has it already, although this was refused
                if isinstance(error, Exception):
                    self._taker.refused(error, call)
                self._drop(call)
            elif isinstance(error, Exception):
                self._taker.refused(error, call)
            if not isinstance(error, Exception):
                raise
            return
        live[call] = future
        if call.done:
            live.pop(call, None)
        if self.closed:  # meanwhile
            future.cancel()
            self._let_go()

    def run(self, call: Call) -> None:
        """Make the call, on a thread of the executor."""
        call.begun = True
        try:
            over = self.returned(call, self._context.copy().run(self.fn, call.item))
        except Exception as error:
            over = self.failed(call, error)
        except BaseException as raised:
            call.end_by(raised)
            self._end(call)
            raise
        if over:
            self._end(call)

    def failed(self, call: Call, error: Exception) -> bool:
        """Take note that the function has raised; return whether the call is over by that."""
        call.hushed = isinstance(error, BrokenExecutor)
        call.fail(error)
        return True

    def returned(self, call: Call, result: Any) -> bool:
        """Take note of what the function has given; return whether the call is over by that."""
        if inspect.iscoroutine(result) or isinstance(result, asyncio.Future):
            give_up(result)
            raise TypeError(
                f"map_async: fn gave a {kind_of(result)}, which is to be awaited; on an executor nothing "
                "is: leave executor= out"
            )
        call.result = result
        return True

    def _done(self, ticket: Ticket, future: Future[Any]) -> None:
        if not ticket.take():
            return  # a thread has made the call, and told
        call = ticket.call
        if future.cancelled():
            self._drop(call)
            return
        raised = future.exception()
        try:
            if raised is None:
                self.returned(call, future.result())
            elif isinstance(raised, Exception):
                self.failed(call, raised)
            else:
                call.end_by(raised)
        except Exception as error:
            self.failed(call, error)
        self._end(call)

    def _drop(self, call: Call) -> None:
        call.drop()
        self._end(call)

    def _end(self, call: Call) -> None:
        call.done = True
        self._live.pop(call, None)
        self._taker.keep(call)
        self._taker.schedule()

    def close(self) -> None:
        """Cancel what was not begun; what runs on a thread runs to its end, and is discarded."""
        self._closed = True
        for future in self._live.copy().values():
            if future is not None:
                future.cancel()
        self._let_go()
        self.deliver.close()
        if self._pending is not None:
            self._pending.drop(self)

    def _let_go(self) -> None:
        if self._owned:
            self._pool = None


class PlainCalls(PoolCalls):
    """Calls of a function that may block, or may give what is to be awaited: which, is not known.

    So it is called on threads until it gives an awaitable, or fails for the want of an event loop;
    from then on it is called on the loop, where what it gives is awaited.
    """

    def __init__(
        self, taker: Taker, fn: Callable[[Any], Any], concurrency: int, learnt: list[bool]
    ) -> None:
        super().__init__(taker, fn, None, concurrency)
        self._learnt = learnt
        self._loops = LoopCalls(taker, fn, known=False)
        self._scope: Scope | None = None
        self._handed: deque[Call] = deque()
        self._token = [None]
        self._opened = False
        self._broken: Exception | None = None

    @property
    def idle(self) -> bool:
        return super().idle and not self._handed and self._loops.idle

    def open(self, scope: Scope) -> None:
        super().open(scope)
        self._scope = scope

    def start(self, call: Call) -> None:
        if self._learnt:
            self._hand_over(call)
        else:
            super().start(call)

    def failed(self, call: Call, error: Exception) -> bool:
        if type(error) is RuntimeError and needs_a_loop(error):
            self._to_the_loop(call)
            return False
        return super().failed(call, error)

    def returned(self, call: Call, result: Any) -> bool:
        if inspect.isawaitable(result):
            call.made = result
            self._to_the_loop(call)
            return False
        return super().returned(call, result)

    def _to_the_loop(self, call: Call) -> None:
        self._learnt.append(True)
        self._live.pop(call, None)
        self._let_go()
        self._hand_over(call)

    def _hand_over(self, call: Call) -> None:
        self._handed.append(call)
        if not self._opened:
            try:
                self._token.pop()
            except IndexError:
                pass  # somebody takes the lease just now, and then looks at all that are handed over
            else:
                self._open_loop()
        if self._opened:
            self._pass_on()

    def _open_loop(self) -> None:
        assert self._scope is not None
        try:
            self._loops.open(self._scope, self._loop)
        except Exception as error:
            self._broken = error
        self._opened = True
        if self._closed:
            self._loops.close()

    def _pass_on(self) -> None:
        while self._handed:
            try:
                call = self._handed.popleft()
            except IndexError:
                return
            if self._broken is None:
                self._loops.start(call)
            else:
                give_up(call.made)
                call.fail(self._broken)
                self._end(call)

    def hurry(self) -> None:
        if self._opened:
            self._loops.hurry()

    def close(self) -> None:
        super().close()
        if self._opened:
            self._loops.close()
