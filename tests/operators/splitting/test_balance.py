"""balance: each item goes to whoever wants one."""

from __future__ import annotations

import threading
from typing import Any

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, probe


def test_an_item_goes_to_who_has_asked():
    upstream = Handmade()
    left, right = (probe(flow, 0) for flow in Flow.from_publisher(upstream).balance(2))
    upstream.emit(0)
    right.request(1)
    left.request(2)
    upstream.emit(1, 2)

    assert (left.items, right.items) == ([1, 2], [0])


def test_those_who_want_all_take_turns():
    left, right = Flow.range(10).balance(2)
    seen: list[list[int]] = [[], []]
    left.for_each(seen[0].append)
    right.for_each(seen[1].append).result()

    assert sorted(seen) == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]


def test_what_one_who_leaves_has_not_taken_is_for_the_others():
    upstream = Handmade()
    left, right = (probe(flow, 0) for flow in Flow.from_publisher(upstream).balance(2))
    upstream.emit(0, 1)
    left.cancel()
    right.request(9)
    assert (right.items, upstream.cancels) == ([0, 1], 0)


def test_when_all_have_left_upstream_is_cancelled_and_what_waits_discarded():
    upstream, discarded = Handmade(), list[Any]()
    flows = Flow.from_publisher(upstream).balance(2)
    seen = [probe(flow.on_discard(discarded.append), 0) for flow in flows]
    upstream.emit(0, 1)
    for each in seen:
        each.cancel()
    assert (discarded, upstream.cancels) == ([0, 1], 1)


def test_threads_share_the_work_and_lose_nothing():
    flows = Flow.range(2_000).subscribe_on(thread()).balance(4, prefetch=16)
    seen: list[list[int]] = [[] for _ in flows]
    loops = [
        threading.Thread(target=lambda n=n, flow=flow: seen[n].extend(flow))
        for n, flow in enumerate(flows)
    ]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    assert sorted(n for each in seen for n in each) == list(range(2_000))


def test_after_the_end_it_can_be_run_again():
    (flow,) = Flow.range(3).balance(1)
    assert [list(flow), list(flow)] == [[0, 1, 2]] * 2


def test_what_waits_behind_the_end_of_upstream_is_discarded_when_the_last_leaves():
    upstream = Handmade()
    left: list[str] = []
    (flow,) = Flow.from_publisher(upstream).balance(1, prefetch=4)
    seen = probe(flow.on_discard(left.append), 1)
    upstream.emit("a", "b", "c")
    upstream.complete()
    seen.cancel()

    assert (seen.items, left) == (["a"], ["b", "c"])
