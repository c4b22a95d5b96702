"""Taking a ratio that a noisy machine cannot spoil: ours and the peer's in turn, the best of each."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, against which peer, and the ratio it is held to.

    `limit` bounds ours / peer from above where `better` is "lower", and says how many times faster
    than the peer we are to be at least where it is "faster". Both callables return what they computed,
    which has to be the same.
    """

    title: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    peer_name: str
    better: Literal["lower", "faster"]
    limit: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The outcome of a case; the times are seconds, the best of all rounds."""

    case: Case
    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        """Ours in terms of the peer's: a cost, or how many times faster we are."""
        return self.ours / self.peer if self.case.better == "lower" else self.peer / self.ours

    @property
    def holds(self) -> bool:
        """Whether the ratio is within its limit."""
        if self.case.better == "lower":
            return self.ratio <= self.case.limit
        return self.ratio >= self.case.limit


def measure(case: Case, rounds: int = ROUNDS) -> Figure:
    """Return the figure of a case; raises ValueError where ours and the peer's result differ."""
    if case.ours() != case.peer():
        raise ValueError(f"{case.title}: ours and {case.peer_name} do not compute the same")
    ours = peer = float("inf")
    for _ in range(rounds):
        peer = min(peer, _seconds(case.peer))
        ours = min(ours, _seconds(case.ours))
    return Figure(case, ours, peer)


def _seconds(run: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
