"""error: a flow that fails."""

from __future__ import annotations

import asyncio

import pytest

from operators import Flow
from tests.operators.kit import library_frames, probe


def test_fails_without_demand():
    lost = ValueError("no luck")

    assert probe(Flow.error(lost)).signals == [("on_subscribe", None), ("on_error", lost)]


def test_demand_and_cancel_have_no_effect():
    lost = ValueError("no luck")
    seen = probe(Flow.error(lost), 5)
    seen.request(-1).cancel()

    assert seen.signals == [("on_subscribe", None), ("on_error", lost)]


def test_each_loop_raises_that_error():
    lost = ValueError("no luck")
    flow = Flow.error(lost)
    for _ in range(20):
        with pytest.raises(ValueError, match="no luck") as caught:
            list(flow)
        assert caught.value is lost
        assert len(library_frames(lost)) <= 1
    with pytest.raises(ValueError, match="no luck"):
        asyncio.run(_await(flow))


async def _await(flow: Flow[object]) -> object:
    return await flow


def test_the_error_passes_operators_at_once():
    lost = ValueError("no luck")
    flow = Flow.error(lost).map(str).buffer(3).limit_rate(2).take(4).scan(max)

    assert probe(flow).signals == [("on_subscribe", None), ("on_error", lost)]
