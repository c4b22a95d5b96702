"""A foreign Publisher with steps right behind it: one function, and each check is still made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, RuleViolation
from reactive_streams import UNBOUNDED
from tests.operators.kit import DEADLINE, Handmade, Probe, probe

Build = Callable[[Flow[Any]], Flow[Any]]


def _same(item: Any) -> Any:
    return item


SHAPES: dict[str, Build] = {
    "nothing": lambda flow: flow,
    "map": lambda flow: flow.map(_same),
    "map, filter": lambda flow: flow.map(_same).filter(lambda _: True),
    "what holds an item": lambda flow: flow.buffer(1).map(lambda items: items[0]),
    "another stage": lambda flow: flow.tap(on_next=id, on_complete=int),
    "a segment and one more": lambda flow: flow.map(_same).buffer(1).map(lambda items: items[0]),
}


each_shape = pytest.mark.parametrize("build", SHAPES.values(), ids=SHAPES)


@each_shape
def test_more_than_was_asked_for_breaks_rule_1_1(build: Build) -> None:
    publisher = Handmade()
    left: list[Any] = []
    seen = probe(build(Flow.from_publisher(publisher).on_discard(left.append)), 1)
    asked = publisher.asked
    publisher.emit(*range(asked + 3))
    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.1"
    assert f"number {asked + 1} when only {asked} had been asked for" in str(seen.error)
    assert publisher.cancels == 1
    assert left[-3:] == [asked, asked + 1, asked + 2]
    assert seen.violations == []


@each_shape
@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_a_none_is_refused_and_told_to_both_sides(build: Build, asked: int) -> None:
    publisher = Handmade()
    seen = probe(build(Flow.from_publisher(publisher)), asked)
    publisher.emit(1)
    with pytest.raises(TypeError, match=r"§2\.13"):
        publisher.emit(None)
    assert isinstance(seen.error, TypeError)
    assert seen.items == [1]
    publisher.emit(2)
    assert seen.items == [1]


@each_shape
def test_all_may_be_asked_for_when_some_have_come(build: Build) -> None:
    publisher = Handmade()
    seen = probe(build(Flow.from_publisher(publisher)), 2)
    publisher.emit(1, 2)
    seen.request(UNBOUNDED)
    publisher.emit(*range(3, 200))
    publisher.complete()
    assert seen.items == list(range(1, 200))
    assert seen.completed


@each_shape
@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_what_comes_after_the_end_goes_no_further(build: Build, asked: int) -> None:
    publisher = Handmade()
    left: list[Any] = []
    seen = probe(build(Flow.from_publisher(publisher).on_discard(left.append)), asked)
    publisher.emit(1)
    publisher.complete()
    publisher.emit(2)
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_next", "on_complete"]
    assert left == [2]


@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_no_step_sees_an_item_that_comes_after_a_cancel(asked: int) -> None:
    publisher = Handmade()
    shown: list[int] = []
    seen = probe(Flow.from_publisher(publisher).tap(on_next=shown.append), asked)
    publisher.emit(1)
    seen.cancel()
    publisher.emit(2)
    assert shown == [1]


@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_no_step_sees_an_item_that_comes_after_a_step_has_ended_it(asked: int) -> None:
    publisher = Handmade()
    shown: list[int] = []
    seen = probe(Flow.from_publisher(publisher).tap(on_next=shown.append).take(1), asked)
    publisher.emit(1, 2)
    assert shown == [1]
    assert seen.completed
    assert publisher.cancels == 1


def test_an_item_that_a_step_leaves_out_is_asked_for_anew_once() -> None:
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).map(_same).filter(lambda n: n % 2), 2)
    publisher.emit(1, 2, 3)
    assert publisher.requests == [2, 1]
    seen.request(UNBOUNDED)
    publisher.emit(4, 5)
    assert publisher.requests == [2, 1, UNBOUNDED]
    assert seen.items == [1, 3, 5]


def test_what_a_step_raises_ends_it_and_what_the_subscriber_raises_is_not_the_steps(
    dropped: Any,
) -> None:
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).map(lambda n: 1 // n), 5)
    publisher.emit(1, 0, 1)
    assert isinstance(seen.error, ZeroDivisionError)
    assert "in map, written at" in seen.error.__notes__[0]

    def fail(probe: Probe, item: Any) -> None:
        raise KeyError(item)

    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).map(_same), 5, then=fail)
    publisher.emit(1, 2)
    assert seen.items == [1]
    assert not seen.ended
    dropped.take(KeyError)


@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_an_item_inside_of_an_item_of_the_same_thread_is_taken(asked: int) -> None:
    publisher = Handmade()

    def mapped(n: int) -> int:
        if n == 1:
            publisher.emit(2)
        return n

    seen = probe(Flow.from_publisher(publisher).map(mapped), asked)
    publisher.emit(1, 3)
    assert seen.items == [2, 1, 3]
    assert seen.violations == []


@each_shape
@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_an_item_inside_of_an_item_of_another_thread_breaks_rule_1_3(
    build: Build, asked: int
) -> None:
    publisher = Handmade()

    def from_elsewhere(probe: Probe, item: Any) -> None:
        if item == 1:
            other = threading.Thread(target=publisher.emit, args=(2,))
            other.start()
            other.join(DEADLINE)

    seen = probe(build(Flow.from_publisher(publisher)), asked, then=from_elsewhere)
    publisher.emit(1)
    publisher.emit(3)
    assert seen.items == [1]
    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.3"
    assert seen.violations == []


@pytest.mark.parametrize("asked", [5, UNBOUNDED])
def test_a_cancel_on_another_thread_while_an_item_is_rejected(asked: int) -> None:
    """Nothing is asked for in its place, and nothing goes to the hook."""
    publisher = Handmade()

    def rejects(_: int) -> bool:
        canceller = threading.Thread(target=seen.cancel)
        canceller.start()
        canceller.join(DEADLINE)
        return False

    seen = probe(Flow.from_publisher(publisher).filter(rejects), asked)
    publisher.emit(1)
    publisher.emit(2)
    assert (seen.items, seen.error, publisher.asked) == ([], None, asked)
    assert publisher.cancels == 1
