"""The kernel's own pieces on one thread: what they count, ask for and let go."""

from __future__ import annotations

import asyncio
import enum
import threading
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from operators import Flow
from operators._kernel.links.inbox import Inbox, Inner, replenish_at
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Demand, demand_error
from reactive_streams import UNBOUNDED
from tests.operators.conftest import Dropped
from tests.operators.kit import DEADLINE, Probe


class Upstream:
    """A Subscription that takes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.cancelled = 0

    def request(self, n: Any) -> None:
        self.asked.append(n)

    def cancel(self) -> None:
        self.cancelled += 1


class One(enum.IntEnum):
    one = 1


def test_the_least_that_can_be_asked_for_is_one() -> None:
    assert demand_error(1) is None
    assert demand_error(One.one) is None
    assert isinstance(demand_error(0), ValueError)


def test_unbounded_demand_stays_so_whatever_is_taken() -> None:
    demand = Demand()
    demand.add(UNBOUNDED)
    assert demand.take(5) == 5
    assert demand.settle(7) == UNBOUNDED
    assert demand.value == UNBOUNDED


def test_three_quarters_of_the_prefetch_rounded_up_are_asked_for_anew() -> None:
    assert [replenish_at(n) for n in (1, 2, 3, 4, 5, 8, 256)] == [1, 2, 3, 3, 4, 6, 192]


def filled(prefetch: int) -> tuple[Inbox, Upstream]:
    inbox, upstream = Inbox(prefetch), Upstream()
    inbox.upstream = upstream
    inbox.fill()
    return inbox, upstream


def test_an_inbox_polled_asks_for_what_was_taken_and_for_no_more() -> None:
    inbox, upstream = filled(4)
    for item in range(9):
        inbox.items.append(item)
        assert inbox.poll() == item
        inbox.replenish()
    assert upstream.asked == [4, 3, 3, 3]


def test_an_inbox_that_delivers_asks_for_what_was_taken_and_for_no_more() -> None:
    inbox, upstream = filled(4)
    stage: Any = SimpleNamespace(due=0.0, cancelled=False, bad=None)
    got: list[int] = []
    for start in range(0, 8, 4):
        inbox.items.extend(range(start, start + 4))
        assert inbox.deliver(UNBOUNDED, got.append, stage) == 4
    inbox.items.append(8)
    inbox.deliver(1, got.append, stage)
    assert got == list(range(9))
    assert upstream.asked == [4, 3, 3, 3]


class Over:
    """A stage that is over, for an inner that does not know it yet."""

    interrupted = False
    node = SimpleNamespace(title="merge", where="here")

    def __init__(self) -> None:
        self.aborted: list[Exception] = []

    def abort(self, error: Exception) -> None:
        self.aborted.append(error)


def test_the_error_of_an_upstream_that_was_cancelled_goes_to_the_hook(dropped: Dropped) -> None:
    stage: Any = Over()
    inner = Inner(stage, 4)
    inner.on_subscribe(Upstream())
    inner.close()
    late = RuntimeError("late")
    inner.on_error(late)
    [(error, where)] = dropped.errors
    assert error is late
    assert where == "in merge, which was over; here"
    assert stage.aborted == []
    dropped.errors.clear()


def test_an_upstream_that_has_failed_is_not_cancelled() -> None:
    stage: Any = Over()
    upstream = Upstream()
    inner = Inner(stage, 4)
    inner.on_subscribe(upstream)
    failure = RuntimeError("it fails")
    inner.on_error(failure)
    assert stage.aborted == [failure]
    assert not inner.finished()
    inner.close()
    assert upstream.cancelled == 0


def test_unbounded_demand_is_carried_over_whole() -> None:
    arbiter, first, second = Arbiter(), Upstream(), Upstream()
    arbiter.switch(first)
    arbiter.request(UNBOUNDED)
    arbiter.produced = 3
    arbiter.switch(second)
    assert (first.asked, second.asked) == ([UNBOUNDED], [UNBOUNDED])


def test_an_error_is_the_answer_to_a_bad_request_where_there_was_one() -> None:
    arbiter, error = Arbiter(), RuntimeError("another")
    assert arbiter.answer(error) is error
    assert not arbiter.misused
    arbiter.request(0)
    assert arbiter.misused
    assert isinstance(arbiter.answer(error), ValueError)


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_subscriber_raises_at_the_end_tells_in_which_signal(
    fails: bool, dropped: Dropped
) -> None:
    class Raising(Probe):
        def on_error(self, error: Exception) -> None:
            raise KeyError("in on_error")

        def on_complete(self) -> None:
            raise KeyError("in on_complete")

    ended = Flow.of(1).map(lambda item: item // 0 if fails else item)
    ended.subscribe(Raising(UNBOUNDED))
    [(_, where)] = dropped.errors
    assert ("on_error of" if fails else "on_complete of") in where
    dropped.errors.clear()


def test_an_interrupt_in_on_next_is_the_last_signal() -> None:
    def interrupt(_probe: Probe, _item: int) -> None:
        raise KeyboardInterrupt

    seen = Probe(UNBOUNDED, then=interrupt)
    with pytest.raises(KeyboardInterrupt):
        Flow.range(0, 3).map(str).subscribe(seen)
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_next"]


def test_a_cancel_on_its_way_to_the_loop_does_not_disturb_the_cleaning_up() -> None:
    told: list[str] = []
    over = asyncio.Event()

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(10):
                yield number
        finally:
            for _ in range(5):  # the loop has other things to do, such as the cancel
                await asyncio.sleep(0)
            told.append("cleaned up")
            over.set()

    def cancel_elsewhere(probe: Probe, _item: int) -> None:
        thread = threading.Thread(target=probe.cancel)
        thread.start()
        thread.join(DEADLINE)

    async def run() -> None:
        seen = Probe(UNBOUNDED, then=cancel_elsewhere)
        Flow.from_async_iterable(numbers()).subscribe(seen)
        async with asyncio.timeout(DEADLINE):
            await over.wait()
        assert seen.items == [0]

    asyncio.run(run())
    assert told == ["cleaned up"]


def test_a_cancel_from_another_thread_leaves_the_items_to_the_one_that_delivers_them() -> None:
    closed_by: list[int] = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(3)
        finally:
            closed_by.append(threading.get_ident())

    def cancel_elsewhere(probe: Probe, _item: int) -> None:
        thread = threading.Thread(target=probe.cancel)
        thread.start()
        thread.join(DEADLINE)
        assert closed_by == []

    seen = Probe(UNBOUNDED, then=cancel_elsewhere)
    Flow.from_iterable(numbers()).map(str).subscribe(seen)
    assert seen.items == ["0"]
    assert closed_by == [threading.get_ident()]
