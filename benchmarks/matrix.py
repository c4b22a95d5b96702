"""One operator by every way to consume: UNBOUNDED against reactivex, and the other ways against that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import reactivex

from benchmarks.measure import SHOWN, AtMost, Case, Faster, Limit
from benchmarks.reasons import BY_WAY, REACTIVEX
from benchmarks.support import OneByOne, Summing, by_for, count_of, on_a_loop
from operators import Flow

Build = Callable[[Flow[int]], Flow[Any]]
Peer = Callable[[Any], Any]


def matrix(table: Mapping[str, tuple[Build, Peer | None]], many: int) -> list[Case]:
    """Return the rows of each operator: 2x faster than the peer, and no way 5x the best one.

    Or there is a reason, and it is shown only.
    """
    cases: list[Case] = []
    for name, (build, peer) in table.items():
        flow = build(Flow.range(many))

        def unbounded(flow: Flow[Any] = flow) -> int:
            return count_of(flow)

        if peer is not None:
            limit: Limit = SHOWN if name in REACTIVEX else Faster(2.0)
            cases.append(
                Case(
                    f"{name}, UNBOUNDED", unbounded, limit, many,
                    lambda peer=peer: _in_rx(peer, many), "reactivex",  # type: ignore[misc]
                )
            )  # fmt: skip
        five: Limit = AtMost(5.0)
        held: Limit = SHOWN if name in BY_WAY else five
        ways: dict[str, tuple[Callable[[], Any], Limit]] = {
            "request(1)": (lambda flow=flow: count_of(flow, OneByOne()), held),  # type: ignore[misc]
            "request(256)": (lambda flow=flow: count_of(flow, _Batches()), five),  # type: ignore[misc]
            "for": (lambda flow=flow: by_for(flow), held),  # type: ignore[misc]
            "async for": (lambda flow=flow: on_a_loop(flow), held),  # type: ignore[misc]
        }
        for way, (run, within) in ways.items():
            returns = way.startswith("request")
            against = unbounded if returns else _silent(unbounded)
            cases.append(Case(f"{name}, {way}", run, within, many, against, "UNBOUNDED"))
    return cases


def _in_rx(peer: Peer, many: int) -> int:
    seen: list[Any] = []
    reactivex.from_iterable(range(many)).pipe(peer).subscribe(seen.append)
    return len(seen)


def _silent(run: Callable[[], Any]) -> Callable[[], None]:
    def silent() -> None:
        run()

    return silent


class _Batches(Summing):
    """Counts items of any kind, asked for by 256."""

    def __init__(self) -> None:
        super().__init__(256)

    def on_next(self, item: object) -> None:
        self.count += 1
        self._left -= 1
        if not self._left and self._subscription is not None:
            self._left = self._batch
            self._subscription.request(self._batch)
