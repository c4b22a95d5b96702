"""Multicast, Unicast, Replay and Latest: processors that are pushed to, by anybody, and subscribed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypeVar

from operators._kernel.failures.checks import (
    need_callable,
    need_choice,
    need_count,
    need_seconds,
)
from operators._kernel.failures.failure import OneShotError
from operators._kernel.kinds import refuse
from operators._kernel.links.branch import Branch
from operators._kernel.links.cast import Cast
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.scope import Scope
from operators.multicast.publish import IDLE
from operators.processors.pushed import Entry, Pushed
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED

T = TypeVar("T")


class Casting(Entry):
    """The items that a processor is given.

    emits        each item to all Subscribers, on the thread that gives it or that asks for it
    backpressures  up to `capacity` items wait for the slowest Subscriber; then an emit says OVERFLOW
    completes    when the processor is completed, after what waits
    fails        when the processor is given an error, after what waits
    """

    __slots__ = ("cancelled", "capacity", "core", "kept", "name", "newest", "taken")
    contract = Contract.SHARED

    def __init__(
        self,
        name: str,
        capacity: int,
        *,
        hold: bool,
        kept: int = 0,
        age: float | None = None,
        scheduler: Scheduler | None = None,
        newest: bool = False,
        single: bool = False,
        on_drop: Callable[[Any], object] | None = None,
    ) -> None:
        super().__init__()
        need_count(name, "capacity", capacity)
        if on_drop is not None:
            need_callable(name, "on_drop", on_drop)
        self.name: str = name
        self.capacity: int = capacity
        self.kept: int = kept
        self.newest: bool = newest
        self.taken: Claim | None = Claim() if single else None
        self.cancelled: bool = False
        now = None if age is None else timed(name, scheduler).now
        node = Node(self)
        self.core: Cast = Cast(
            node, capacity, hold=hold, kept=kept, age=age, now=now, on_drop=on_drop
        )

    @property
    def subscribers(self) -> int:
        return len(self.core.branches)

    @property
    def alone(self) -> bool:
        return not (self.core.holds or self.core.branches or self.kept)

    @property
    def holds(self) -> int:
        return 1 if self.newest else min(self.capacity + self.kept, UNBOUNDED)

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        left = None
        if self.taken is not None:
            if not self.taken.take():
                refuse(
                    downstream,
                    OneShotError(f"this {self.name} has a Subscriber; it takes one only"),
                )
                return
            left = self._left
        Branch(self.core, downstream, node, scope, left, newest=self.newest).open()

    def _left(self, branch: Branch) -> None:
        self.cancelled = not self.core.ended
        self.core.finish(branch.scope)


class Multicast(Pushed[T]):
    """Gives each item to all who are subscribed, who may come and go; the slowest sets the pace.

    It is what Akka Streams calls a BroadcastHub. Who comes has what comes from then on. Up to `capacity`
    items wait for the slowest. Without a Subscriber items wait as well (idle="hold"), or are dropped,
    counted and given to `on_drop` (idle="drop").

    >>> from operators.processors import Multicast
    >>> numbers = Multicast()
    >>> run = numbers.map(lambda n: n * n).for_each(print)
    >>> for n in range(3):
    ...     _ = numbers.emit(n)
    0
    1
    4
    >>> numbers.complete(), numbers.emit(3)
    (True, <Emitted.TERMINATED: 'the stream is over'>)
    """

    __slots__ = ()

    def __init__(
        self,
        capacity: int = 256,
        *,
        idle: str = "hold",
        on_drop: Callable[[T], object] | None = None,
    ) -> None:
        need_choice("Multicast", "idle", idle, IDLE)
        super().__init__(Node(Casting("Multicast", capacity, hold=idle == "hold", on_drop=on_drop)))


class Unicast(Pushed[T]):
    """Gives its items to one Subscriber, for whom up to `capacity` of them wait, before it comes too.

    >>> from operators.processors import Unicast
    >>> lines = Unicast(capacity=1)
    >>> lines.emit("a"), bool(lines.emit("b")), lines.complete()
    (<Emitted.OK: 'the item was taken in'>, False, True)
    >>> list(lines)
    ['a']
    """

    __slots__ = ()

    def __init__(
        self, capacity: int = 256, *, on_drop: Callable[[T], object] | None = None
    ) -> None:
        super().__init__(
            Node(Casting("Unicast", capacity, hold=True, single=True, on_drop=on_drop))
        )


class Replay(Pushed[T]):
    """Gives each item to all who are subscribed, and the last `n` to those who come later.

    Of these no item is older than `age` seconds, by the clock of `scheduler`; `n` may be UNBOUNDED.

    >>> from operators.processors import Replay
    >>> levels = Replay(2)
    >>> for n in range(5):
    ...     _ = levels.emit(n)
    >>> levels.complete()
    True
    >>> list(levels), list(levels)
    ([3, 4], [3, 4])
    """

    __slots__ = ()

    def __init__(
        self,
        n: int,
        *,
        age: float | None = None,
        capacity: int = 256,
        scheduler: Scheduler | None = None,
    ) -> None:
        need_count("Replay", "n", n)
        if age is not None:
            need_seconds("Replay", "age", age)
        super().__init__(
            Node(Casting("Replay", capacity, hold=False, kept=n, age=age, scheduler=scheduler))
        )


class Latest(Pushed[T]):
    """Gives each Subscriber the newest item at the moment it can take one; an emit always has room.

    >>> from operators.processors import Latest
    >>> price = Latest()
    >>> price.emit(10), price.emit(11), price.complete()
    (<Emitted.OK: 'the item was taken in'>, <Emitted.OK: 'the item was taken in'>, True)
    >>> list(price)
    [11]
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Node(Casting("Latest", UNBOUNDED, hold=False, kept=1, newest=True)))
