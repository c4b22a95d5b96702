"""expand: each item, and the items of the flow made of it, and so on."""

from __future__ import annotations

from typing import Any

import pytest

from operators import BackpressureError, Flow
from tests.operators.kit import Handmade, Pulled, line_of, notes, probe
from tests.operators.ways import fails, gives

TREE = {1: [2, 3], 2: [4, 5], 3: [6], 4: [], 5: [7], 6: [], 7: []}


def children(n: int) -> Flow[int]:
    return Flow.from_iterable(TREE[n])


def test_level_after_level_everywhere():
    gives(lambda f: f.expand(children), [1], [1, 2, 3, 4, 5, 6, 7])
    gives(lambda f: f.expand(children), [2, 3], [2, 3, 4, 5, 6, 7])
    gives(lambda f: f.expand(children), [], [])
    gives(
        lambda f: f.expand(lambda n: Flow.from_publisher(children(n))), [1], [1, 2, 3, 4, 5, 6, 7]
    )


def test_it_may_go_on_for_ever():
    build = lambda f: f.expand(lambda n: Flow.of(n + 1)).take(1000)  # noqa: E731
    gives(build, [0], list(range(1000)))


def test_nothing_is_made_ahead_of_demand():
    made: list[int] = []

    def make(n: int) -> Flow[int]:
        made.append(n)
        return Flow.of(n + 1)

    for flow in (Flow.of(0), Flow.from_publisher(Handmade([0]))):
        made.clear()
        seen = probe(flow.expand(make)).request(3)
        assert (seen.items, made) == ([0, 1, 2], [0, 1])


def test_each_run_has_a_queue_of_its_own():
    flow = Flow.of(1).expand(children)
    assert list(flow) == list(flow) == [1, 2, 3, 4, 5, 6, 7]


def test_too_many_that_wait():
    build: Any = lambda f: f.expand(lambda n: Flow.of(n, n), capacity=3)  # noqa: E731
    error = fails(build, [0], BackpressureError, [0] * 6)
    assert "more than 3 items wait for fn; raise capacity=" in str(error)


def test_errors():
    lost = KeyError("lost")
    fails(lambda f: f.expand(children), [5], KeyError, [5], lost)
    fails(lambda f: f.expand(lambda n: Flow.error(lost)), [5], KeyError, [5])
    with pytest.raises(ZeroDivisionError) as caught:
        list(Flow.of(0).expand(lambda n: Flow.of(1 // n)))  # here
    assert f"in expand, written at {line_of('# here', __file__)}" in notes(caught.value)
    assert "item: 0" in notes(caught.value)
    with pytest.raises(TypeError, match="expand: fn must give a Flow or a Publisher, got None"):
        list(Flow.of(0).expand(lambda n: None))  # type: ignore[arg-type, return-value]


def test_a_loop_that_is_left_closes_what_is_open():
    pulled = Pulled([2, 3])
    for item in Flow.of(1).expand(lambda n: Flow.from_iterable(pulled)):
        if item == 2:
            break
    assert (pulled.opened, pulled.closed) == (1, 1)


def test_what_waits_to_be_expanded_is_counted():
    flow = Flow.of(1).expand(lambda n: Flow.empty(), capacity=10)
    assert flow.describe().in_flight >= 10
