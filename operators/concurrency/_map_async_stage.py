"""The stage of map_async: its items become calls, and what they come to is delivered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Protocol

from operators._kernel.failures.failure import drop_late, ended_by
from operators._kernel.links.looking import snapshot
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.ends import NOBODY, NOWHERE
from operators._kernel.subscription.scope import Scope
from operators.concurrency._call import Aftermath, Call
from operators.concurrency._keyed import Keyed
from operators.concurrency._limit import FixedLimit, Limit
from operators.concurrency._row import Row
from operators.concurrency._taker import Taker


class Calls(Protocol):
    """Makes the calls, and runs the drain."""

    @property
    def idle(self) -> bool:
        """Whether no call is in flight."""
        ...

    def open(self, scope: Scope) -> None:
        """Make ready; whatever it raises ends the stream."""
        ...

    def ask(self, request: Callable[[int], object], n: int) -> None:
        """Call `request` with n."""
        ...

    @property
    def local(self) -> bool:
        """Whether calls begin on the very thread on which results are taken, and so not meanwhile."""
        ...

    def hurry(self) -> None:
        """Begin at once what may have been put off."""
        ...

    def start(self, call: Call) -> None:
        """Begin a call; the taker is told, not the caller, where that cannot be."""
        ...

    @property
    def deliver(self) -> Callable[[Callable[[], object]], None]:
        """Runs a function soon, on the thread or the loop where results go on from."""
        ...

    def soon(self, fn: Callable[[], object]) -> bool:
        """Have `fn` run when this thread's event loop has its turn; False: there is no need to wait."""
        ...

    def close(self) -> None:
        """Cancel what is in flight."""
        ...


