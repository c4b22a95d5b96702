"""interleave: items of several flows by turns."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, Pulled, probe
from tests.operators.ways import fails, gives


def test_by_turns_everywhere():
    for other in (lambda *n: Flow.of(*n), lambda *n: Flow.from_publisher(Handmade(n))):
        gives(lambda f, of=other: f.interleave(of("a", "b")), [1, 2, 3], [1, "a", 2, "b", 3])
        gives(lambda f, of=other: f.interleave(of("a", "b", "c")), [1], [1, "a", "b", "c"])
        gives(lambda f, of=other: f.interleave(of("a"), of("x", "y")), [1], [1, "a", "x", "y"])
        gives(
            lambda f, of=other: f.interleave(of(*"abc"), size=2),
            [1, 2, 3],
            [1, 2, "a", "b", 3, "c"],
        )
        gives(lambda f, of=other: f.interleave(of()), [], [])


def test_it_waits_for_the_one_whose_turn_it_is():
    first, second = Handmade(), Handmade()
    flow = Flow.from_publisher(first).interleave(Flow.from_publisher(second), prefetch=4)
    seen = probe(flow).request(9)
    assert (first.requests, second.requests) == ([4], [4])
    second.emit("a", "b")
    assert seen.items == []
    first.emit(1)
    assert seen.items == [1, "a"]
    first.complete()
    assert seen.items == [1, "a", "b"]
    second.complete()
    assert seen.completed


def test_nothing_is_pulled_ahead():
    sides = [Pulled(range(9)), Pulled(range(9))]
    seen = probe(Flow.from_iterable(sides[0]).interleave(Flow.from_iterable(sides[1])), 3)
    assert seen.items == [0, 0, 1]
    assert [side.pulled for side in sides] == [2, 1]
    seen.cancel()
    assert [side.closed for side in sides] == [1, 1]


def test_an_error_ends_it_and_what_waits_is_discarded():
    left: list[Any] = []
    first, second = Handmade(), Handmade()
    flow = Flow.from_publisher(first).interleave(Flow.from_publisher(second))
    seen = probe(flow.on_discard(left.append), 9)
    second.emit("a", "b")
    first.fail(KeyError())
    assert isinstance(seen.error, KeyError)
    assert (left, second.cancels) == (["a", "b"], 1)
    fails(lambda f: f.interleave(Flow.of("a")), [], KeyError, error=KeyError())
