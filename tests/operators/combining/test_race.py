"""race: the first flow that signals."""

from __future__ import annotations

import sys
import threading

import pytest

from operators import Flow
from tests.operators.kit import Handmade, probe


@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_first_to_signal_is_the_one_and_the_others_are_cancelled(first: int):
    flows = [Handmade() for _ in range(3)]
    main, *others = (Flow.from_publisher(flow) for flow in flows)
    seen = probe(main.race(*others), 5)
    assert [flow.asked for flow in flows] == [5, 5, 5]
    flows[first].emit("a")
    assert [flow.cancels for flow in flows] == [int(n != first) for n in range(3)]
    seen.request(1)
    assert [flow.asked for flow in flows] == [6 if n == first else 5 for n in range(3)]
    flows[first].complete()
    assert (seen.items, seen.completed) == (["a"], True)


def test_an_end_or_an_error_comes_first_as_well():
    assert probe(Flow.never().race(Flow.empty()), 1).completed
    assert isinstance(probe(Flow.never().race(Flow.error(KeyError())), 1).error, KeyError)


def test_one_that_is_there_at_once_leaves_the_others_alone():
    other = Handmade()
    assert list(Flow.of(1, 2).race(Flow.from_publisher(other))) == [1, 2]


def test_of_two_threads_one_is_first():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            flows = [Handmade(), Handmade()]
            seen = probe(Flow.from_publisher(flows[0]).race(Flow.from_publisher(flows[1])), 99)
            gate = threading.Barrier(2)

            def run(n: int, gate: threading.Barrier = gate, flow: list[Handmade] = flows) -> None:
                gate.wait()
                for item in range(3):
                    if flow[n].cancels:
                        break
                    flow[n].emit((n, item))

            threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert seen.violations == []
            assert len({who for who, _ in seen.items}) == 1
            assert len(seen.items) == 3
    finally:
        sys.setswitchinterval(before)
