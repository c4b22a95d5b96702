"""Calls of map_async on an executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any, TypeGuard
from uuid import uuid4

from operators._kernel.failures.checks import need_methods
from operators._kernel.failures.failure import brief
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.pending import Pending, starved
from operators._kernel.hosts.threads import unlocked
from operators._kernel.hosts.virtual import Elsewhere
from operators._kernel.subscription.scope import Scope
from operators.concurrency._call import Call, no_awaitable
from operators.concurrency._chunk_fn import ChunkFn
from operators.concurrency._dask import DaskExecutor, is_of_dask
from operators.concurrency._delivery import Delivery
from operators.concurrency._losses import Whole, died
from operators.concurrency._rescue import Rescue
from operators.concurrency._taker import Taker

_DIED = "have died"
_BY_THE_EXECUTOR = " by the executor: it was shut down, or has lost what it works with"
_MOST_SHOWN = 5
"""Items of other calls that an error names."""


def _sound(executor: Any) -> Any:
    return DaskExecutor(executor) if is_of_dask(executor) else executor


class Ticket:
    """What an executor is given for one call; on a thread it tells by itself, and it can be taken back.

    An executor may keep it although submit has raised ("can't start new thread"), or drop it although
    submit has not. Sent to a process it is just the function and its item.
    """

    __slots__ = ("__name__", "_calls", "_token", "call", "pool")

    def __init__(self, calls: PoolCalls, call: Call) -> None:
        self._calls = calls
        self.pool = calls.pools  # its number: who kept the pool itself would keep its threads
        # A list's pop is atomic, and needs no lock that a finaliser could meet.
        self._token = [None]
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

    def __dask_tokenize__(self) -> str:
        # By this Dask names the call. By the name of an equal one, of another flow perhaps, it would give
        # that one's result, and its failure too, in the place of making it.
        return uuid4().hex


def makes_pool(executor: Any) -> TypeGuard[Callable[[], Executor]]:
    """Whether it is called for an executor: a class is, and what has no submit itself."""
    return callable(executor) and (isinstance(executor, type) or not hasattr(executor, "submit"))


class PoolCalls:
    """Calls on an executor; results go on from the event loop, or from a thread of our own."""

    def __init__(
        self,
        taker: Taker,
        fn: Callable[[Any], Any],
        executor: Executor | Callable[[], Executor] | None,
        concurrency: int,
        tries: int = 0,
    ) -> None:
        self.fn = fn
        self._taker = taker
        self._owned = executor is None
        self._make = executor if executor is not None and makes_pool(executor) else None
        self._pool: Any = None if self._make is not None else _sound(executor)
        self.pools = 0
        """How many pools have broken."""
        self._tries = tries
        self._rescue = Rescue(self._submit) if tries else None
        self._concurrency = concurrency
        self._context: Context = copy_context()
        self._live: dict[Call, tuple[Future[Any] | None, int]] = {}
        self._closed = False
        self._pending: Pending | None = None
        self._loop = running_loop()
        self._elsewhere = Elsewhere(self._loop)
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

    @property
    def local(self) -> bool:
        """False: threads of a pool make the calls, meanwhile."""
        return False

    def soon(self, fn: Callable[[], object]) -> bool:
        """Return False: what is asked for at once runs at once beside the consumer."""
        return False

    def ask(self, request: Callable[[int], object], n: int) -> None:
        """Ask upstream for items; each call begins as its item comes."""
        request(n)

    def hurry(self) -> None:
        """Do nothing: no call is put off."""

    def _executor(self) -> Executor:
        if self._make is not None and self._pool is None:
            made = self._make()
            need_methods(
                self._taker.name, "concurrent.futures.Executor", made, "submit", "shutdown"
            )
            self._pool = _sound(made)
        # A pool of our own is nobody's but ours: its threads end when we let go of it. (To shut it down
        # takes locks, which the thread may hold in which the collector closes an abandoned loop.)
        pool: Executor | None = self._pool
        if pool is None:
            self._pool = pool = ThreadPoolExecutor(
                self._concurrency, thread_name_prefix="operators-map_async"
            )
        return pool

    def start(self, call: Call) -> None:
        """Hand a call to the executor."""
        if self._rescue is not None and self._rescue.busy:
            self._rescue.take(call)
            if self.closed:  # meanwhile
                self._drop_suspects()
            return
        self._submit(call)

    def _submit(self, call: Call) -> None:
        if self._closed:
            self._drop(call)
            return
        ticket = Ticket(self, call)
        live = self._live
        live[call] = None, ticket.pool
        self._elsewhere.begin()
        try:
            future = self._executor().submit(ticket)
            future.add_done_callback(partial(self._done, ticket))
        except BaseException as error:
            self._elsewhere.end()
            if died(error) and ticket.take():
                if not self._lose(ticket, error, begun=False):
                    self.failed(call, error)
                    self._end(call)
            elif ticket.take():  # else a thread has it already, although this was refused
                if isinstance(error, Exception):
                    self._taker.refused(error, call)
                self._drop(call)
            elif isinstance(error, Exception):
                self._taker.refused(error, call)
            if not isinstance(error, Exception):
                raise
            return
        live[call] = future, ticket.pool
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
        call.hushed = died(error)
        call.fail(error)
        return True

    def returned(self, call: Call, result: Any) -> bool:
        """Take note of what the function has given; return whether the call is over by that."""
        call.result = no_awaitable(call.by, result)
        return True

    def _done(self, ticket: Ticket, future: Future[Any]) -> None:
        if self._closed:  # by ourselves, who hold none of the pool's locks
            self._finish(ticket, future)
        else:
            unlocked(future, partial(self._finish, ticket, future))

    def _finish(self, ticket: Ticket, future: Future[Any]) -> None:
        try:
            self._settle(ticket, future)
        finally:
            self._elsewhere.end()

    def _settle(self, ticket: Ticket, future: Future[Any]) -> None:
        if not ticket.take():
            return  # a thread has made the call, and told
        call = ticket.call
        if future.cancelled():
            self._drop(call, "" if self._closed else _BY_THE_EXECUTOR)
            return
        raised = future.exception()
        try:
            if raised is None:
                self.returned(call, future.result())
            elif isinstance(raised, Exception):
                if died(raised) and self._lose(ticket, raised, begun=True):
                    return
                self.failed(call, raised)
            else:
                call.end_by(raised)
        except Exception as error:
            self.failed(call, error)
        self._end(call)

    def _lose(self, ticket: Ticket, error: Exception, *, begun: bool) -> bool:
        """Take note that a worker has died; return whether the call is made again."""
        call, rescue = ticket.call, self._rescue
        if self._closed:
            return False
        broken = isinstance(error, BrokenExecutor)
        if broken and ticket.pool == self.pools:
            self.pools += 1
            if self._make is not None:
                self._pool = None  # the next call has a new one made
        alone = rescue is not None and rescue.is_alone(call)
        call.losses += alone
        takes_none = not begun and self._make is None
        if rescue is None or call.losses > self._tries or takes_none:
            self._tell_of_loss(call, error, alone=alone)
            return False
        self._live.pop(call, None)
        if alone and call.size > 1 and isinstance(self.fn, ChunkFn):
            rescue.take_apart(call, Whole(call).parts, within=begun)
        else:
            rescue.take(call, within=begun)
        if self.closed:  # meanwhile
            self._drop_suspects()
        return True

    def _tell_of_loss(self, call: Call, error: Exception, *, alone: bool) -> None:
        if any(_DIED in note for note in getattr(error, "__notes__", ())):
            return  # it is one error for all of them
        if alone and call.losses > self._tries:
            note = f"{call.by}: {call.losses} workers {_DIED}, each when this was the only call"
        elif not isinstance(error, BrokenExecutor):
            return  # it names the call by itself
        else:
            others = [brief(each.item) for each in self._live.copy() if each is not call]
            shown = ", ".join(others[:_MOST_SHOWN])
            more = "" if len(others) <= _MOST_SHOWN else f" and {len(others) - _MOST_SHOWN} more"
            note = (
                f"{call.by}: workers {_DIED}, or could not begin; the executor does not say at which call"
                + (f": those for {shown}{more} were in flight too" if others else "")
            )
            if self._make is None:
                note += (
                    "; a broken pool takes no more calls: give executor= a function that makes one, "
                    'and on_lost="retry"'
                )
        with suppress(Exception):
            error.add_note(note)

    def _drop_suspects(self) -> None:
        if self._rescue is not None:
            for call in self._rescue.give_up():
                self._drop(call)

    def _drop(self, call: Call, by_whom: str = "") -> None:
        call.drop(by_whom)
        self._end(call)

    def _end(self, call: Call) -> None:
        call.done = True
        self._live.pop(call, None)
        keyed = call.keyed
        if self._rescue is not None:
            self._rescue.ended(call)
        whole = call.whole
        if whole is not None:
            if whole.ended():
                self._end(whole.call)
            return
        self._taker.keep(call)
        if keyed is not None:
            keyed.ended(call)
        self._taker.schedule()

    def close(self) -> None:
        """Cancel what was not begun; what runs on a thread runs to its end, and is discarded."""
        self._closed = True
        for future, pool in self._live.copy().values():
            # The calls of a broken pool end by that. Its thread would fall over one that is cancelled
            # meanwhile, and leave its processes behind.
            if future is not None and pool == self.pools:
                future.cancel()
        self._drop_suspects()
        self._let_go()
        self.deliver.close()
        if self._pending is not None:
            self._pending.drop(self)

    def _let_go(self) -> None:
        if self._owned or self._make is not None:
            self._pool = None
