"""cache: a flow that runs once, whoever asks."""

from __future__ import annotations

import threading
from typing import Any

from operators import Flow
from tests.operators.kit import Probe, probe


def test_it_runs_once():
    made: list[int] = []
    cached = Flow.range(4).tap(made.append).cache()

    assert [list(cached), list(cached), probe(cached, 99).items] == [[0, 1, 2, 3]] * 3
    assert made == [0, 1, 2, 3]


def test_nothing_runs_before_somebody_asks():
    made: list[int] = []
    Flow.range(4).tap(made.append).cache()
    assert made == []


def test_who_leaves_early_leaves_it_to_the_others():
    cached = Flow.range(1_000).cache()
    for _ in cached:
        break
    assert list(cached) == list(range(1_000))


def test_many_threads_have_one_run():
    made: list[int] = []
    cached = Flow.range(500).tap(made.append).cache()
    gate, seen = threading.Barrier(8), list[int]()

    def loop() -> None:
        gate.wait()
        seen.append(sum(cached))

    threads = [threading.Thread(target=loop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [sum(range(500))] * 8
    assert len(made) == 500


def test_one_that_comes_while_another_is_being_subscribed_runs_it_for_both():
    made: list[int] = []
    cached = Flow.range(4).tap(made.append).cache()
    elsewhere: list[int] = []

    class First(Probe):
        def on_subscribe(self, subscription: Any) -> None:
            super().on_subscribe(subscription)
            thread = threading.Thread(target=lambda: elsewhere.extend(cached))
            thread.start()
            thread.join()

    first = First(1)
    cached.subscribe(first)

    first.request(99)
    assert first.items == elsewhere == [0, 1, 2, 3]
    assert made == [0, 1, 2, 3]
