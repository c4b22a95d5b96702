"""SerialStage: events of several sides, one at a time; its timer, and other flows."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from operators import Flow
from operators._kernel.kinds import Link
from operators._kernel.links.serial import Other, SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators.hooks import set_error_hook
from operators.schedulers import event_loop, thread
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


class Merged(Link):
    """Upstream's items, those of another flow, and a mark every second; each at its time.

    emits        all of it
    backpressures  asks both without bound
    completes    when upstream has
    fails        when one does
    """

    name = "merged"
    polled = True
    asynchronous = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, other: Flow[Any], scheduler: Any, bad: Any = None) -> None:
        self.other = other.node
        self.scheduler = scheduler
        self.bad = bad

    def link(self, downstream: Any, node: Node, scope: Any) -> Any:
        return Stage(self, downstream, node, scope)


class Stage(SerialStage):
    def __init__(self, operator: Merged, downstream: Any, node: Node, scope: Any) -> None:
        super().__init__(downstream, node, scope)
        self.operator = operator
        self.clock = Timer(self, operator.scheduler, self.second)
        self.inside = 0
        self.keeping: list[Any] = []

    def started(self) -> None:
        subscribe(self.operator.other, Other(self, self.item), self.scope)
        self.clock.set(self.clock.now() + 1)
        self.upstream.request(UNBOUNDED)

    def second(self, when: float) -> None:
        self.put(when)
        self.clock.set(when + 1)

    def item(self, item: Any) -> None:
        self.inside += 1
        assert self.inside == 1
        if item == self.operator.bad:
            raise self.operator.bad
        self.keeping.append(item)
        self.put(item)
        self.keeping.remove(item)
        self.inside -= 1

    def kept(self) -> list[Any]:
        assert not self.keeping
        return []


def merged(flow: Flow[Any], other: Flow[Any], scheduler: Any, bad: Any = None) -> Flow[Any]:
    return Flow(Node(Merged(other, scheduler, bad), flow.node))


def test_what_comes_from_all_sides_is_emitted_on_demand_in_the_order_in_which_it_came():
    clock, first, second = VirtualClock(), Handmade(), Handmade()
    seen = probe(merged(Flow.from_publisher(first), Flow.from_publisher(second), clock), 3)
    first.emit("a")
    second.emit("b")
    clock.advance(2.5)
    first.emit("c")
    assert seen.items == ["a", "b", 1.0]
    seen.request(1)
    assert seen.items == ["a", "b", 1.0, 2.0]
    first.complete()
    assert not seen.ended
    assert second.cancels == 1
    seen.request(1)
    assert seen.items[-1] == "c"
    assert seen.completed
    assert clock.pending == 0
    assert first.cancels == 0


def test_an_error_of_the_other_flow_ends_the_stream_and_cancels_upstream():
    clock, first, second = VirtualClock(), Handmade(), Handmade()
    seen = probe(merged(Flow.from_publisher(first), Flow.from_publisher(second), clock), 3)
    lost = KeyError()
    second.fail(lost)
    assert seen.error is lost
    assert (first.cancels, second.cancels, clock.pending) == (1, 0, 0)


def test_a_handler_that_raises_names_the_operator_and_the_item():
    clock, first, second = VirtualClock(), Handmade(), Handmade()
    bad = KeyError("bad")
    seen = probe(merged(Flow.from_publisher(first), Flow.from_publisher(second), clock, bad), 3)
    first.emit(bad)
    assert seen.error is bad
    assert "in merged, written at" in bad.__notes__[0]
    assert "item: KeyError('bad')" in bad.__notes__[0]
    assert (first.cancels, second.cancels, clock.pending) == (1, 1, 0)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_nobodys_signal_passes_through_and_leaves_nothing_behind(kind: Any):
    clock, first, second = VirtualClock(), Handmade(), Handmade()
    bad = kind()
    seen = probe(merged(Flow.from_publisher(first), Flow.from_publisher(second), clock, bad), 3)
    with pytest.raises(kind):
        first.emit(bad)
    assert seen.error.__cause__ is bad
    assert (first.cancels, second.cancels, clock.pending) == (1, 1, 0)


class Broken:
    """A scheduler whose worker takes no more than some tasks."""

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks
        self.closed = 0
        self.told: Any = None

    def now(self) -> float:
        return 0.0

    def worker(self) -> Broken:
        return self

    def on_lost(self, tell: Any) -> None:
        self.told = tell

    def schedule(self, fn: Any, delay: float = 0.0) -> None:
        if not self.tasks:
            raise RuntimeError("no more")
        self.tasks -= 1

    def close(self) -> None:
        self.closed += 1


def test_a_worker_that_raises_ends_the_stream():
    scheduler = Broken(0)
    first = Handmade()
    seen = probe(merged(Flow.from_publisher(first), Flow.never(), scheduler), 3)
    assert str(seen.error) == "no more"
    assert "in merged, written at" in seen.error.__notes__[0]
    assert first.cancels == 1
    assert scheduler.closed


def test_a_worker_that_loses_what_it_has_taken_ends_the_stream():
    scheduler = Broken(1)
    first = Handmade()
    seen = probe(merged(Flow.from_publisher(first), Flow.never(), scheduler), 3)
    assert not seen.ended
    scheduler.told(RuntimeError("gone"))
    assert str(seen.error) == "gone"
    assert first.cancels == 1
    assert scheduler.closed


def test_a_loop_that_is_closed_ends_the_stream():
    loop = asyncio.new_event_loop()
    seen = probe(merged(Flow.never(), Flow.never(), event_loop(loop)), 3)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del loop
    seen.until_end()
    assert "closed" in str(seen.error)
    seen = probe(merged(Flow.never(), Flow.never(), thread()), 3)
    seen.cancel()


def test_what_is_to_be_lost_when_it_is_over_is_no_news():
    dropped: list[Any] = []
    before = set_error_hook(lambda error, where: dropped.append(error))
    try:
        scheduler = Broken(1)
        seen = probe(merged(Flow.never(), Flow.never(), scheduler), 3)
        seen.cancel()
        scheduler.told(RuntimeError("gone"))
    finally:
        set_error_hook(before)
    assert dropped == []


def test_a_loop_polls_it():
    assert list(merged(Flow.range(3), Flow.of("a", "b"), event_loop())) == ["a", "b", 0, 1, 2]

    async def main() -> list[Any]:
        return [item async for item in merged(Flow.range(3), Flow.of("a", "b"), event_loop())]

    assert asyncio.run(main()) == ["a", "b", 0, 1, 2]


def test_events_from_many_threads_are_handled_one_at_a_time():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        first, second = Handmade(), Handmade()
        clock = VirtualClock()
        seen = probe(
            merged(Flow.from_publisher(first), Flow.from_publisher(second), clock), UNBOUNDED
        )
        start = threading.Barrier(3)

        def emit(publisher: Handmade) -> None:
            start.wait()
            for n in range(500):
                publisher.emit((id(publisher), n))

        threads = [threading.Thread(target=emit, args=(each,)) for each in (first, second)]
        for each in threads:
            each.start()
        start.wait()
        clock.advance(500)
        for each in threads:
            each.join()
        # A tick that another thread handled late has set the next one late as well.
        clock.advance(0)
        assert len(seen.items) == 1500
        assert not seen.violations
        for publisher in (first, second):
            mine = [
                item[1]
                for item in seen.items
                if isinstance(item, tuple) and item[0] == id(publisher)
            ]
            assert mine == list(range(500))
        seen.cancel()
        assert clock.pending == 0
    finally:
        sys.setswitchinterval(before)
