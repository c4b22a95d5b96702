"""MergeHub: sources are attached at run time, and end on their own."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from operators import Emitted, Flow, MergeHub, OneShotError, Unicast
from operators.schedulers import thread
from tests.operators.kit import Handmade, eventually, probe


def test_sources_come_and_go_while_it_runs():
    hub, first, second = MergeHub[str](), Handmade(), Handmade()
    seen = probe(hub, 99)
    assert hub.attach(first) is Emitted.OK
    first.emit("a")
    assert hub.attach(second)
    second.emit("b")
    first.emit("c")
    first.complete()
    assert hub.attached == 1
    second.emit("d")
    second.complete()

    assert seen.items == ["a", "b", "c", "d"]
    assert (seen.ended, hub.attached) == (False, 0)


def test_what_is_attached_before_the_subscriber_waits_for_it():
    hub, early = MergeHub[int](sources=2, prefetch=3), Handmade(range(9))
    assert hub.attach(early)
    assert hub.attach(Flow.of(-1))
    assert hub.attach(Flow.of(-2)) is Emitted.OVERFLOW
    assert early.requests == []
    seen = probe(hub, 0)
    assert early.requests == [3]
    seen.request(99)
    assert sorted(seen.items) == [-1, *range(9)]
    assert hub.attach(Flow.of(-3))
    assert seen.items[-1] == -3


def test_each_source_is_asked_for_no_more_than_is_taken():
    hub, sources = MergeHub[int](prefetch=4), [Handmade(range(100)) for _ in range(3)]
    seen = probe(hub, 0)
    for source in sources:
        hub.attach(source)
    assert [source.asked for source in sources] == [4, 4, 4]
    seen.request(30)
    assert len(seen.items) == 30
    assert all(source.asked <= 4 + 30 for source in sources)
    assert hub.describe().in_flight == 1 + 64 + 64 * 5


def test_they_take_turns():
    hub = MergeHub[int](prefetch=4)
    seen = probe(hub, 0)
    for number in range(4):
        hub.attach(Flow.repeat_value(number))
    for _ in range(10_000):
        seen.request(1)
    assert min(seen.items.count(number) for number in range(4)) > 10_000 / 4 / 2


def test_a_source_that_fails_only_ends(dropped: Any):
    errors: list[Exception] = []
    hub, other = MergeHub[int](on_error=errors.append), Unicast[int]()
    seen = probe(hub, 99)
    hub.attach(other)
    hub.attach(Flow.error(KeyError("no good")))
    other.emit(1)
    assert (seen.items, hub.attached) == ([1], 1)
    assert [type(error) for error in errors] == [KeyError]
    assert dropped.errors == []


def test_the_error_of_a_source_goes_to_the_hook_where_nobody_is_told(dropped: Any):
    hub = MergeHub[int]()
    seen = probe(hub, 99)
    hub.attach(Flow.error(KeyError("no good")))
    assert not seen.ended
    assert "in a source of a MergeHub" in dropped.take(KeyError)[1]


def test_what_on_error_raises_goes_to_the_hook(dropped: Any):
    def fails(error: Exception) -> None:
        raise ValueError

    hub = MergeHub[int](on_error=fails)
    seen = probe(hub, 99)
    hub.attach(Flow.error(KeyError("no good")))
    assert "raised by on_error of a MergeHub" in dropped.take(ValueError)[1]
    assert (seen.ended, hub.attached) == (False, 0)


def test_when_the_subscriber_leaves_all_sources_are_cancelled():
    hub, source = MergeHub[int](), Handmade()
    seen = probe(hub, 9)
    hub.attach(source)
    seen.cancel()
    assert source.cancels == 1
    assert hub.attach(Flow.of(1)) is Emitted.CANCELLED
    assert not hub.complete()


def test_sources_that_were_never_subscribed_to_are_nobodys_items():
    discarded: list[Any] = []
    hub = MergeHub[int](sources=2)
    hub.attach(Flow.of(1))
    hub.attach(Flow.of(2))
    probe(hub.on_discard(discarded.append).take(1), 9)
    assert discarded == []


def test_it_completes_when_it_is_told_to_and_all_have_ended():
    hub, source = MergeHub[str](), Handmade()
    seen = probe(hub, 99)
    hub.attach(source)
    assert hub.complete()
    assert not hub.complete()
    assert hub.attach(Flow.of("late")) is Emitted.TERMINATED
    source.emit("last")
    assert not seen.ended
    source.complete()
    assert (seen.items, seen.completed) == (["last"], True)


def test_it_fails_when_it_is_told_to():
    hub, source = MergeHub[str](), Handmade()
    seen = probe(hub, 99)
    hub.attach(source)
    assert hub.fail(KeyError("no good"))
    assert isinstance(seen.error, KeyError)
    assert source.cancels == 1
    assert hub.attach(Flow.of("late")) is Emitted.TERMINATED
    with pytest.raises(TypeError):
        hub.fail("no good")  # type: ignore[arg-type]


def test_it_has_one_subscriber():
    hub = MergeHub[int]()
    probe(hub, 1)
    assert isinstance(probe(hub, 1).error, OneShotError)


@pytest.mark.parametrize("way", ["for", "async for"])
def test_it_can_be_looped_over(way: str):
    hub = MergeHub[int]()
    for start in (0, 10):
        hub.attach(Flow.range(start, start + 5).subscribe_on(thread()))
    hub.complete()

    async def loop() -> list[int]:
        return [n async for n in hub]

    got = list(hub) if way == "for" else asyncio.run(loop())
    assert sorted(got) == [*range(5), *range(10, 15)]


def test_threads_attach_and_others_end_meanwhile():
    hub = MergeHub[tuple[int, int]](sources=1_000, prefetch=2)
    seen = probe(hub, 99_999)
    gate = threading.Barrier(4)

    def attach(number: int) -> None:
        gate.wait()
        for n in range(50):
            assert hub.attach(Flow.of((number, n), (number, n)))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        team = [threading.Thread(target=attach, args=(number,)) for number in range(4)]
        for each in team:
            each.start()
        for each in team:
            each.join()
    finally:
        sys.setswitchinterval(before)
    hub.complete()
    eventually(lambda: seen.completed)
    assert seen.violations == []
    assert sorted(seen.items) == sorted((k, n) for k in range(4) for n in range(50) for _ in "ab")
    assert hub.attached == 0


def test_a_drain_ends_what_was_attached():
    hub, source = MergeHub[int](), Unicast[int]()
    got: list[int] = []
    handle = hub.for_each(got.append)
    hub.attach(source)
    source.emit(1)
    handle.drain()
    assert (got, handle.done, handle.cancelled) == ([1], True, False)
    assert not source.emit(2)


def test_bad_values_are_refused():
    with pytest.raises(TypeError, match="MergeHub: source must give a Flow or a Publisher"):
        MergeHub[int]().attach([1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="MergeHub: sources must be at least 1"):
        MergeHub[int](sources=0)
    with pytest.raises(ValueError, match="MergeHub: prefetch must be at least 1"):
        MergeHub[int](prefetch=0)
    with pytest.raises(TypeError, match="MergeHub: on_error must be callable"):
        MergeHub[int](on_error=1)  # type: ignore[arg-type]
