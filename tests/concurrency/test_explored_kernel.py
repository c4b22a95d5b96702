"""The kernel's own pieces, in every order of the steps of two or three who use them at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from operators._kernel.links.inbox import Inbox
from operators._kernel.links.queued import EMPTY
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Allowance, Claim, Demand, take_both
from operators._kernel.subscription.turnstile import Turnstile
from operators.testing import Actors, explore
from tests.concurrency.exploring import Asked, arbiter_asked, orders, two_in_a_drain

pytestmark = pytest.mark.long

Check = Callable[[], None]


def demand(actors: Actors) -> Check:
    demand = Demand()
    taken: list[int] = []
    actors.add(lambda: demand.add(1))
    actors.add(lambda: demand.add(2))
    actors.add(lambda: taken.append(demand.take(2)))

    def check() -> None:
        assert demand.value + sum(taken) == 3

    return check


def both(actors: Actors) -> Check:
    wanted, room = Demand(), Demand()
    taken: list[int] = []

    def come(which: Demand) -> Callable[[], None]:
        def add() -> None:
            which.add(2)
            taken.append(take_both(wanted, room))

        return add

    actors.add(come(wanted))
    actors.add(come(room))

    def check() -> None:
        assert (sum(taken), wanted.value, room.value) == (2, 0, 0)

    return check


def allowance(actors: Actors) -> Check:
    allowance = Allowance(3)
    granted: list[int] = []
    for n in (1, 2, 2):
        actors.add(lambda n=n: granted.append(allowance.grant(n)))

    def check() -> None:
        assert sum(granted) == 3

    return check


def claim(actors: Actors) -> Check:
    claim = Claim()
    got: list[bool] = []
    for _ in range(3):
        actors.add(lambda: got.append(claim.take()))

    def check() -> None:
        assert sum(got) == 1

    return check


class _Upstream:
    """A Subscription that notes who is inside of it at the same time."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors
        self._inside = False
        self.asked = 0
        self.cancelled = 0

    def _call(self, n: int, cancelled: int) -> None:
        assert not self._inside, "§2.7: two calls at once"
        self._inside = True
        self._actors.step()
        self.asked += n
        self.cancelled += cancelled
        self._inside = False

    def request(self, n: int) -> None:
        self._call(n, 0)

    def cancel(self) -> None:
        self._call(0, 1)


def turnstile_asked(actors: Actors) -> Check:
    upstream, turnstile = _Upstream(actors), Turnstile()
    actors.add(lambda: turnstile.attach(upstream))
    actors.add(lambda: turnstile.request(1))
    actors.add(lambda: (turnstile.request(2), turnstile.request(0))[0])

    def check() -> None:
        turnstile.request(0)  # as the one who attaches it does
        assert upstream.asked == 3

    return check


def turnstile_cancelled(actors: Actors) -> Check:
    upstream, turnstile = _Upstream(actors), Turnstile()
    turnstile.attach(upstream)
    actors.add(lambda: turnstile.request(1))
    actors.add(lambda: turnstile.request(2))
    actors.add(turnstile.cancel)

    def check() -> None:
        assert upstream.cancelled == 1

    return check


def arbiter_cancelled(actors: Actors) -> Check:
    arbiter, first, second = Arbiter(), Asked(), Asked()
    arbiter.switch(first)
    actors.add(arbiter.cancel)
    actors.add(lambda: arbiter.switch(second))

    def check() -> None:
        assert second.cancelled

    return check


def inbox(actors: Actors) -> Check:
    """One fills it and one empties it; what is asked for and not yet come is never above the prefetch."""
    inbox = Inbox(2)
    upstream = Asked()
    inbox.upstream = upstream
    inbox.fill()
    came: list[int] = []

    def emit() -> None:
        for item in range(4):
            assert actors.wait(lambda item=item: sum(upstream.asked) > item)
            inbox.items.append(item)
            assert len(inbox.items) <= 2, "more than was asked for"

    def take() -> None:
        while len(came) < 4:
            assert actors.wait(lambda: bool(inbox.items))
            if (item := inbox.poll()) is not EMPTY:
                came.append(item)
                inbox.replenish()

    actors.add(emit, "upstream")
    actors.add(take, "drain")

    def check() -> None:
        assert came == [0, 1, 2, 3]

    return check


PIECES = [
    demand, both, allowance, claim, turnstile_asked, turnstile_cancelled, arbiter_asked, arbiter_cancelled,
    inbox, two_in_a_drain,
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__)
def test_a_piece_of_the_kernel_in_any_order(piece: Callable[[Actors], Check]) -> None:
    orders(piece, 600)


def test_all_orders_of_a_drain_with_three_preemptions() -> None:
    explored = explore(two_in_a_drain, preemptions=2, most=5_000)
    assert explored.complete
    assert explored.orders > 100
