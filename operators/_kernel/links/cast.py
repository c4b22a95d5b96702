"""Cast: one upstream whose items go to each of several branches, the slowest of which sets the pace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.checks import tell_of_drop
from operators._kernel.failures.failure import drop_late
from operators._kernel.hosts.pending import Pending
from operators._kernel.hosts.waiting import told_of
from operators._kernel.links.inbox import replenish_at
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import SLACK
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from operators._kernel.links.branch import Branch


class _Cell:
    """One item, and the way to the next: what no branch has before it any more is let go of by itself."""

    __slots__ = ("at", "item", "next", "number")

    def __init__(self, item: Any, at: float, number: int) -> None:
        self.item: Any = item
        self.at: float = at
        self.number: int = number
        self.next: _Cell | None = None


class Cast:
    """The Subscriber of an upstream that is shared.

    It asks for `room` items, and for more when all branches have had three quarters of them. Without a
    branch it holds what came, or where it does not `hold` drops it. The last `kept` items, or those of
    the last `age` seconds, are there for branches that come later.
    """

    def __init__(
        self,
        node: Node,
        room: int,
        *,
        hold: bool = True,
        kept: int = 0,
        age: float | None = None,
        now: Callable[[], float] | None = None,
        on_drop: Callable[[Any], object] | None = None,
    ) -> None:
        self.node: Node = node
        self.ended: bool = False
        self.error: Exception | None = None
        self.cut: bool = False
        """Whether it was ended from this side, at once."""
        self.told: bool = False
        """Whether a branch has told its Subscriber of the error."""
        self._shut = (
            False  # from this side, in whichever way: what nobody is going to have is discarded
        )
        self.dropped: int = 0
        """Items that nobody was there to have."""
        self.pending: Pending | None = None
        """The account of the run upstream, which is one of its own."""
        self.branches: tuple[Branch, ...] = ()
        self.heir: Scope | None = None
        """The scope of the last Subscriber, once it has left: what is held for nobody is its to discard."""
        # Re-entrant: the collector may have a branch leave in the midst of anything here.
        self._lock = threading.RLock()
        self._upstream = Arbiter()
        self._subscribed = False
        self._room = room
        self._batch = UNBOUNDED if room == UNBOUNDED else replenish_at(room)
        self.holds: bool = hold
        """Whether it keeps what comes while there is no branch."""
        self._kept = kept
        self._age = age
        self._now = now
        self._on_drop = on_drop
        self._tail = _Cell(None, 0.0, 0)  # its item is nobody's any more
        self._head = self._tail  # what is after it is there for new branches
        self._history = 0
        self._written = 0
        self._asked = 0
        self.mark: int = self._batch
        """The position of all branches at which upstream is asked for more."""
        self._had = 0  # what some branch has had
        self._resume: _Cell | None = self._tail  # after it the next one goes on
        self._leaving = 0  # branches that have left, and whose loops are not known to be over
        self._owed: tuple[Scope | None] | None = None  # who gets what is held, when they are

    # Upstream ------------------------------------------------------------------------------------

    def on_subscribe(self, subscription: Any) -> None:
        with self._lock:
            late = self._subscribed or self.ended
            self._subscribed = True
        if late:
            subscription.cancel()  # §2.5
            return
        self._upstream.switch(subscription)
        self._ask()

    def on_next(self, item: Any) -> None:
        with self._lock:
            over = self.ended
            if not over:
                self._write(item)
        if over:
            if self.heir is None or not self.heir.discards:
                self._drop(item)
            else:
                self.heir.discard((item,))
            return
        branches = self.branches
        for branch in branches:
            if branch.drain.enter():
                branch.dispatch()
        if not branches and not self.holds:
            self._ask()

    def _write(self, item: Any) -> None:
        self._written += 1
        cell = _Cell(item, 0.0 if self._now is None else self._now(), self._written)
        self._tail.next = cell
        self._tail = cell
        if self._kept:
            self._history += 1
            self._forget()
        else:
            self._head = cell
        if not self.branches and not self.holds:
            self._had = self._written
            self._resume = cell
            if not self._kept:
                self._drop(item)

    def _forget(self) -> None:
        oldest = self._head.next
        limit = None
        if self._age is not None and self._now is not None:
            limit = self._now() - self._age - SLACK
        while oldest is not None and (
            self._history > self._kept or (limit is not None and oldest.at < limit)
        ):
            self._head = oldest
            self._history -= 1
            oldest = oldest.next

    def on_error(self, error: Exception) -> None:
        if not self.end(error):
            self._drop_error(error)

    def _drop_error(self, error: Exception) -> None:
        drop_late(error, self.node)

    def on_complete(self) -> None:
        self.end(None)

    def end(self, error: Exception | None) -> bool:
        """End it for all branches, after what they have not had; False: it was over."""
        with self._lock:
            if self.ended:
                return False
            self.error = error  # first: a branch that sees the end looks for it
            self.ended = True
            branches = self.branches
        for branch in branches:
            branch.schedule()
        return True

    def cut_off(self, error: Exception, scope: Scope | None = None) -> None:
        """End it from this side: upstream is cancelled, branches get the error, what is held is discarded.

        What upstream has ended stays so; then `scope`, of the last there will be, gets what is held, and an
        error that none of them has come to goes to the hook.
        """
        with self._lock:
            over = self.ended
            if over and scope is None:
                return
            self._shut = True
            if not over:
                self.heir = scope
                self.cut = True
                self.end(error)
        self._leave_upstream(over, scope)
        waiting = self.error if over and not (self.told or self.cut) else None
        if waiting is not None:
            self._drop_error(waiting)

    def finish(self, scope: Scope) -> None:
        """End it from this side: upstream is cancelled, and branches complete after what they have."""
        with self._lock:
            over = self.ended
            self._shut = True
            if not over:
                self.heir = scope
                self.end(None)
        self._leave_upstream(over, scope)

    def _leave_upstream(self, over: bool, scope: Scope | None) -> None:
        if not over:
            self._upstream.cancel()
        self._discard(scope)

    def heir_of_upstream(self) -> Scope | None:
        """Return the scope for what is discarded upstream: the heir's, or else of one who is there."""
        scopes = [self.heir] if self.heir is not None else [each.scope for each in self.branches]
        return next((scope for scope in scopes if scope.discards), None)

    def _drop(self, item: Any) -> None:
        self.dropped += 1
        if self._on_drop is not None:
            tell_of_drop(self._on_drop, item, self.node)

    # Pushing in, where there is no upstream ---------------------------------------------------------

    def offer(self, item: Any) -> bool | None:
        """Take an item in; None: there is no room, False: it is over."""
        with self._lock:
            if self.ended:
                return False
            if self._written >= self._asked:
                self._look(exactly=True)
                if self._written >= self._asked:
                    return None
            self._write(item)
        for branch in self.branches:
            branch.schedule()
        return True

    @property
    def written(self) -> int:
        """The number of items that came."""
        return self._written

    def held_up(self, branch: Branch) -> str:
        """Return, in words, who keeps a branch waiting; "": nobody but upstream."""
        if not self._subscribed and not self.ended:
            return "it is not connected: nobody has subscribed to its upstream"
        others = [each for each in self.branches if each is not branch]
        slowest = min(others, key=lambda each: each.position, default=branch)
        behind = self._written - slowest.position
        if slowest is branch or not behind or self._written < self._asked:
            return ""
        return (
            f"another of its Subscribers, {told_of(slowest)}, has not taken {behind} items, "
            f"and its demand is {slowest.demand.value}"
        )

    @property
    def depends_on(self) -> Pending | None:
        """The account of the run upstream, as long as something may come of it."""
        return None if self.ended else self.pending

    # Branches ------------------------------------------------------------------------------------

    def join(self, branch: Branch) -> None:
        """Have the branch take all that comes from now on, and the history before."""
        with self._lock:
            if self._age is not None:
                self._forget()
            start = self._head if self._kept else self._tail
            if self._resume is not None:
                start = min(start, self._resume, key=_number)
            self._resume = None
            branch.position, branch.cell = start.number, start
            self.branches = (*self.branches, branch)

    def leave(self, branch: Branch) -> None:
        """Have the branch take nothing more."""
        with self._lock:
            if branch not in self.branches:
                return
            self.branches = tuple(other for other in self.branches if other is not branch)
            branch.leaving = True  # its loop may be about to deliver one more
            self._leaving += 1
            self._had_by(branch)
        if self.ended:
            self._discard(branch.scope)
        else:
            self._ask()

    def settle(self, branch: Branch) -> None:
        """Take note that the loop of a branch that has left is over, so that it is known what it has had."""
        with self._lock:
            if not branch.leaving:
                return
            branch.leaving = False
            self._leaving -= 1
            self._had_by(branch)
            owed = self._owed
        if owed is not None:
            self._discard(*owed)
        elif not self.ended:
            self._ask()

    def _had_by(self, branch: Branch) -> None:
        cell = branch.cell
        self._had = max(self._had, cell.number)
        if not self.branches:
            while cell.number != self._had:
                cell = cell.next
            self._resume = cell

    def passed(self, branch: Branch) -> None:
        """Take note that a branch has gone on; it may have been the one that others waited for."""
        if branch.position >= self.mark and not self.ended:
            self._ask()

    def _ask(self) -> None:
        with self._lock:
            before = self._asked
            self._look()
            n = self._asked - before
        if n and not self.ended:
            self._upstream.request(min(n, UNBOUNDED))

    def _look(self, *, exactly: bool = False) -> None:
        """Find out how far all branches are, and with that how much may come."""
        if not self._asked:
            lowest = 0
        elif self.branches:
            mark = self.mark
            if not exactly and any(branch.position < mark for branch in self.branches):
                return
            lowest = min(branch.position for branch in self.branches)
        else:
            lowest = self._had
        if exactly or lowest >= self.mark or not self._asked:
            self._asked = max(self._asked, lowest + self._room)
            self.mark = lowest + self._batch

    def _discard(self, scope: Scope | None) -> None:
        """Let go of what no branch is going to have, where it was cut off."""
        with self._lock:
            if self._resume is None or not self._shut:
                return
            if self._leaving:
                self._owed = (scope,)
                return
            self._owed = None
            cell = self._resume.next
            self._head = self._resume = self._tail
        while cell is not None:
            if scope is not None and scope.discards:
                scope.discard((cell.item,))
            else:
                self._drop(cell.item)
            cell = cell.next


def _number(cell: _Cell) -> int:
    return cell.number
