"""Results, filters, transforms, errors and overflow: against reactivex, and each way against the best one."""

from __future__ import annotations

from operator import add

import reactivex
from reactivex import operators as rx

from benchmarks.matrix import Build, Peer, matrix
from benchmarks.measure import Case
from benchmarks.support import plus_one
from operators import Flow, OnNext, Valve

MANY = 20_000


def _small(n: int) -> bool:
    return n < MANY


def _none_such(n: int) -> bool:
    return n < 0


def _pair(n: int) -> tuple[int, int]:
    return n, n


STEPS: dict[str, tuple[Build, Peer | None]] = {
    "count": (lambda f: f.count(), rx.count()),
    "sum": (lambda f: f.sum(), rx.sum()),
    "min": (lambda f: f.min(), rx.min()),
    "max": (lambda f: f.max(), rx.max()),
    "reduce": (lambda f: f.reduce(add), rx.reduce(add)),
    "last": (lambda f: f.last(), rx.last()),
    "to_list": (lambda f: f.to_list(), rx.to_list()),
    "to_set": (lambda f: f.to_set(), rx.to_set()),
    "to_dict": (lambda f: f.to_dict(plus_one), rx.to_dict(plus_one)),
    "all": (lambda f: f.all(_small), rx.all(_small)),
    "any": (lambda f: f.any(_none_such), rx.some(_none_such)),
    "contains": (lambda f: f.contains(-1), rx.contains(-1)),
    "take_last": (lambda f: f.take_last(MANY), rx.take_last(MANY)),
    "shuffle": (lambda f: f.shuffle(MANY, seed=1), None),
    "skip_last": (lambda f: f.skip_last(8), rx.skip_last(8)),
    "ignore_elements": (lambda f: f.ignore_elements(), rx.ignore_elements()),
    "default_if_empty": (lambda f: f.default_if_empty(0), rx.default_if_empty(0)),
    "switch_if_empty": (lambda f: f.switch_if_empty(Flow.of(0)), None),
    "of_type": (lambda f: f.of_type(int), None),
    "starmap": (
        lambda f: f.map(_pair).starmap(add),
        reactivex.compose(rx.map(_pair), rx.starmap(add)),
    ),
    "materialize": (lambda f: f.materialize(), rx.materialize()),
    "dematerialize": (lambda f: f.map(OnNext).dematerialize(), None),
    "buffer that overlaps": (lambda f: f.buffer(4, 2), rx.buffer_with_count(4, 2)),
    "buffer_weighted": (lambda f: f.buffer_weighted(4, lambda _: 1), None),
    # That of reactivex ends in a RecursionError after some 320 items.
    "expand": (lambda f: f.take(1).expand(lambda n: Flow.of(n + 1)).take(MANY), None),
    "start_with": (lambda f: f.start_with(0), rx.start_with(0)),
    "merge_sorted": (lambda f: f.merge_sorted(Flow.range(MANY)), None),
    "interleave": (lambda f: f.interleave(Flow.range(MANY)), None),
    "zip, strict": (lambda f: f.zip(Flow.range(MANY), strict=True), None),
    "zip_longest": (lambda f: f.zip_longest(Flow.range(MANY)), None),
    "concat_map_eager": (
        lambda f: f.take(50).concat_map_eager(lambda _: Flow.range(MANY // 50)),
        None,
    ),
    "on_error_map": (lambda f: f.on_error_map(ValueError), None),
    "skip_errors": (lambda f: f.map(plus_one).skip_errors(print), None),
    "repeat": (
        lambda f: f.take(MANY // 10).repeat(10),
        reactivex.compose(rx.take(MANY // 10), rx.repeat(10)),
    ),
    "on_terminate": (lambda f: f.on_terminate(list), None),
    "cap_demand": (lambda f: f.cap_demand(64), None),
    "valve": (lambda f: f.valve(Valve()), None),
    "batch_while_waiting": (lambda f: f.batch_while_waiting(4), None),
    "conflate": (lambda f: f.conflate(max), None),
}


def stepped() -> list[Case]:
    """Each operator: UNBOUNDED against reactivex, and the other ways against that."""
    return matrix(STEPS, MANY)
