"""Rounds: the one thread of all who look now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable

from operators.schedulers.rounds import Rounds
from tests.operators.kit import DEADLINE, eventually


class Looks:
    """A looker."""

    def __init__(self, every: float) -> None:
        self.every = every
        self.looked = 0

    def look(self) -> None:
        self.looked += 1


class Beginning:
    """A scheduler whose workers are begun while, on another thread, a run is ended by the collector."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile
        self.closed = 0

    def now(self) -> float:
        return 0.0

    def worker(self) -> Beginning:
        return self

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        other = threading.Thread(target=self._meanwhile)
        other.start()
        other.join(DEADLINE)
        assert not other.is_alive()

    def close(self) -> None:
        self.closed += 1


def test_a_run_that_is_ended_while_the_thread_begins_holds_nobody_up() -> None:
    rounds = Rounds("operators-rounds")
    gone, first, second = Looks(9), Looks(5), Looks(1)
    scheduler = Beginning(lambda: rounds.remove(gone))
    rounds._scheduler = scheduler  # type: ignore[assignment]
    rounds.add(first)
    rounds.add(second)
    assert scheduler.closed == 1
    rounds.remove(first)
    assert scheduler.closed == 1
    rounds.remove(second)
    assert scheduler.closed == 2


def test_they_look_and_the_thread_ends_with_the_last_of_them() -> None:
    before = threading.active_count()
    rounds = Rounds("operators-rounds")
    lookers = [Looks(1_000), Looks(0.001)]
    rounds.add(lookers[0])
    rounds.add(lookers[1])
    eventually(lambda: all(each.looked > 2 for each in lookers))
    rounds.remove(lookers.pop(0))
    assert rounds.all() == lookers
    lookers.clear()
    eventually(lambda: threading.active_count() == before)
