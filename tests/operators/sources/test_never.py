"""never: no item and no end."""

from __future__ import annotations

import asyncio

import pytest

from operators import Flow
from tests.operators.kit import BAD_REQUESTS, probe


def test_demand_brings_nothing():
    seen = probe(Flow.never(), 3).request(5)

    assert seen.signals == [("on_subscribe", None)]


@pytest.mark.parametrize(("n", "kind"), BAD_REQUESTS)
def test_a_bad_request_is_answered_once(n: object, kind: type[Exception]):
    seen = probe(Flow.never()).request(n).request(n)

    assert isinstance(seen.error, kind)
    assert "3.9" in str(seen.error)
    assert len(seen.signals) == 2


def test_after_a_cancel_even_a_bad_request_has_no_effect():
    seen = probe(Flow.never())
    seen.cancel()
    seen.cancel()
    seen.request(-1)

    assert seen.signals == [("on_subscribe", None)]


def test_a_task_that_waits_for_it_can_be_cancelled():
    async def wait() -> None:
        async with asyncio.timeout(0.01):
            await Flow.never()

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


def test_take_nothing_of_it_ends():
    assert list(Flow.never().take(0)) == []
