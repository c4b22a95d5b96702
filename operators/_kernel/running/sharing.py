"""Sharing: when the upstream of a cast is subscribed to, for how many, and when it is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.pending import Pending
from operators._kernel.kinds import chain_to
from operators._kernel.links.branch import Branch
from operators._kernel.links.cast import Cast
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import connect
from operators._kernel.subscription.relay import uncoupled
from operators._kernel.subscription.scope import Scope, deepest, watcher_of


class Disconnected(RuntimeError):
    """The error that Subscribers of a shared flow get when its connection is cancelled under them."""


class Connection:
    """The one subscription to the upstream of a shared flow."""

    __slots__ = ("_cast", "pending")

    def __init__(self, cast: Cast, pending: Pending) -> None:
        self._cast = cast
        self.pending: Pending = pending
        """What its run has still to clean up; for the library's own use."""

    @property
    def done(self) -> bool:
        """Whether it is over: completed, failed, or cancelled."""
        return self._cast.ended

    @property
    def dropped(self) -> int:
        """The number of items that came, and that no Subscriber was there to have."""
        return self._cast.dropped

    def cancel(self) -> None:
        """Cancel upstream; the Subscribers get a Disconnected error, what they had not had is discarded."""
        self.leave(None)

    def leave(self, last: Scope | None) -> Pending:
        """Cancel upstream for the last Subscriber; return what there is still to clean up."""
        node = self._cast.node
        error = Disconnected(f"{node.title}, written at {node.where}, was disconnected")
        self._cast.cut_off(error, last)
        return self.pending


class Round:
    """A cast from its first Subscriber or its connection to its end."""

    __slots__ = ("cast", "connection", "subscribers")

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.connection: Connection | None = None
        self.subscribers = 0


class Sharing:
    """One upstream for many; after the end of one round the next may begin."""

    def __init__(self, upstream: Node, make: Callable[[], Cast]) -> None:
        self._upstream = upstream
        self._make = make
        self._lock = threading.RLock()
        self._round: Round | None = None

    def _current(self, *, renew: bool) -> Round:
        current = self._round
        if current is None or (renew and current.cast.ended):
            current = self._round = Round(self._make())
        return current

    def connect(self, below: Scope | None = None) -> Connection:
        """Return the connection, which is made unless there is one that lasts.

        `below` is the place in a run that has it made, and drains it with its own; None: it is by itself.
        """
        with self._lock:
            current = self._current(renew=True)
        return self._connected(current, below, None if below is None else below.switch)

    def _connected(
        self, current: Round, below: Scope | None = None, switch: Any = None
    ) -> Connection:
        """Return the connection of this round, however far it has come, which is made unless there is one."""
        with self._lock:
            connection = current.connection
            if connection is not None:
                return connection
            watcher = (below.watcher if below is not None else None) or watcher_of(self._upstream)
            places = [each.scope for each in current.cast.branches]
            place = deepest([*places, self._nested() if below is None else below])
            scope = place.beyond(watcher, current.cast.heir_of_upstream, switch)
            connection = current.connection = Connection(current.cast, scope.pending)
            current.cast.pending = scope.pending
        chain, edge = chain_to(self._upstream)
        if below is None:
            uncoupled(lambda: connect([*chain, *edge], current.cast, scope))
        else:  # upstream may be shared, too, and so on: not each inside of the one before
            connect([*chain, *edge], current.cast, scope)
        return connection

    def _nested(self) -> Scope:
        """Return the place of a connection that is made by itself.

        Those who come to it later may be shared flows, each of them connected by itself: so it is from
        its upstream that the way is measured.
        """
        return Scope(depth=max(2 * self._upstream.nesting - 1, 0))

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        """Have one more Subscriber, without a connection for its sake."""
        with self._lock:
            cast = self._current(renew=False).cast
        Branch(cast, downstream, node, scope).open()

    def open_for(
        self,
        many: int,
        downstream: Any,
        node: Node,
        scope: Scope,
        *,
        leave: Callable[[Callable[[], None], Scope], object] | None,
    ) -> None:
        """Have one more Subscriber; the one that makes them `many` has the connection made.

        Where there is `leave`, it is given what to do about the connection when the last one has left, and
        after the end a new round begins.
        """
        with self._lock:
            current = self._current(renew=leave is not None)
            current.subscribers += 1
            if not current.cast.ended:
                current.cast.heir = None
            due = current.subscribers >= many and current.connection is None

        def left(branch: Branch) -> None:
            with self._lock:
                current.subscribers -= 1
                if current.subscribers or current.connection is None:
                    return
            if leave is not None:
                current.cast.heir = branch.scope
                leave(lambda: self._part(current, branch), branch.scope)

        Branch(current.cast, downstream, node, scope, left).open()
        if due and current.subscribers:
            self._connected(current, scope)

    def finish(self, scope: Scope) -> None:
        """End what is going on: all complete after what they have, and `scope` gets what nobody has."""
        with self._lock:
            current = self._current(renew=False)
        current.cast.finish(scope)
        if current.connection is not None:
            scope.pending.follow(current.connection.pending)

    def _part(self, current: Round, branch: Branch) -> None:
        with self._lock:
            if current.subscribers or current.connection is None:
                return
            if self._round is current:
                self._round = None
        try:
            pending = current.connection.leave(branch.scope)
        except Exception as error:
            drop_error(error, f"raised by a cancel upstream of {branch.node.where}")
        else:
            branch.scope.pending.follow(pending)
