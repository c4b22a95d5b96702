"""What is held for a Subscriber that leaves is discarded, also where upstream is over already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, Multicast, Unicast
from tests.operators.conftest import Dropped
from tests.operators.kit import Probe, probe

Made = Callable[[], Flow[int]]


def unicast() -> Flow[int]:
    numbers = Unicast[int]()
    for n in range(5):
        numbers.emit(n)
    numbers.complete()
    return numbers


def left(flow: Flow[int], leaves: str) -> list[Any]:
    """Take one item, leave, and return what was discarded."""
    discarded: list[Any] = []
    flow = flow.on_discard(discarded.append)
    if leaves == "by a break":
        for _ in flow:
            break
    else:
        subscriber = probe(flow, 1)
        assert subscriber.items == [0]
        subscriber.cancel()
    return discarded


LEAVES = pytest.mark.parametrize("leaves", ["by a break", "by a cancel"])


@LEAVES
@pytest.mark.parametrize(
    "made",
    [
        unicast,
        lambda: Flow.range(5).share(),
        lambda: Flow.range(5).replay(2).ref_count(),
        lambda: Flow.range(5).broadcast(1)[0],
        lambda: Flow.range(5).switch_on_first(lambda _, whole: whole),
    ],
    ids=["Unicast", "share", "ref_count", "broadcast", "switch_on_first"],
)
def test_the_last_to_leave_has_the_rest_discarded(made: Made, leaves: str):
    assert left(made(), leaves) == [1, 2, 3, 4]


@LEAVES
def test_and_the_error_behind_it_goes_to_the_hook(leaves: str, dropped: Dropped):
    assert left(Flow.range(5).concat(Flow.error(KeyError())).share(), leaves) == [1, 2, 3, 4]
    dropped.take(KeyError)


def test_what_fn_of_switch_on_first_did_not_use_is_discarded():
    discarded: list[int] = []
    flow = Flow.range(3).switch_on_first(lambda _first, _whole: Flow.of(7))
    assert list(flow.on_discard(discarded.append)) == [7]
    assert discarded == [0, 1, 2]


@LEAVES
def test_what_others_have_is_not_discarded(leaves: str):
    goes, stays = Flow.range(5).broadcast(2)
    other = probe(stays, 1)
    assert left(goes, leaves) == []
    other.request(10)
    assert other.items == [0, 1, 2, 3, 4]
    tapped = Probe(10)
    assert left(Flow.range(5).wire_tap(tapped), leaves) == []
    assert tapped.items == [0, 1, 2, 3, 4]


@LEAVES
def test_where_others_may_come_it_is_kept_for_them(leaves: str):
    numbers = Multicast[int]()
    for n in range(3):
        numbers.emit(n)
    numbers.complete()
    assert left(numbers, leaves) == []
    assert list(numbers) == [1, 2]
    replayed = Flow.range(3).replay(2).auto_connect()
    assert left(replayed, leaves) == []
    assert list(replayed) == [1, 2]
    connected = Flow.range(3).replay(2)
    connected.connect().cancel()
    assert list(connected)[-2:] == [1, 2]
