"""run: the last item, when the flow has completed."""

from __future__ import annotations

import asyncio

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import APulled, Handmade, Pulled, eventually, library_frames


@pytest.mark.parametrize("world", ["fused", "pushed", "across", "async"])
def test_it_returns_the_last_item(world: str):
    pulled = Pulled(range(100))
    source: Flow[int] = {
        "fused": lambda: Flow.from_iterable(pulled),
        "pushed": lambda: Flow.from_publisher(Handmade(range(100))),
        "across": lambda: Flow.from_iterable(pulled).publish_on(thread(), prefetch=3),
        "async": lambda: Flow.from_async_iterable(APulled(range(100))),
    }[world]()

    assert source.map(lambda n: n + 1).run() == 100
    eventually(lambda: pulled.closed == pulled.opened, "the close")


def test_no_items_give_none():
    assert Flow.empty().run() is None
    assert Flow.range(9).filter(lambda n: n > 9).run() is None


def test_it_raises_the_flows_error():
    lost = KeyError("lost")
    pulled = Pulled([1, 2], lost)
    with pytest.raises(KeyError) as caught:
        Flow.from_iterable(pulled).map(str).run()

    assert caught.value is lost
    assert pulled.closed == 1
    assert len([it for it in library_frames(lost) if not it.startswith("<flow")]) == 1
    with pytest.raises(KeyError):
        Flow.from_publisher(Handmade([1], KeyError())).run()


def test_it_runs_anew_each_time():
    pulled = Pulled(range(3))
    flow = Flow.from_iterable(pulled)

    assert (flow.run(), flow.run()) == (2, 2)
    assert (pulled.opened, pulled.closed) == (2, 2)


def test_it_waits_for_an_error_of_another_thread():
    with pytest.raises(ZeroDivisionError):
        Flow.of(1, 0).subscribe_on(thread()).map(lambda n: 1 // n).run()


def test_it_does_not_block_a_running_loop_but_runs_what_needs_no_wait():
    async def run() -> None:
        assert Flow.range(9).map(str).run() == "8"
        assert Flow.from_publisher(Handmade([1, 2])).run() == 2
        with pytest.raises(RuntimeError, match=r"would block.*use `async for` or `await`"):
            Flow.never().run()
        publisher = Handmade()
        with pytest.raises(RuntimeError, match="would block"):
            Flow.from_publisher(publisher).run()
        assert publisher.cancels == 1

    asyncio.run(run())
