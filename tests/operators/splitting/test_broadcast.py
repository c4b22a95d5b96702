"""broadcast: n flows that all have all items."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, probe


def test_all_have_all_once_all_are_there():
    upstream = Handmade(range(4))
    flows = Flow.from_publisher(upstream).broadcast(3)
    seen = [probe(flow, 9) for flow in flows[:2]]
    assert upstream.subscriptions == 0
    seen.append(probe(flows[2], 9))

    assert [each.items for each in seen] == [[0, 1, 2, 3]] * 3


def test_the_last_who_leaves_cancels():
    upstream = Handmade()
    seen = [probe(flow, 9) for flow in Flow.from_publisher(upstream).broadcast(2)]
    seen[0].cancel()
    assert not upstream.cancels
    seen[1].cancel()
    assert upstream.cancels > 0
