"""on_terminate: something to do before the end is told."""

from __future__ import annotations

from functools import partial
from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import everywhere, fails


def test_it_is_done_once_before_either_end_everywhere():
    lost = KeyError("lost")
    done: list[str] = []
    for given in (None, lost):
        build = lambda f: f.on_terminate(lambda: done.append("over"))  # noqa: E731
        for where, got, error in everywhere(build, [1, 2], given):
            assert (got, error, done) == ([1, 2], given, ["over"]), where
            done.clear()


def test_it_comes_before_the_end_is_told():
    for flow in (Flow.of(1), Flow.from_publisher(Handmade([1]))):
        order: list[str] = []
        flow = flow.on_terminate(partial(order.append, "first"))
        flow.tap(on_complete=partial(order.append, "told")).run()
        assert order == ["first", "told"]


def test_a_cancel_is_no_end():
    done: list[str] = []
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        seen = probe(flow.on_terminate(lambda: done.append("over"))).request(2)
        seen.cancel()
    assert Flow.range(9).on_terminate(lambda: done.append("over")).take(1).run() == 0
    assert done == []


def test_what_it_raises_fails_the_flow():
    def fail() -> Any:
        raise ValueError("at the end")

    error = fails(lambda f: f.on_terminate(fail), [1], ValueError, [1])
    assert "in on_terminate, written at" in notes(error)
    lost = KeyError("lost")
    for flow in (Flow.error(lost), Flow.from_publisher(Handmade([], lost))):
        seen = probe(flow.on_terminate(fail), 1).until_end()
        assert str(seen.error) == "at the end"
        assert seen.error.__context__ is lost
