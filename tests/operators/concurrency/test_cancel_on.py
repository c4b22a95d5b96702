"""cancel_on: upstream is cancelled on a scheduler's worker."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, eventually, probe


class Told(Handmade):
    """Says on which thread it was cancelled."""

    where = ""

    def cancel(self) -> None:
        self.where = threading.current_thread().name
        super().cancel()


def test_items_and_demand_pass_as_they_come():
    publisher = Handmade(range(9))
    seen = probe(Flow.from_publisher(publisher).cancel_on(thread()), 2)
    assert (publisher.requests, seen.items) == ([2], [0, 1])
    seen.request(99)
    assert (seen.items, seen.completed, publisher.cancels) == (list(range(9)), True, 0)


def test_an_error_passes():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).cancel_on(immediate()), 2)
    publisher.fail(KeyError())
    assert isinstance(seen.error, KeyError)


def test_a_cancel_goes_up_on_the_worker_once():
    publisher = Told()
    seen = probe(Flow.from_publisher(publisher).cancel_on(thread("elsewhere")), 2)
    seen.cancel()
    seen.cancel()
    eventually(lambda: publisher.cancels)
    assert publisher.cancels == 1
    assert "elsewhere" in publisher.where


def test_nothing_is_delivered_while_the_cancel_waits_for_the_worker():
    clock, publisher, left = VirtualClock(), Handmade(), list[str]()
    flow = Flow.from_publisher(publisher).cancel_on(clock).on_discard(left.append)
    seen = probe(flow, 9)
    publisher.emit("a")
    seen.cancel()
    publisher.emit("b")
    assert (seen.items, left, publisher.cancels) == (["a"], ["b"], 0)
    clock.advance(0)
    assert publisher.cancels == 1


def test_an_end_while_the_cancel_waits_is_the_end():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).cancel_on(clock), 9)
    seen.cancel()
    publisher.complete()
    clock.advance(0)
    assert not seen.ended


def test_leaving_a_loop_waits_for_it():
    over: list[str] = []
    flow = Flow.range(9).on_finally(lambda: over.append(threading.current_thread().name))
    for _ in flow.cancel_on(thread("elsewhere")):
        break
    assert len(over) == 1


class _Refusing:
    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        return self

    def schedule(self, fn: Any, delay: float = 0.0) -> None:
        raise RuntimeError("nothing is taken any more")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("times", [1, 2])
def test_where_the_worker_takes_nothing_it_goes_up_at_once(times: int):
    publisher = Told()
    seen = probe(Flow.from_publisher(publisher).cancel_on(_Refusing()), 9)
    for _ in range(times):
        seen.cancel()
    assert publisher.cancels == 1
    assert publisher.where == threading.current_thread().name


def test_a_bad_request_is_answered():
    seen = probe(Flow.from_publisher(Handmade()).cancel_on(immediate())).request(0)
    assert "3.9" in str(seen.error)
