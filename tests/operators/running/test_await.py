"""await flow: the last item, or None for a flow without items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import APulled, Handmade


def flows(*items: int) -> list[Flow[int]]:
    return [
        Flow.of(*items),
        Flow.from_publisher(Handmade(items)),
        Flow.from_async_iterable(APulled(items)),
        Flow.of(*items).limit_rate(1),
        Flow.of(*items).on_backpressure_buffer(8),
        Flow.of(*items).map_async(lambda n: n),
    ]


@pytest.mark.parametrize(("items", "last"), [((), None), ((7,), 7), ((1, 2, 0), 0)])
def test_the_last_item_or_none(items: tuple[int, ...], last: Any):
    async def go() -> list[Any]:
        return [await flow for flow in flows(*items)]

    assert asyncio.run(go()) == [last] * 6


def test_with_what_asyncio_has():
    async def go() -> tuple[Any, ...]:
        both = await asyncio.gather(Flow.range(3), Flow.empty())
        return await asyncio.wait_for(Flow.range(4), 20), *both

    assert asyncio.run(go()) == (3, 2, None)


def test_an_error_is_raised():
    async def go() -> None:
        await Flow.of(1).concat(Flow.error(KeyError("lost")))

    with pytest.raises(KeyError, match="lost"):
        asyncio.run(go())


def test_a_result_is_awaited_like_any_flow():
    async def go() -> tuple[Any, ...]:
        return (
            await Flow.range(3).to_list(),
            await Flow.empty().count(),
            await Flow.range(9).first(),
        )

    assert asyncio.run(go()) == ([0, 1, 2], 0, 0)
    assert Flow.range(3).to_list().run() == [0, 1, 2]
