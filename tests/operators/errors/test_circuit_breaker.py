"""circuit_breaker: where too many runs fail, the next ones are not begun for a while."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import CircuitBreaker, CircuitOpenError, Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


class Service:
    """A flow that fails while it is down, and counts how often it was begun."""

    def __init__(self, clock: VirtualClock, **settings: Any) -> None:
        self.down = True
        self.begun = 0
        self.breaker = CircuitBreaker(scheduler=clock, **settings)

    def _begin(self) -> Flow[Any]:
        self.begun += 1
        return Flow.error(OSError("down")) if self.down else Flow.of("up")

    def call(self) -> str:
        flow = Flow.defer(self._begin).circuit_breaker(self.breaker)
        return str(probe(flow, 1).signals[-1][1] or "up")


def test_it_opens_after_so_many_failures_and_lets_one_probe_pass_when_it_has_rested():
    clock = VirtualClock()
    service = Service(clock, failures=3, rest=10)
    for _ in range(5):
        service.call()
    assert (service.begun, service.breaker.state) == (3, "open")
    clock.advance(9.999_999_999)
    assert "in 1e-09 seconds" in service.call()
    assert service.begun == 3
    clock.advance(0.000_000_001)
    assert service.breaker.state == "half-open"
    assert service.call() == "down"
    assert (service.begun, service.breaker.state) == (4, "open")
    clock.advance(10)
    service.down = False
    assert service.call() == "up"
    assert service.breaker.state == "closed"
    assert clock.pending == 0


def test_failures_that_are_long_past_do_not_count():
    clock = VirtualClock()
    service = Service(clock, failures=2, window=5)
    for _ in range(5):
        service.call()
        clock.advance(5.1)
    assert (service.begun, service.breaker.state) == (5, "closed")
    service.call()
    service.call()
    assert service.breaker.state == "open"


def test_it_opens_at_a_rate_of_failures_when_there_were_enough_runs():
    clock = VirtualClock()
    service = Service(clock, rate=0.5, least=4)
    service.down = False
    service.call()
    service.call()
    service.down = True
    service.call()
    assert service.breaker.state == "closed"
    service.call()
    assert service.breaker.state == "open"


def test_as_many_probes_as_are_to_succeed_are_out_at_a_time():
    clock = VirtualClock()
    breaker = CircuitBreaker(1, rest=1, probes=2, scheduler=clock)
    probe(Flow.error(OSError()).circuit_breaker(breaker), 1)
    clock.advance(1)
    publishers = [Handmade() for _ in range(3)]
    seen = [probe(Flow.from_publisher(each).circuit_breaker(breaker), 1) for each in publishers]
    assert [each.subscriber is not None for each in publishers] == [True, True, False]
    assert isinstance(seen[2].error, CircuitOpenError)
    publishers[0].complete()
    assert breaker.state == "half-open"
    publishers[1].complete()
    assert breaker.state == "closed"


def test_a_probe_that_is_cancelled_before_its_first_item_gives_its_place_back():
    clock = VirtualClock()
    breaker = CircuitBreaker(1, rest=1, scheduler=clock)
    probe(Flow.error(OSError()).circuit_breaker(breaker), 1)
    clock.advance(1)
    probe(Flow.never().circuit_breaker(breaker), 1).cancel()
    assert breaker.state == "half-open"
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).circuit_breaker(breaker), 1)
    publisher.emit("a")
    seen.cancel()
    assert breaker.state == "closed"


def test_a_fallback_takes_over_after_an_error_and_where_it_is_open():
    clock, errors = VirtualClock(), list[Exception]()

    def fallback(error: Exception) -> Flow[str]:
        errors.append(error)
        return Flow.of("spare", "part")

    breaker = CircuitBreaker(1, scheduler=clock)
    flow = Flow.of(1).concat(Flow.error(OSError())).circuit_breaker(breaker, fallback=fallback)
    seen = probe(flow, 2)
    assert seen.items == [1, "spare"]
    seen.request(5)
    assert (seen.items, seen.completed) == ([1, "spare", "part"], True)
    assert list(flow) == ["spare", "part"]
    assert [type(error) for error in errors] == [OSError, CircuitOpenError]


def test_errors_that_are_not_meant_are_no_failures():
    breaker = CircuitBreaker(1, on=OSError, scheduler=VirtualClock())
    probe(Flow.error(ValueError()).circuit_breaker(breaker), 1)
    assert breaker.state == "closed"
    probe(Flow.error(OSError()).circuit_breaker(breaker), 1)
    assert breaker.state == "open"


def test_a_bad_request_is_no_failure_of_the_service():
    breaker = CircuitBreaker(1, scheduler=VirtualClock())
    seen = probe(Flow.range(3).circuit_breaker(breaker), -1)
    assert isinstance(seen.error, ValueError)
    assert breaker.state == "closed"


def test_many_threads_count_each_failure_once():
    clock = VirtualClock()
    breaker = CircuitBreaker(200, scheduler=clock)
    gate = threading.Barrier(4)

    def run(times: int) -> None:
        gate.wait()
        for _ in range(times):
            probe(Flow.error(OSError()).circuit_breaker(breaker), 1)

    for times, state in ((49, "closed"), (1, "open")):
        threads = [threading.Thread(target=run, args=(times,)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert breaker.state == state


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"failures": 0}, ValueError, "failures must be at least 1"),
        ({"rate": 2}, ValueError, "rate must be at least 0.001 and at most 1"),
        ({"rate": "1"}, TypeError, "rate must be a number"),
        ({"rate": 0.5, "least": 1_001}, ValueError, "least must be at most 1000"),
        ({"rest": -1}, ValueError, "rest must be at least 0"),
        ({"probes": 0}, ValueError, "probes must be at least 1"),
        ({"on": 3}, TypeError, "on must be callable"),
    ],
)
def test_a_breaker_that_makes_no_sense_is_refused(arguments: Any, kind: Any, words: str):
    with pytest.raises(kind, match=words):
        CircuitBreaker(**arguments)
