"""Operators over several flows: against reactivex, and each way to consume against the best one."""

from __future__ import annotations

import reactivex
from reactivex import operators as rx

from benchmarks.matrix import Build, Peer, matrix
from benchmarks.measure import Case
from operators import Flow

MANY = 20_000

COMBINED: dict[str, tuple[Build, Peer | None]] = {
    "combine_latest": (
        lambda f: Flow.of(-1).combine_latest(f),
        lambda s: reactivex.combine_latest(reactivex.of(-1), s),
    ),
    "with_latest_from": (
        lambda f: f.with_latest_from(Flow.of(-1)),
        rx.with_latest_from(reactivex.of(-1)),
    ),
    "switch_map": (
        lambda f: Flow.of(0).switch_map(lambda _: f),
        lambda s: reactivex.of(0).pipe(rx.switch_map(lambda _: s)),
    ),
    "switch_on_first": (lambda f: f.switch_on_first(lambda _, whole: whole), None),
    "race": (lambda f: f.race(Flow.never()), rx.amb(reactivex.never())),
}


def combined() -> list[Case]:
    """Each operator: UNBOUNDED against reactivex, and the other ways against that."""
    return matrix(COMBINED, MANY)
