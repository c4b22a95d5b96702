"""The kernel's own pieces, raced over: what is left, taken, granted and carried over is never lost."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

import pytest

from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Allowance, Claim, Demand, Surcharge, take_both
from operators._kernel.subscription.drain import Drain
from reactive_streams import UNBOUNDED
from tests.concurrency.team import Team

pytestmark = pytest.mark.long

ROUNDS = 250


def test_a_drain_runs_one_loop_and_sees_every_mark(shaken_team: Team) -> None:
    overlaps: list[str] = []
    for number in range(ROUNDS):
        drain = Drain()
        work: deque[int] = deque()
        done: list[int] = []
        running = [False]

        def come(
            drain: Drain = drain,
            work: deque[int] = work,
            done: list[int] = done,
            running: list[bool] = running,
        ) -> None:
            for item in range(5):
                work.append(item)
                if not drain.enter():
                    continue
                while True:
                    if running[0]:
                        overlaps.append("two loops at once")
                    running[0] = True
                    while work:
                        done.append(work.popleft())
                    running[0] = False
                    if not drain.again():
                        break

        shaken_team.run(come, come, come, come)
        assert overlaps == []
        assert len(done) == 20, f"round {number}: a mark was lost"
        assert drain.enter(), "the drain is idle afterwards"


def test_demand_counts_every_request(shaken_team: Team) -> None:
    for _ in range(ROUNDS):
        demand = Demand()
        taken: list[int] = []

        def ask(demand: Demand = demand) -> None:
            for n in range(1, 6):
                demand.add(n)

        def settle(demand: Demand = demand, taken: list[int] = taken) -> None:
            for _ in range(6):
                taken.append(demand.take(2))

        shaken_team.run(ask, ask, ask, settle)
        assert demand.value + sum(taken) == 45


def test_demand_saturates_whoever_asks(shaken_team: Team) -> None:
    for _ in range(ROUNDS // 5):
        demand = Demand()

        def ask(demand: Demand = demand) -> None:
            demand.add(UNBOUNDED - 1)
            demand.settle(0)

        shaken_team.run(ask, ask, ask, ask)
        assert demand.value == UNBOUNDED
        assert demand.settle(7) == UNBOUNDED


def test_take_both_leaves_nothing_that_both_have(shaken_team: Team) -> None:
    for _ in range(ROUNDS):
        wanted, room = Demand(), Demand()
        taken: deque[int] = deque()

        def raise_(
            which: Demand, wanted: Demand = wanted, room: Demand = room, taken: deque[int] = taken
        ) -> None:
            for n in (1, 3, 2):
                which.add(n)
                taken.append(take_both(wanted, room))

        shaken_team.run(
            *(lambda which=which: raise_(which) for which in (wanted, wanted, room, room))
        )
        assert (wanted.value, room.value, sum(taken)) == (0, 0, 12)


def test_what_is_granted_is_granted_once(shaken_team: Team) -> None:
    for _ in range(ROUNDS // 2):
        allowance, surcharge, claim = Allowance(7), Surcharge(5), Claim()
        allowed: deque[int] = deque()
        asked: deque[int] = deque()
        claimed: deque[bool] = deque()

        def ask(
            allowance: Allowance = allowance,
            surcharge: Surcharge = surcharge,
            claim: Claim = claim,
            allowed: deque[int] = allowed,
            asked: deque[int] = asked,
            claimed: deque[bool] = claimed,
        ) -> None:
            allowed.append(allowance.grant(3))
            asked.append(surcharge.grant(1))
            claimed.append(claim.take())

        shaken_team.run(ask, ask, ask, ask)
        assert sum(allowed) == 7
        assert sum(asked) == 4 + 5
        assert sum(claimed) == 1


class _Producer:
    """An upstream of the Arbiter that counts what it is asked for."""

    def __init__(self) -> None:
        self.demand = Demand()
        self.cancelled = False

    def request(self, n: int) -> None:
        self.demand.add(n)

    def cancel(self) -> None:
        self.cancelled = True


def test_an_arbiter_carries_over_exactly_what_is_left(shaken_team: Team) -> None:
    for _ in range(ROUNDS):
        arbiter = Arbiter()
        made: list[_Producer] = []
        produced = itertools.count()

        def ask(arbiter: Arbiter = arbiter) -> None:
            for n in (1, 3, 1, 2):
                arbiter.request(n)

        def succeed(
            arbiter: Arbiter = arbiter, made: list[_Producer] = made, produced: Any = produced
        ) -> None:
            # Each upstream delivers one of the items that it was asked for, and makes way.
            for _ in range(5):
                upstream = _Producer()
                made.append(upstream)
                arbiter.switch(upstream)
                if upstream.demand.take(1):
                    next(produced)
                    arbiter.produced += 1

        shaken_team.run(ask, ask, ask, succeed)
        last = _Producer()
        arbiter.switch(last)
        assert last.demand.value + next(produced) == 21


def test_an_arbiter_cancels_whoever_comes_last(shaken_team: Team) -> None:
    for _ in range(ROUNDS // 2):
        arbiter = Arbiter()
        first, second = _Producer(), _Producer()

        def succeed(arbiter: Arbiter = arbiter, producers: Any = (first, second)) -> None:
            for producer in producers:
                arbiter.switch(producer)

        shaken_team.run(succeed, arbiter.cancel, lambda arbiter=arbiter: arbiter.request(1))
        assert second.cancelled
