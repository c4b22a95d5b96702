"""first: the first item."""

from __future__ import annotations

import asyncio

import pytest

from operators import Flow, NoItemError
from tests.operators.kit import Handmade, Pulled, line_of, notes, probe
from tests.operators.ways import fails, gives


def test_the_first_item_everywhere():
    gives(lambda f: f.first(), [3, 4, 5], [3])
    gives(lambda f: f.first(), [0], [0])
    gives(lambda f: f.filter(lambda n: n > 3).first().map(str), range(9), ["4"])


def test_no_items():
    error = fails(lambda f: f.first(), [], NoItemError)
    assert str(error) == "first: the flow had no items; give default=... for that"
    gives(lambda f: f.first(default="none"), [], ["none"])
    gives(lambda f: f.first(default=0), [], [0])


def test_the_error_says_where():
    for flow in (Flow.empty(), Flow.from_publisher(Handmade([]))):
        with pytest.raises(NoItemError) as caught:
            flow.first().run()  # here
        assert notes(caught.value) == f"in first, written at {line_of('# here', __file__)}"


def test_an_error_that_comes_first_passes():
    fails(lambda f: f.first(), [], KeyError, error=KeyError("lost"))
    gives(lambda f: f.concat(Flow.error(KeyError())).first(), [1], [1])


def test_one_item_is_asked_for_and_upstream_is_left_at_once():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).first())
    assert publisher.requests == []
    seen.request(5).request(5)
    assert publisher.requests == [1]

    publisher.emit("only")
    assert seen.signals[1:] == [("on_next", "only"), ("on_complete", None)]
    assert publisher.cancels == 1

    pulled = Pulled(range(9))
    assert Flow.from_iterable(pulled).first().run() == 0
    assert (pulled.pulled, pulled.closed) == (1, 1)


def test_the_default_waits_for_demand():
    for flow in (Flow.empty(), Flow.from_publisher(Handmade([]))):
        seen = probe(flow.first(default=1))
        assert seen.signals == [("on_subscribe", None)]
        seen.request(1)
        assert seen.signals[1:] == [("on_next", 1), ("on_complete", None)]


def test_a_default_of_none_is_refused():
    with pytest.raises(TypeError, match=r"first: default must not be None.* take\(1\)"):
        Flow.of(1).first(default=None)


def test_it_can_be_awaited():
    async def go() -> tuple[object, ...]:
        return (
            await Flow.range(5).first(),
            await Flow.range(10**9).first(),
            Flow.of(1).first().run(),
        )

    with pytest.raises(RuntimeError, match="would block the running event loop"):
        asyncio.run(blocking())
    assert asyncio.run(go()) == (0, 0, 1)


async def blocking() -> None:
    async def numbers():
        yield 1

    Flow.from_async_iterable(numbers()).first().run()