class MapAsyncStage(QueuedStage):
    """Starts a call with each item; the drain, or a loop that polls, takes what they come to.

    A call that is over is in `ready` until the one that delivers has taken it, and each end of that
    queue is safe for any thread: so each call is delivered or discarded, once. In `_queue` are all, in
    the order of the items, where that order is kept; only the one that delivers looks at it.
    """

    __slots__ = (
        "_aftermath",
        "_asked",
        "_asking",
        "_begin",
        "_calls",
        "_completed",
        "_delivered",
        "_free",
        "_keyed",
        "_limit",
        "_ordered",
        "_queue",
        "_row",
        "_started",
        "_swept",
        "over",
        "ready",
    )  # fmt: skip
    crosses = True

    def __init__(
        self,
        make: Callable[[Taker], Calls],
        limit: Limit,
        ordered: bool,
        key: Callable[[Any], Any] | None,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._limit = limit
        self._ordered = ordered
        self._calls = make(self)
        self._begin = self._calls.start
        # A limit that stays needs nobody at the door: upstream is not asked for more.
        self._row = None if type(limit) is FixedLimit else Row(self._begin, limit)
        begin = self._begin if self._row is None else self._row.begin
        self._keyed = None if key is None else Keyed(key, begin)
        if self._row is not None and self._keyed is not None:
            self._row.after = self._keyed.ended
        self._asked = 0
        self._queue: deque[Call] = deque()
        self.ready: deque[Call] = deque()
        self._started = 0  # counted by upstream
        self._delivered: int = 0  # counted by the one that delivers
        self._free = 0  # places of results that were taken, for which upstream was not asked yet
        self._asking = False
        self._completed = False
        self.over = False
        self._swept = False
        self._aftermath: Aftermath | None = None

    @property
    def name(self) -> str:
        """What the operator is called."""
        return str(self.node.operator.name)

    @property
    def occupied(self) -> int:
        """Calls in flight, and results that wait."""
        if self.over:
            return self.buffered  # what was in flight is nobody's any more
        return self._started - self._delivered

    @property
    def arrived(self) -> int:
        """Items that have come."""
        return self._started

    @property
    def buffered(self) -> int:
        """Results that wait: for demand, or for an earlier call."""
        waiting = self._queue if self._ordered else self.ready
        return sum([call.done for call in snapshot(waiting)])

    # Upstream -----------------------------------------------------------------------------------

    def started(self) -> None:
        try:
            self._calls.open(self.scope)
        except Exception as error:  # no thread, or no event loop, is to be had
            self.abort(self.blame(error))
            return
        self.ask(self._places(self._limit.value))

    def ask(self, n: int) -> None:
        """Ask upstream for items, where it is for any."""
        if n:
            self._calls.ask(self.upstream.request, n)

    def _places(self, free: int) -> int:
        """Return for how many items upstream is to be asked, now that so many more places are free."""
        if self._row is None:
            return free
        # Meanwhile the limit may be another one.
        n = max(0, self._limit.value - (self._asked - self._delivered))
        self._asked += n
        return n

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            self.refuse(item)
            return
        call = Call()
        call.item = item
        self._started += 1
        if self._ordered:
            self._queue.append(call)
        if self._row is not None:
            self._begin_in_turn(self._row, call)
        elif self._keyed is None:
            self._begin(call)
        else:
            self._begin_by_key(self._keyed, call)

    def _begin_in_turn(self, row: Row, call: Call) -> None:
        if self._keyed is None:
            row.begin(call)
        else:
            self._begin_by_key(self._keyed, call)
        if self.over:  # meanwhile: nobody else will look
            self._drop_all(row.give_up())

    def _begin_by_key(self, keyed: Keyed, call: Call) -> None:
        try:
            keyed.begin(call)
        except Exception as error:
            call.fail(error)  # as the call would have
            self.keep(call)
            self.schedule()

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    # The calls ----------------------------------------------------------------------------------

    def keep(self, call: Call) -> None:
        call.done = True
        self.ready.append(call)
        if self.over:
            self.discard_late()

    def discard_late(self) -> None:
        self.scope.discard(self._late())

    def refused(self, error: Exception, call: Call) -> None:
        """End the stream, since the call could not be begun."""
        self.abort(self.blame(error, call.item))

    def lost(self, error: Exception) -> None:
        """End the stream here and now: whoever was to run the drain never will, and it is ours."""
        if not self.done and self.bad is None:  # else it ends already, and by what
            self.abort(self.blame(error))
        if not self.polls:
            self.run()

    def dispatch(self) -> None:
        # What needs no other thread or loop does not wait for one, which may be gone.
        if self.polls:
            self.schedule()
        elif self._started and not (self.done or self.cancelled):
            self._calls.deliver(self.run)
        else:
            self.run()

    # Delivery -----------------------------------------------------------------------------------

    def take(self) -> Call | None:
        """Take the next call that is over and whose turn it is."""
        if self._ordered:
            queue = self._queue
            if not queue:
                return None
            call = queue[0]
            if not call.seen:
                self._see()
                if not call.seen:
                    return None
            return queue.popleft()
        return self.ready.popleft() if self.ready else None

    def poll(self) -> Any:
        call = self.take()
        if call is None:
            return self._wait()
        self._delivered += 1
        error = call.error
        if error is None:
            return call.result
        if call.cancelled and self.bad is not None:
            self.scope.discard((call.item,))  # it could not be begun, which is being told
            return EMPTY
        self.abort(self.blame(error, call.item))
        return EMPTY

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        # As the stage does it by poll and consumed, without a call for each item that is there.
        ordered = self._ordered
        waiting = self._queue if ordered else self.ready
        one_by_one = self._row is None and not self._calls.local
        while True:
            while waiting and (not ordered or waiting[0].seen) and waiting[0].error is None:
                result = waiting.popleft().result
                self._delivered += 1
                if self._asking:
                    self._free += 1
                elif not one_by_one:
                    self.consumed(1)
                elif not (self.over or self._completed):
                    self.upstream.request(1)
                yield result
            item = self.poll()
            if item is not EMPTY:
                self.consumed(1)
                yield item
            elif (yield from self._rest(pause)):
                return

    def _see(self) -> None:
        ready = self.ready
        try:
            while ready:
                ready.popleft().seen = True
        except IndexError:  # when it is over, who ends a call takes it out too
            pass

    def consumed(self, n: int) -> None:
        self._free += n
        if self._asking:
            return
        if self._has_more() and self._calls.soon(self._ask):
            # No call could begin before the loop has its turn; and whoever takes this result may be
            # about to take the next.
            self._asking = True
        else:
            self._ask_for_free()

    def _has_more(self) -> bool:
        if self._ordered:
            return bool(self._queue) and self._queue[0].seen
        return bool(self.ready)

    def _ask(self) -> None:
        self._asking = False
        try:
            self._ask_for_free()
        except Exception as error:
            self.abort(self.blame(error))
        except BaseException as raised:
            self.abort(self.blame(ended_by(raised)))
            raise

    def _ask_for_free(self) -> None:
        free, self._free = self._free, 0
        if free and not (self.over or self._completed):
            self.ask(self._places(free))

    def _wait(self) -> Any:
        """Put nothing off any longer: whoever takes results is about to wait for one."""
        if self._free:
            self._ask_for_free()
        self._calls.hurry()
        return EMPTY

    def exhausted(self) -> bool:
        return self._completed and self._delivered == self._started

    # The end ------------------------------------------------------------------------------------

    def closed(self) -> None:
        self.over = True
        if self.bad is not None:
            self._aftermath = Aftermath(self.bad)
        if self._row is not None:
            self._row.closed = True
        self._calls.close()
        if self._row is not None:
            self._drop_all(self._row.give_up())
        if self._keyed is not None:
            self._drop_all(self._keyed.give_up())

    def _drop_all(self, calls: list[Call]) -> None:
        for call in calls:
            call.drop()
            self.keep(call)

    def _ended(self) -> bool:
        # Whoever keeps the Subscription keeps neither the Subscriber nor what is upstream (§3.13). (After a
        # cancel that is still to be told upstream, perhaps.)
        over = super()._ended()
        if over and not self.interrupted:
            self.downstream = NOBODY
        return over

    def _terminate(self, error: Exception | None) -> None:
        super()._terminate(error)
        self.downstream, self.upstream = NOBODY, NOWHERE

    def held(self) -> list[Any]:
        held: list[Any] = []
        if not self._swept:
            # Once, and in their order; what is over later is in no queue but that of `_late`.
            self._swept = True
            if self._ordered:
                self._see()
            queue = self._queue
            while queue:
                call = queue.popleft()
                if call.seen:
                    self.part_with(call, held)
        held += self._late()
        return held

    def _late(self) -> list[Any]:
        left: list[Any] = []
        ready = self.ready
        while ready:
            try:
                call = ready.popleft()
            except IndexError:  # several may look at once; each call is taken by one
                break
            self.part_with(call, left)
        if self._swept and self._calls.idle:
            self._aftermath = None
        return left

    def part_with(self, call: Call, left: list[Any]) -> None:
        """Put what is to be discarded to what is left; a failure is told where it can be."""
        if call.cancelled:
            left.append(call.item)
        elif call.error is None:
            if call.result is not None:  # None is no item, and could not have been delivered
                left.append(call.result)
        elif self._aftermath is not None:
            self._aftermath.add(call.error, call.item)
        elif not call.hushed:
            drop_late(self.blame(call.error, call.item), self.node)
        call.let_go()
