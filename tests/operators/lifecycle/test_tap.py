"""tap: look at what passes."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, notes, probe


def watched(log: list[Any], flow: Flow[Any]) -> Flow[Any]:
    return flow.tap(
        lambda item: log.append(("next", item)),
        on_error=lambda error: log.append(("error", error)),
        on_complete=lambda: log.append("complete"),
        on_request=lambda n: log.append(("request", n)),
        on_cancel=lambda: log.append("cancel"),
    )


@pytest.mark.parametrize("error", [None, KeyError("lost")])
def test_each_signal_is_shown(error: Exception | None):
    log: list[Any] = []
    seen = probe(watched(log, Flow.from_publisher(Handmade("ab", error)))).request(1).request(4)

    end = "complete" if error is None else ("error", error)
    assert log == [("request", 1), ("next", "a"), ("request", 4), ("next", "b"), end]
    assert seen.items == ["a", "b"]


def test_a_cancel_is_shown_once_and_not_after_the_end():
    log: list[Any] = []
    seen = probe(watched(log, Flow.never()))
    seen.cancel()
    seen.cancel()
    assert log == ["cancel"]

    log.clear()
    probe(watched(log, Flow.of(1)), 5).cancel()
    assert "cancel" not in log


def test_a_bad_request_is_not_shown():
    log: list[Any] = []
    seen = probe(watched(log, Flow.of(1))).request(-1)

    assert isinstance(seen.error, ValueError)
    assert log == [("error", seen.error)]


@pytest.mark.parametrize("world", ["fused", "pushed"])
def test_an_item_is_shown_before_it_is_passed_on(world: str):
    log: list[str] = []
    source: Flow[str] = (
        Flow.of("a", "b") if world == "fused" else Flow.from_publisher(Handmade("ab"))
    )
    flow = source.tap(lambda item: log.append(f"first {item}")).map(str.upper)
    list(flow.tap(lambda item: log.append(f"then {item}")))

    assert log == ["first a", "then A", "first b", "then B"]


@pytest.mark.parametrize("name", ["on_next", "on_complete"])
def test_what_a_look_at_a_signal_raises_fails_the_flow(name: str):
    publisher = Handmade("a")

    def broken(*args: Any) -> None:
        raise OSError("look")

    seen = probe(Flow.from_publisher(publisher).tap(on_cancel=list).tap(**{name: broken}), 5)

    assert isinstance(seen.error, OSError)
    assert "in tap, written at" in notes(seen.error)
    assert not seen.completed


def test_what_a_look_at_an_error_raises_has_that_for_its_context():
    lost = KeyError("lost")

    def broken(error: Exception) -> None:
        raise OSError("look")

    seen = probe(Flow.error(lost).tap(on_error=broken))
    assert isinstance(seen.error, OSError)
    assert seen.error.__context__ is lost


def test_what_a_look_at_demand_raises_goes_to_the_hook(dropped: Any):
    def broken(*args: Any) -> None:
        raise OSError("look")

    seen = probe(Flow.of(1, 2).tap(on_request=broken, on_cancel=broken)).request(1)
    assert seen.items == [1]
    dropped.take(OSError)
    seen.cancel()
    dropped.take(OSError)
    assert not seen.ended
