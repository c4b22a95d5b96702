"""publish and replay: one upstream for all who subscribe, begun by `connect`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import (
    need_callable,
    need_choice,
    need_count,
    need_seconds,
)
from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.exits import is_loop_gone
from operators._kernel.kinds import Source
from operators._kernel.links.cast import Cast
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.sharing import Sharing
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED

IDLE = ("hold", "drop")


class Shared(Source):
    """A source that many subscribe to, and that subscribes to its own upstream once."""

    __slots__ = ("_upstream",)
    contract = Contract.SHARED
    asynchronous = True
    polled = True
    never_none = True

    def __init__(self, upstream: Node) -> None:
        self._upstream = upstream

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._upstream,)


class Publish(Shared):
    """The upstream's items, from when each Subscriber came, once there is a connection.

    emits        each item to all who are there, and the history to those who come
    backpressures  upstream is asked for `prefetch` items, and again when the slowest has had three quarters
    completes    when upstream has, for each when it has had its items
    fails        when upstream has, or with Disconnected when the connection is cancelled
    """

    __slots__ = ("_kept", "_prefetch", "name", "sharing")

    def __init__(
        self,
        name: str,
        upstream: Node,
        prefetch: int,
        idle: str,
        on_drop: Callable[[Any], object] | None,
        kept: int = 0,
        age: float | None = None,
        scheduler: Scheduler | None = None,
    ) -> None:
        need_count(name, "prefetch", prefetch)
        need_choice(name, "idle", idle, IDLE)
        if on_drop is not None:
            need_callable(name, "on_drop", on_drop)
        super().__init__(upstream)
        self.name: str = name
        self._prefetch = prefetch
        self._kept = kept
        here = Node(self, upstream)
        now = None if age is None else timed(name, scheduler).now

        def cast() -> Cast:
            return Cast(
                here, prefetch, hold=idle == "hold", kept=kept, age=age, now=now, on_drop=on_drop
            )

        self.sharing: Sharing = Sharing(upstream, cast)

    @property
    def holds(self) -> int:
        return min(self._prefetch + self._kept, UNBOUNDED)

    @property
    def details(self) -> str:
        kept = f", n={'UNBOUNDED' if self._kept == UNBOUNDED else self._kept}" if self._kept else ""
        return f"prefetch={self._prefetch}{kept}"

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self.sharing.open(downstream, node, scope)


class Replay(Publish):
    """The upstream's items once there is a connection, the last of which are there for those who come later.

    emits        each item to all who are there; to those who come the last `n`, none older than `age`
    backpressures  upstream is asked for `prefetch` items, and again when the slowest has had three quarters
    completes    when upstream has, for each when it has had its items; also for those who come later
    fails        when upstream has, or with Disconnected when the connection is cancelled
    """

    __slots__ = ()


class _Connecting(Shared):
    """A source that subscribes to a shared flow, and has it connected."""

    __slots__ = ("_least", "_named", "_publish", "name")

    def __init__(self, name: str, publish: Node, least: int) -> None:
        need_count(name, "n" if name == "broadcast" else "subscribers", least)
        self._publish: Publish = publish.operator
        # A name of its own says that the shared flow is a part of it, and nobody's else.
        self._named = name in ("ref_count", "auto_connect")
        super().__init__(publish if self._named else self._publish.flows[0])
        self.name: str = name
        self._least = least

    @property
    def holds(self) -> int:
        return 0 if self._named else self._publish.holds

    @property
    def details(self) -> str:
        shared = "" if self._named else f", {self._publish.details}"
        return f"subscribers={self._least}{shared}"


class RefCount(_Connecting):
    """The items of a shared upstream, connected while there are Subscribers.

    emits        what the shared flow emits
    backpressures  as the shared flow does
    completes    when the shared flow does; who subscribes afterwards has upstream subscribed to again
    fails        when the shared flow does
    """

    __slots__ = ("_grace", "_scheduler")

    def __init__(
        self, name: str, publish: Node, least: int, grace: float, scheduler: Scheduler | None
    ) -> None:
        super().__init__(name, publish, least)
        need_seconds(name, "grace", grace)
        self._grace = grace
        self._scheduler = timed(name, scheduler)

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self._publish.sharing.open_for(self._least, downstream, node, scope, leave=self._leave)

    def _leave(self, part: Callable[[], None], scope: Scope) -> None:
        if not self._grace:
            part()
            return

        def lost(error: Exception) -> None:
            # Nobody is there to be told; and what cannot be waited for is not waited for. That an event
            # loop is closed meanwhile is how most programs end.
            if not is_loop_gone(error):
                drop_error(
                    error, f"raised by the scheduler of {self.name}, whose grace ends by that"
                )
            part()

        try:
            hop = Hop(self._scheduler.worker(), scope, lost, lambda _: part())
        except Exception as error:
            lost(error)
            return

        def over() -> None:
            hop.close()
            part()

        hop.run(over, self._grace)


class AutoConnect(_Connecting):
    """The items of a shared upstream, connected when enough Subscribers are there, and never left.

    emits        what the shared flow emits
    backpressures  as the shared flow does
    completes    when the shared flow does
    fails        when the shared flow does
    """

    __slots__ = ()

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self._publish.sharing.open_for(self._least, downstream, node, scope, leave=None)


class Share(RefCount):
    """The items of one subscription to upstream, for all who are there.

    emits        to each Subscriber what comes from when it has subscribed
    backpressures  asks upstream for `prefetch` items, and again when the slowest has had three quarters
    completes    when upstream does; who subscribes afterwards has it subscribed to again
    fails        when upstream does; likewise
    """

    __slots__ = ()


class Broadcast(RefCount):
    """One of several flows that all have all items of upstream.

    emits        each item of upstream
    backpressures  asks upstream for `prefetch` items, once all are subscribed to, and again when the slowest
                 has had three quarters
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ()


class Cache(AutoConnect):
    """The items of upstream, which is subscribed to once, and all of which are kept.

    emits        each item from the first on, to whoever comes whenever
    backpressures  asks upstream for 256 items, and again when the slowest has had three quarters
    completes    when upstream has, for each when it has had all items
    fails        when upstream has, for each when it has had all items
    """

    __slots__ = ()
