"""One flow for several, and flows of flows: against reactivex, and each way against the best one."""

from __future__ import annotations

from typing import Any

import reactivex
from reactivex import operators as rx

from benchmarks.matrix import Build, Peer, matrix
from benchmarks.measure import Case
from benchmarks.support import Everything, is_even
from operators import Flow

MANY = 20_000
LATE = 100.0
"""Seconds: nothing is due while it is measured."""


def _itself(flow: Any) -> Any:
    return flow


def _tens(n: int) -> int:
    return n % 10


def _ninth(n: int) -> bool:
    return n % 10 == 9


def _two_of(shared: Any) -> Any:
    return reactivex.merge(shared, shared)


def _merged(flows: tuple[Flow[int], ...]) -> Flow[int]:
    one, two = flows
    return one.merge(two)


SHARED: dict[str, tuple[Build, Peer | None]] = {
    "share": (lambda f: f.share(), rx.share()),
    "publish": (
        lambda f: f.publish().ref_count(),
        lambda s: s.pipe(rx.publish(), rx.ref_count()),
    ),
    # What was kept would be there for the next run: each has one of its own.
    "replay": (
        lambda f: Flow.defer(lambda: f.replay(8).ref_count()),
        lambda s: s.pipe(rx.replay(buffer_size=8), rx.ref_count()),
    ),
    "cache": (
        lambda f: Flow.defer(lambda: f.cache()),
        lambda s: s.pipe(rx.replay(), rx.ref_count()),
    ),
    "broadcast": (lambda f: _merged(f.broadcast(2)), rx.publish(_two_of)),
    "balance": (lambda f: _merged(f.balance(2)), None),
    "partition": (
        lambda f: _merged(f.partition(is_even)),
        lambda s: reactivex.merge(*s.pipe(rx.partition(is_even))),
    ),
    "also_to": (lambda f: f.also_to(Everything()), None),
    "wire_tap": (lambda f: f.wire_tap(Everything()), None),
}
GROUPED: dict[str, tuple[Build, Peer | None]] = {
    "group_by": (
        lambda f: f.group_by(_tens).flat_map(_itself),
        reactivex.compose(rx.group_by(_tens), rx.flat_map(_itself)),
    ),
    "window": (
        lambda f: f.window(10).concat_map(_itself),
        reactivex.compose(rx.window_with_count(10), rx.concat_map(_itself)),
    ),
    "window_until": (lambda f: f.window_until(_ninth).concat_map(_itself), None),
    "window_time": (
        lambda f: f.window_time(LATE).concat_map(_itself),
        reactivex.compose(rx.window_with_time(LATE), rx.concat_map(_itself)),
    ),
}


def shared() -> list[Case]:
    """Each operator: UNBOUNDED against reactivex, and the other ways against that."""
    return matrix(SHARED, MANY)


def grouped() -> list[Case]:
    """Each operator: UNBOUNDED against reactivex, and the other ways against that."""
    return matrix(GROUPED, MANY)
