"""on_start: something to do before anything else."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import everywhere, fails, gives


@pytest.mark.parametrize("items", [[], [1], [1, 2, 3]])
def test_it_is_done_once_and_first_everywhere(items: list[int]):
    done: list[Any] = []
    build = lambda f: f.tap(done.append).on_start(lambda: done.append("start"))  # noqa: E731
    for where, got, error in everywhere(build, items):
        assert (got, error) == (items, None), where
        assert done == ["start", *items], where
        done.clear()


def test_before_an_error_too():
    done: list[str] = []
    fails(lambda f: f.on_start(lambda: done.append("start")), [], KeyError, error=KeyError())
    assert done == ["start"] * 25


def test_with_one_item_at_a_time_it_is_done_once():
    done: list[str] = []
    seen = probe(Flow.range(5).on_start(lambda: done.append("start")).filter(lambda n: n % 2))
    for _ in range(3):
        seen.request(1)
    assert seen.items == [1, 3]
    assert done == ["start"]


def test_what_it_raises_fails_the_flow_of_which_nothing_is_run():
    error = fails(lambda f: f.on_start(lambda: 1 // 0), [1, 2], ZeroDivisionError)
    assert "in on_start, written at" in notes(error)
    assert "item" not in notes(error)

    pulled = Pulled([1])
    with pytest.raises(ZeroDivisionError):
        Flow.from_iterable(pulled).on_start(lambda: 1 // 0).run()
    assert pulled.opened == 0
    publisher = Handmade([1])
    seen = probe(Flow.from_publisher(publisher).on_start(lambda: 1 // 0), 5)
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_error"]
    assert (publisher.cancels, publisher.requests) == (1, [])


def test_each_run_begins_with_it():
    done: list[str] = []
    flow = Flow.of(1).on_start(lambda: done.append("start"))
    assert list(flow) == list(flow) == [1]
    gives(lambda f: f.concat_map(lambda n: flow), [0], [1])
    assert len(done) == 2 + 25
    assert list(flow.repeat(3)) == [1, 1, 1]
    assert len(done) == 2 + 25 + 3
