"""Taking a figure that a noisy machine cannot spoil: ours and the peer's in turn, the best of each.

A limit in microseconds is one of a quiet machine: what is measured is scaled by what a plain function
call takes in the same process at the same time, beside what it takes when nothing else runs. Time in
which others have the processor does not count, where the system tells of it.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tck.recording.own_time import kept

ROUNDS = 5
QUIET_CALL = 42e-9
"""Seconds of one turn of `calls` per call, on a quiet machine of the kind that the limits are for."""
_CALLS = 20_000
_SHORTEST = 0.003  # what takes less is repeated within its round
_UNDISTURBED = 0.0005  # what it takes to ask the system for each thread, and more
_SHORT = 0.01
_ALONE = 0.02  # what other threads may run at most, where the time of waiting is left out
_LONGEST = 10.0  # once it took so long, two rounds have to do: what is that slow is off anyway


class Limit(Protocol):
    """What a figure is held to; without one it is only shown."""

    def found(self, figure: Figure) -> str:
        """Return what was measured, in the terms of the limit."""
        ...

    def holds(self, figure: Figure) -> bool:
        """Return whether the figure is within the limit."""
        ...


@dataclass(frozen=True, slots=True)
class AtMost:
    """Ours takes at most so many times what the peer takes; shown only where there is no limit."""

    times: float | None = None

    def __str__(self) -> str:
        return "" if self.times is None else f"at most {self.times:.2f}x"

    def found(self, figure: Figure) -> str:
        return f"{figure.ours / figure.peer:.2f}x"

    def holds(self, figure: Figure) -> bool:
        return self.times is None or figure.ours / figure.peer <= self.times


SHOWN = AtMost()


@dataclass(frozen=True, slots=True)
class Faster:
    """Ours is at least so many times faster than the peer."""

    times: float

    def __str__(self) -> str:
        return f"at least {self.times:.1f}x faster"

    def found(self, figure: Figure) -> str:
        return f"{figure.peer / figure.ours:.2f}x faster"

    def holds(self, figure: Figure) -> bool:
        return figure.peer / figure.ours >= self.times


@dataclass(frozen=True, slots=True)
class Micros:
    """An item takes at most so many microseconds of a quiet machine."""

    micros: float

    def __str__(self) -> str:
        return f"at most {self.micros:g} us"

    def _micros(self, figure: Figure) -> float:
        return 1e6 * figure.quiet(figure.ours)

    def found(self, figure: Figure) -> str:
        return f"{self._micros(figure):.2f} us"

    def holds(self, figure: Figure) -> bool:
        return self._micros(figure) <= self.micros


@dataclass(frozen=True, slots=True)
class More:
    """An item takes at most so many microseconds of a quiet machine more than with the peer."""

    micros: float

    def __str__(self) -> str:
        return f"at most +{self.micros:g} us"

    def _micros(self, figure: Figure) -> float:
        return 1e6 * figure.quiet(figure.ours - figure.peer)

    def found(self, figure: Figure) -> str:
        return f"{self._micros(figure):+.2f} us"

    def holds(self, figure: Figure) -> bool:
        return self._micros(figure) <= self.micros


def calls() -> None:
    """Call a plain function, over and over: the measure of how fast the machine is just now."""
    call = _plus_one
    for n in range(_CALLS):
        call(n)


def _plus_one(n: int) -> int:
    return n + 1


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, against which peer, and what it is held to.

    Both callables go through `items` items (`peer_items`, where the peer's are fewer or more) and
    return what they computed, which has to be the same; where they return nothing, `proof` says
    whether what is measured computes what it should. A case without a peer has a plain function call
    for one.
    """

    title: str
    ours: Callable[[], Any]
    limit: Limit
    items: int
    peer: Callable[[], Any] = calls
    peer_name: str = "a function call"
    peer_items: int = 0
    proof: Callable[[], bool] | None = None
    least: float = 0.0
    """Seconds that its rounds go on for, at least: what threads hand over needs a moment that is quiet."""

    @property
    def alone(self) -> bool:
        """Whether there is no peer."""
        return self.peer is calls


@dataclass(frozen=True, slots=True)
class Figure:
    """The outcome of a case: seconds an item, and seconds a call, the best of all rounds."""

    case: Case
    ours: float
    peer: float
    call: float

    def quiet(self, seconds: float) -> float:
        """Return what so many seconds of now would be on a quiet machine."""
        return seconds * QUIET_CALL / self.call

    @property
    def found(self) -> str:
        """What was measured, in the terms of the limit."""
        return self.case.limit.found(self)

    @property
    def holds(self) -> bool:
        """Whether it is within the limit."""
        return self.case.limit.holds(self)


def measure(case: Case, rounds: int = ROUNDS) -> Figure:
    """Return the figure of a case; raises ValueError where ours and the peer's result differ."""
    if case.proof is not None and not case.proof():
        raise ValueError(f"{case.title}: the items are not what they should be")
    if not case.alone and case.ours() != case.peer():
        raise ValueError(f"{case.title}: ours and {case.peer_name} do not compute the same")
    ours = peer = call = float("inf")
    begun = time.perf_counter()
    for done in itertools.count():
        took = time.perf_counter() - begun
        if (done >= rounds and took > case.least) or (done >= 2 and took > _LONGEST):
            break
        peer = min(peer, _seconds(case.peer))
        ours = min(ours, _seconds(case.ours))
        call = min(call, _seconds(calls))
    items = _CALLS if case.alone else case.peer_items or case.items
    return Figure(case, ours / case.items, peer / items, call / _CALLS)


def _seconds(run: Callable[[], Any]) -> float:
    """Return how long one run takes: a short one is run again, and the shortest of these counts."""
    gc.collect()
    best, begun = float("inf"), time.perf_counter()
    while True:
        best = min(best, _timed(run))
        if time.perf_counter() - begun >= _SHORTEST:
            return best


def _timed(run: Callable[[], Any]) -> float:
    """Return the seconds that one run takes, without those in which it was ready and had to wait."""
    looked = time.perf_counter()
    before = kept()
    worked = time.process_time()
    others = worked - time.thread_time()
    started = time.perf_counter()
    run()
    ended = time.perf_counter()
    worked = time.process_time() - worked
    others = time.process_time() - time.thread_time() - others
    after = kept()
    looking = max(started - looked, time.perf_counter() - ended)
    wall = ended - started
    # A short run finds a moment without others. Where it was kept waiting while it looked, nobody knows how
    # much of it lies within the run; and where several threads work, one may wait while another runs.
    if wall < _SHORT or looking > _UNDISTURBED or others > _ALONE * wall:
        return wall
    # On a very busy machine more is counted as waiting than there was; the work was done in any case.
    waited = sum(after[thread] - before.get(thread, 0) for thread in after) / 1e9
    return max(wall - waited, worked)
