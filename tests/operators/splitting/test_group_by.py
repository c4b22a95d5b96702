"""group_by: a flow for each key, and no silent hang where one is not consumed."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import Any

import pytest

from operators import Flow, GroupedFlow, GroupError
from operators._kernel.links.dealing import DealingStage
from operators.schedulers import thread
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, eventually, line_of, probe
from tests.operators.ways import worlds


def parity(n: int) -> str:
    return "odd" if n % 2 else "even"


def pairs(group: GroupedFlow[int, str]) -> Flow[Any]:
    return group.map(lambda n: (group.key, n))


def test_each_key_has_its_items_in_order():
    seen = defaultdict(list)
    for key, n in Flow.range(10).group_by(parity).flat_map(pairs):
        seen[key].append(n)

    assert seen == {"even": [0, 2, 4, 6, 8], "odd": [1, 3, 5, 7, 9]}


def test_groups_and_items_come_on_demand():
    upstream = Handmade()
    flow = Flow.from_publisher(upstream).group_by(parity, prefetch=4, scheduler=VirtualClock())
    outer = probe(flow, 1)
    upstream.emit(0, 1, 2)
    assert [group.key for group in outer.items] == ["even"]
    even = probe(outer.items[0], 1)
    assert even.items == [0]
    even.request(9)
    assert even.items == [0, 2]
    outer.request(1)
    assert probe(outer.items[1], 9).items == [1]
    assert upstream.asked == 7


def test_no_more_than_its_prefetch_waits_in_all_groups_together():
    upstream = Handmade()
    flow = Flow.from_publisher(upstream).group_by(int, prefetch=4, scheduler=VirtualClock())
    outer = probe(flow, 99)
    upstream.emit(0, 1, 2, 3)
    assert upstream.asked == 4
    probe(outer.items[0], 9)
    assert upstream.asked == 5, "nothing more was to come, and so one free place is enough"


def test_the_groups_end_with_upstream_after_what_waits():
    outer = probe(Flow.range(4).group_by(parity), 99)
    assert outer.completed
    even, odd = (probe(group, 1) for group in outer.items)
    assert (even.items, even.ended) == ([0], False)
    even.request(1)
    assert (even.items, even.completed) == ([0, 2], True)
    odd.request(9)
    assert (odd.items, odd.completed) == ([1, 3], True)


def test_the_error_of_upstream_comes_to_all():
    upstream = Handmade()
    outer = probe(Flow.from_publisher(upstream).group_by(parity), 99)
    upstream.emit(0, 1)
    groups = [probe(group, 99) for group in outer.items]
    upstream.fail(KeyError())

    assert [type(seen.error) for seen in (outer, *groups)] == [KeyError] * 3


def test_a_group_ends_after_its_most_items_and_its_key_comes_again():
    keys = [group.key for group in Flow.range(6).group_by(parity, most=2)]
    assert keys == ["even", "odd", "even", "odd"]


def test_a_group_ends_with_the_item_that_says_so():
    flow = Flow.of("a1", "b1", "a.", "a2", "b.").group_by(
        lambda text: text[0], until=lambda text: text.endswith(".")
    )
    assert list(flow.flat_map(lambda group: group.buffer(9))) == [
        ["a1", "a."], ["b1", "b."], ["a2"],
    ]  # fmt: skip


def test_a_group_ends_when_nothing_has_come_for_it():
    clock, upstream = VirtualClock(), Handmade()
    flow = Flow.from_publisher(upstream).group_by(parity, idle=10.0, scheduler=clock)
    outer = probe(flow, 99)
    upstream.emit(0, 1)
    even, odd = (probe(group, 99) for group in outer.items)
    clock.advance(9.0)
    upstream.emit(2)
    clock.advance(1.0)
    assert (even.ended, odd.completed) == (False, True)
    clock.advance(8.9)
    assert not even.ended
    clock.advance(0.2)
    assert even.completed
    upstream.emit(4)
    assert [group.key for group in outer.items] == ["even", "odd", "even"]


def test_a_group_that_is_left_comes_again():
    upstream = Handmade()
    outer = probe(Flow.from_publisher(upstream).group_by(parity), 99)
    upstream.emit(0)
    probe(outer.items[0], 9).cancel()
    upstream.emit(2)

    assert [group.key for group in outer.items] == ["even", "even"]
    assert probe(outer.items[1], 9).items == [2]


def test_groups_go_on_when_nobody_wants_new_ones():
    upstream, discarded = Handmade(), list[Any]()
    flow = Flow.from_publisher(upstream).group_by(parity).on_discard(discarded.append)
    outer = probe(flow, 99)
    upstream.emit(0)
    even = probe(outer.items[0], 99)
    outer.cancel()
    upstream.emit(1, 2)
    assert (even.items, discarded, upstream.cancels) == ([0, 2], [1], 0)
    even.cancel()
    assert upstream.cancels == 1


def test_a_group_has_one_subscriber():
    group = probe(Flow.range(2).group_by(parity), 9).items[0]
    probe(group, 9)
    assert "takes one only" in str(probe(group, 9).error)


def test_a_group_that_nobody_subscribes_to_is_an_error_that_says_all():
    clock, upstream = VirtualClock(), Handmade()
    flow = Flow.from_publisher(upstream).group_by(parity, prefetch=4, scheduler=clock)  # is told
    outer = probe(flow, 1)
    upstream.emit(0, 1, 3, 5)
    even = probe(outer.items[0], 99)
    upstream.emit(7)
    clock.advance(60.0)

    for seen in (outer, even):
        assert isinstance(seen.error, GroupError)
        said = str(seen.error)
        assert "group_by, written at " + line_of("# is told", __file__) in said
        assert "the flow of 'odd' holds 4 items and has no Subscriber" in said
        assert "2 are open, 1 of them subscribed to" in said
    assert upstream.cancels == 1


def test_a_stall_is_counted_from_the_last_move_to_a_fourth_of_it():
    clock, upstream = VirtualClock(), Handmade()
    flow = Flow.from_publisher(upstream).group_by(parity, prefetch=4, stall=4.0, scheduler=clock)
    outer = probe(flow, 1)
    upstream.emit(0, 1, 3, 5)  # no room
    even = probe(outer.items[0], 0)
    clock.advance(0.5)
    even.request(9)
    upstream.emit(7)
    clock.advance(3.9)
    assert not outer.ended
    clock.advance(1.1)
    assert isinstance(outer.error, GroupError)


def test_slow_subscribers_are_no_stall():
    clock, upstream = VirtualClock(), Handmade()
    flow = Flow.from_publisher(upstream).group_by(parity, prefetch=4, stall=5.0, scheduler=clock)
    outer = probe(flow, 99)
    upstream.emit(0, 1, 2, 3)
    groups = [probe(group, 0) for group in outer.items]
    clock.advance(3600.0)
    assert not outer.ended
    for seen in groups:
        seen.request(9)
    assert [seen.items for seen in groups] == [[0, 2], [1, 3]]


def test_more_groups_than_the_next_operator_takes_is_an_error_too():
    flow = Flow.range(10_000).group_by(lambda n: n % 3, prefetch=16, stall=0.05)
    with pytest.raises(GroupError, match=r"2 of them subscribed to, and 1 not even asked for"):
        list(flow.flat_map(lambda group: group.reduce(max), concurrency=2))


def test_a_loop_that_has_the_error_from_a_group_does_not_hear_of_it_again(
    monkeypatch: pytest.MonkeyPatch,
):
    over, told = threading.Event(), threading.Event()
    abort = DealingStage.abort

    def late(stage: DealingStage, error: Exception) -> None:
        over.wait(10.0)  # the groups have been told: whoever is in the loop has left by now
        abort(stage, error)
        told.set()

    monkeypatch.setattr(DealingStage, "abort", late)
    flow = Flow.range(10_000).group_by(lambda n: n % 3, prefetch=16, stall=0.05)
    with pytest.raises(GroupError):
        list(flow.flat_map(lambda group: group.reduce(max), concurrency=2))
    over.set()
    assert told.wait(10.0)


def test_more_groups_than_it_may_have_is_an_error():
    with pytest.raises(GroupError, match=r"the key 2 would be one more than groups=2"):
        list(Flow.range(10).group_by(lambda n: n, groups=2).flat_map(lambda group: group))


def test_two_items_a_group_with_a_take_inside_and_a_hop_after_it():
    flow = Flow.range(400).group_by(lambda n: n // 2, prefetch=8)
    taken = flow.flat_map(lambda group: group.take(1), concurrency=1).publish_on(thread())

    assert set(taken) >= set(range(0, 400, 2))


def test_groups_of_few_items_behind_concat_map():
    flow = Flow.range(90).group_by(lambda n: n // 3, prefetch=8)
    assert list(flow.concat_map(lambda group: group.take(2))) == [
        n for n in range(90) if n % 3 != 2
    ]


def test_more_groups_than_the_buffer():
    flow = Flow.range(1_000).group_by(lambda n: n % 100, prefetch=16)
    seen = list(flow.flat_map(lambda group: group, concurrency=100))
    assert sorted(seen) == list(range(1_000))


def test_groups_consumed_on_another_thread_and_cut_off():
    flow = Flow.range(2_000).group_by(lambda n: n % 20, prefetch=32)
    taken = flow.flat_map(
        lambda group: group.publish_on(thread(), prefetch=4).take(3), concurrency=20
    )
    seen = list(taken)
    assert len(seen) == len(set(seen))
    assert len(seen) >= 60


def test_groups_that_run_side_by_side_on_a_loop():
    async def main() -> dict[str, int]:
        seen = {}

        async def add(group: GroupedFlow[int, str]) -> None:
            seen[group.key] = await group.reduce(int.__add__) or 0

        async with asyncio.TaskGroup() as tasks:
            async for group in Flow.range(1_000).group_by(parity, prefetch=8):
                tasks.create_task(add(group))
        return seen

    odd = sum(range(1, 1_000, 2))
    assert asyncio.run(main()) == {"even": sum(range(0, 1_000, 2)), "odd": odd}


def test_an_error_of_the_key_names_the_item():
    with pytest.raises(KeyError) as caught:
        list(Flow.of("a", "b").group_by({"a": 1}.__getitem__).flat_map(lambda group: group))
    assert "item: 'b'" in "".join(caught.value.__notes__)


def test_a_group_nobody_will_have_lets_go_of_its_items():
    upstream, discarded = Handmade(), list[Any]()
    flow = Flow.from_publisher(upstream).group_by(parity).on_backpressure_drop()
    seen = probe(flow.on_discard(discarded.append), 0)
    upstream.emit(0, 1)
    eventually(lambda: discarded == [0, 1])
    seen.cancel()


def test_what_until_raises_is_told_once():
    """And not by the group as well, which nobody has had: the hook would be told."""

    def until(item: str) -> bool:
        raise KeyError(item)

    for flow in worlds("ab"):
        with pytest.raises(KeyError):
            list(flow.group_by(str, until=until).flat_map(lambda group: group))
