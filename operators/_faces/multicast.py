"""One upstream for several Subscribers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from operators._faces.face import KINDS, Face, T_co, derived_class, need_face
from operators._kernel.failures.checks import need_count, need_seconds
from operators._kernel.plan.node import Node
from operators.multicast.publish import Cache, Publish, Replay, Share
from operators.schedulers import Scheduler
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from operators.connectable import ConnectableFlow
    from operators.flow import Flow


class Multicasting(Face[T_co]):
    """publish, share, replay, cache."""

    __slots__ = ()

    def publish(
        self,
        *,
        prefetch: int = 256,
        idle: str = "hold",
        on_drop: Callable[[T_co], object] | None = None,
    ) -> ConnectableFlow[T_co]:
        """Return a flow whose Subscribers share one subscription, which `connect` makes.

        The slowest Subscriber sets the pace: up to `prefetch` items wait for it, and upstream is asked for
        more when all have had three quarters. One that must not slow the others down is put behind
        `on_backpressure_drop`, `_latest` or `_buffer`. While there is no Subscriber items wait
        (idle="hold"), or are dropped, counted and given to `on_drop` (idle="drop").

        >>> numbers = Flow.range(3).publish()
        >>> run = numbers.map(lambda n: n * n).for_each(print)
        >>> connection = numbers.connect()
        0
        1
        4
        """
        need_face("publish", self)
        operator = Publish("publish", self.node, prefetch, idle, on_drop)
        flow: ConnectableFlow[T_co] = KINDS["publish"](Node(operator))
        return flow

    def share(
        self, *, prefetch: int = 256, grace: float = 0.0, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow whose Subscribers share one subscription, from the first of them to the last.

        It is `publish().ref_count()`: the first Subscriber has upstream subscribed to, and, `grace` seconds
        after the last has left, that is cancelled. Who comes later gets what comes from then on; who comes
        after the end has it begin again.

        >>> shared = Flow.range(3).share()
        >>> list(shared)
        [0, 1, 2]
        """
        need_face("share", self)
        publish = Node(Publish("share", self.node, prefetch, "hold", None))
        flow: Flow[T_co] = derived_class(self)(Node(Share("share", publish, 1, grace, scheduler)))
        return flow

    def replay(
        self,
        n: int,
        *,
        age: float | None = None,
        prefetch: int = 256,
        scheduler: Scheduler | None = None,
    ) -> ConnectableFlow[T_co]:
        """Return a flow whose Subscribers share one subscription, and get its last `n` items first.

        Of these no item is older than `age` seconds, by the clock of `scheduler`. `n` may be UNBOUNDED, which
        keeps all. Who comes after the end gets the history and the end.

        >>> numbers = Flow.range(5).replay(2).auto_connect()
        >>> list(numbers), list(numbers)
        ([0, 1, 2, 3, 4], [3, 4])
        """
        need_face("replay", self)
        need_count("replay", "n", n)
        if age is not None:
            need_seconds("replay", "age", age)
        operator = Replay("replay", self.node, prefetch, "hold", None, n, age, scheduler)
        flow: ConnectableFlow[T_co] = KINDS["publish"](Node(operator))
        return flow

    def cache(self) -> Flow[T_co]:
        """Return a flow that runs once, for the first Subscriber, and keeps all its items for all others.

        It is `replay(UNBOUNDED).auto_connect()`: what it holds has no bound but the flow's length.

        >>> cached = Flow.range(3).tap(print).cache()
        >>> sum(cached) + sum(cached)
        0
        1
        2
        6
        """
        need_face("cache", self)
        replay = Node(Publish("cache", self.node, 256, "hold", None, UNBOUNDED))
        flow: Flow[T_co] = derived_class(self)(Node(Cache("cache", replay, 1)))
        return flow
