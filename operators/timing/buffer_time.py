"""buffer_time, buffer_size_or_time: lists of what came within some time."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count, need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.looking import snapshot
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import Beats
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.timing.interval import SHORTEST


class BufferTime(Link):
    """Lists of the items that came within each period.

    emits        at the end of each period the list of its items, where some came; and with the end
    backpressures  asks upstream for `capacity` items, and for as many as a list had when it is delivered
    completes    when upstream has, after the last list
    fails        when upstream has, after the lists of earlier periods
    """

    __slots__ = ("_capacity", "_scheduler", "_seconds")
    name = "buffer_time"
    never_none = True
    strict = True
    polled = True
    asynchronous = True
    contract = Contract.PREFETCH

    def __init__(self, seconds: float, capacity: int, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds, least=SHORTEST)
        need_count(self.name, "capacity", capacity)
        self._seconds = seconds
        self._capacity = capacity
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}, capacity={self._capacity}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _PeriodStage(self._seconds, self._capacity, self._scheduler, downstream, node, scope)


class BufferSizeOrTime(Link):
    """Lists of `size` items, or of those that came within `seconds`.

    emits        a list when it has `size` items, or `seconds` after its first one; and with the end
    backpressures  asks upstream for `size` items, and for as many as a list had when it is delivered
    completes    when upstream has, after the last list
    fails        when upstream has, after the lists that were complete; the other items are discarded
    """

    __slots__ = ("_scheduler", "_seconds", "_size")
    name = "buffer_size_or_time"
    never_none = True
    strict = True
    polled = True
    asynchronous = True
    contract = Contract.PREFETCH

    def __init__(self, size: int, seconds: float, scheduler: Scheduler | None) -> None:
        need_count(self.name, "size", size)
        need_seconds(self.name, "seconds", seconds)
        self._size = size
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"size={self._size}, seconds={self._seconds}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _BatchStage(self._seconds, self._size, self._scheduler, downstream, node, scope)


class _ListStage(SerialStage):
    """Holds `most` items at most: those that it has asked for and not delivered."""

    __slots__ = ("_left", "batch", "clock", "most", "seconds")

    def __init__(
        self,
        seconds: float,
        most: int,
        scheduler: Scheduler,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self.seconds = seconds
        self.most = most
        self.batch: list[Any] = []
        self._left = 0
        self.clock = Timer(self, scheduler, self.elapsed)

    @property
    def occupied(self) -> int:
        return len(self.batch) + self.buffered

    @property
    def buffered(self) -> int:
        return sum([len(batch) for batch in snapshot(self.outbox)])

    def started(self) -> None:
        self.upstream.request(self.most)

    def elapsed(self, when: float) -> None:
        """Put out what is there, at its time."""
        raise NotImplementedError

    def put_out(self) -> None:
        """Put the list out, where it has something in it."""
        batch, self.batch = self.batch, []
        if batch:
            self.put(batch)

    def poll(self) -> Any:
        batch = super().poll()
        if batch is not EMPTY:
            self._left += len(batch)
        return batch

    def consumed(self, n: int) -> None:
        left, self._left = self._left, 0
        if not self.finished:
            self.upstream.request(left)

    def ended(self, _: None) -> None:
        self.put_out()
        self.finish()

    def held(self) -> list[Any]:
        return [item for batch in super().held() for item in batch]

    def kept(self) -> list[Any]:
        batch, self.batch = self.batch, []
        return batch


class _PeriodStage(_ListStage):
    __slots__ = ("_beats",)

    def started(self) -> None:
        self._beats = Beats(self.clock.now() + self.seconds, self.seconds)
        self.clock.set(self._beats.next())
        super().started()

    def item(self, item: Any) -> None:
        self.batch.append(item)

    def elapsed(self, when: float) -> None:
        self.put_out()
        self.clock.set(self._beats.next())


class _BatchStage(_ListStage):
    __slots__ = ()

    def item(self, item: Any) -> None:
        batch = self.batch
        batch.append(item)
        if len(batch) == self.most:
            self.clock.unset()
            self.put_out()
        elif len(batch) == 1:
            self.clock.set(self.clock.now() + self.seconds)

    def elapsed(self, when: float) -> None:
        self.put_out()
