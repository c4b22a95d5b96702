"""The stage of map_batches: its items become batches, whose results are delivered one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, ClassVar

from operators._kernel.failures.failure import drop_late
from operators._kernel.links.queued import EMPTY
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.concurrency._batches import Batches, Bounds
from operators.concurrency._call import Call
from operators.concurrency._chunk_fn import Failed
from operators.concurrency._limit import Limit
from operators.concurrency._map_async_stage import Calls, MapAsyncStage
from operators.concurrency._taker import Taker


class BatchStage(MapAsyncStage):
    """A call of map_async with each batch; what one has given is in `_results` until it is delivered.

    Upstream is asked for what fills a batch of each worker, and one more that waits; and for as many
    items as a batch had when its last result is taken.
    """

    __slots__ = ("_batches", "_came", "_good", "_items", "_opened", "_results")

    wrong: ClassVar[type[Exception]] = Exception
    """What stands among the results for an item that has failed."""

    def __init__(
        self,
        make: Callable[[Taker], Calls],
        limit: Limit,
        ordered: bool,
        bounds: Bounds,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(make, limit, ordered, None, downstream, node, scope)
        self._batches = Batches(self, node.operator.name, self._calls.start, limit, bounds)
        self._came = 0
        self._opened = False
        self._results: deque[Any] = deque()  # of the batch that is being delivered
        self._good = False  # whether none of these stands for an item that has failed
        self._items: list[Any] = []

    @property
    def occupied(self) -> int:
        """Items that wait or are in a batch, and results that wait."""
        if self.over:
            return self.buffered
        given = len(self._items) - len(self._results) if self._results else 0
        return self._came - self._delivered - given

    @property
    def buffered(self) -> int:
        """Results that wait: for demand, or for an earlier batch."""
        waiting = self._queue if self._ordered else self.ready
        return len(self._results) + sum([call.size for call in waiting.copy() if call.done])

    # Upstream -----------------------------------------------------------------------------------

    def _places(self, free: int) -> int:
        # The limit may have changed meanwhile.
        places = (self._limit.value + 1) * self._batches.max_size
        n = max(0, places - (self._asked - self._delivered))
        self._asked += n
        return n

    def started(self) -> None:
        super().started()
        # A source that is subscribed to gives its first items when that is done.
        if not (self.polls or self.over or self.bad is not None):
            self._calls.deliver(self._batches.release)

    def ask(self, n: int) -> None:
        if n:
            self._calls.ask(self._gather if self._opened else self.upstream.request, n)
            self._opened = True

    def _gather(self, n: int) -> None:
        self._batches.gather(self.upstream.request, n)

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            self.refuse(item)
            return
        self._came += 1
        try:
            self._batches.add(item)
        except Exception as error:
            self.abort(self.blame(error, item))
        if self.over:  # meanwhile: nobody else will look
            self.scope.discard(self._batches.give_up())

    def on_complete(self) -> None:
        self._completed = True
        self._batches.end()
        self.schedule()

    def enlist(self, call: Call) -> None:
        """Take note of a batch that is about to begin, in order."""
        self._started += 1
        if self._ordered:
            self._queue.append(call)

    def timer_lost(self, error: Exception) -> None:
        """End the stream, since its timer will never fire."""
        if not (self.done or self.cancelled):
            self.abort(self.blame(error))

    # Delivery -----------------------------------------------------------------------------------

    def poll(self) -> Any:
        results = self._results
        if not results:
            call = self.take()
            if call is None:
                return self._wait()
            if call.error is not None:
                return self._failed(call)
            self._items = call.item
            self._results = results = deque(call.result)
            wrong = self.wrong
            self._good = not any(issubclass(kind, wrong) for kind in set(map(type, results)))
        result = results.popleft()
        if not results:
            # Of a batch that is being delivered no place is free yet.
            self._delivered += len(self._items)
            self._free += 1
        if isinstance(result, self.wrong):
            self.abort(self.blame(self.error_of(result), self._items[-1 - len(results)]))
            return EMPTY
        return result

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        while True:
            # As poll does it, without a call for each item that is there.
            if self._good:
                results = self._results
                take = results.popleft
                while len(results) > 1:
                    yield take()
            item = self.poll()
            if item is not EMPTY:
                if self._free:
                    self.consumed(1)
                yield item
            elif (yield from self._rest(pause)):
                return

    def _wait(self) -> Any:
        if self.polls and self._batches.gathering:
            self._batches.release()
        return super()._wait()

    def deliver(self, wanted: int) -> int:
        emit, emitted = self.downstream.on_next, 0
        while emitted != wanted:
            results = self._results
            if len(results) > 1 and self._good:
                item = results.popleft()
            else:
                item = self.poll()
                if item is EMPTY:
                    break
            emit(item)
            emitted += 1
            if self.cancelled or self.bad is not None:
                break
            if self.due and self.pauses():
                break
        return emitted

    def _failed(self, call: Call) -> Any:
        if call.cancelled and self.bad is not None:
            self.scope.discard(call.item)  # it could not be begun, which is being told
        else:
            assert call.error is not None
            self.abort(self._blamed(call))
        return EMPTY

    def _blamed(self, call: Call) -> Exception:
        assert call.error is not None
        return self.blame(call.error, call.item[0] if call.size == 1 else call.item)

    def consumed(self, n: int) -> None:
        if self._free:  # a batch is through
            super().consumed(0)

    def _has_more(self) -> bool:
        return bool(self._results) or super()._has_more()

    def exhausted(self) -> bool:
        return self._completed and self._delivered == self._came

    def error_of(self, failure: Any) -> Exception:
        """Return the error for which that stands."""
        error: Exception = failure
        return error

    # The end ------------------------------------------------------------------------------------

    def closed(self) -> None:
        self._batches.close()
        super().closed()

    def held(self) -> list[Any]:
        held: list[Any] = []
        results = self._results
        while results:
            result = results.popleft()
            self._part(result, self._items[-1 - len(results)], held)
        return held + super().held() + self._batches.give_up()

    def part_with(self, call: Call, left: list[Any]) -> None:
        if call.cancelled:
            left.extend(call.item)
        elif call.error is None:
            for item, result in zip(call.item, call.result, strict=True):
                self._part(result, item, left)
        elif self._aftermath is not None:
            self._aftermath.add(call.error, call.item)
        elif not call.hushed:
            self._tell_hook(self._blamed(call))
        call.let_go()

    def _part(self, result: Any, item: Any, left: list[Any]) -> None:
        if not isinstance(result, self.wrong):
            if result is not None:  # None is no item, and could not have been delivered
                left.append(result)
        elif self._aftermath is not None:
            self._aftermath.add(self.error_of(result), item)
        else:
            self._tell_hook(self.blame(self.error_of(result), item))

    def _tell_hook(self, error: Exception) -> None:
        drop_late(error, self.node)


class ChunkStage(BatchStage):
    """The same for map_async, whose calls are sent to an executor many at a time."""

    __slots__ = ()
    wrong = Failed

    def error_of(self, failure: Failed) -> Exception:
        return failure.error
