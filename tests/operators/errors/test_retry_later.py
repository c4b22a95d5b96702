"""retry, with pauses: when each try begins, what it is told, and what cuts a pause off."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Attempt, Backoff, Flow
from operators.testing import VirtualClock
from tests.operators.kit import BAD_REQUESTS, probe


class Service:
    """Fails so many times, with the items given before; keeps the times of its calls."""

    def __init__(self, failures: int, items: int = 0) -> None:
        self.clock = VirtualClock()
        self.failures = failures
        self.items = items
        self.times: list[float] = []

    def flow(self) -> Flow[Any]:
        return Flow.defer(self._call)

    def _call(self) -> Flow[Any]:
        self.times.append(self.clock.now())
        if len(self.times) > self.failures:
            return Flow.of("up")
        return Flow.range(self.items).concat(Flow.error(OSError(len(self.times))))


def test_each_try_begins_at_its_time_to_the_tick_and_is_told():
    service, told = Service(4), list[Attempt]()
    flow = service.flow().retry(
        9, backoff=Backoff(1, factor=2, most=5), on_retry=told.append, scheduler=service.clock
    )
    seen = probe(flow, 1)
    assert service.times == [0]
    service.clock.advance(0.999_999_999)
    assert service.times == [0]
    service.clock.advance(100)
    assert service.times == [0, 1, 3, 7, 12]
    assert (seen.items, seen.completed) == (["up"], True)
    assert [(each.number, each.pause) for each in told] == [(1, 1), (2, 2), (3, 4), (4, 5)]
    assert [each.error.args for each in told if each.error] == [(1,), (2,), (3,), (4,)]
    assert service.clock.pending == 0


def test_after_the_last_try_its_error_comes():
    service = Service(9)
    seen = probe(service.flow().retry(2, backoff=1, scheduler=service.clock), 1)
    service.clock.advance(100)
    assert service.times == [0, 1, 2]
    assert seen.error.args == (3,)
    assert service.clock.pending == 0


def test_a_new_try_is_asked_for_what_is_left():
    service = Service(2, items=2)
    seen = probe(service.flow().retry(backoff=1, scheduler=service.clock), 3)
    service.clock.advance(10)
    assert (seen.items, seen.ended) == ([0, 1, 0], False)
    seen.request(9)
    service.clock.advance(10)
    assert seen.items == [0, 1, 0, 1, "up"]


def test_errors_that_are_not_meant_are_passed_on():
    tests: list[Any] = [OSError, (KeyError, OSError), lambda error: error.args[0] < 3]
    for on in tests:
        service = Service(2)
        seen = probe(service.flow().retry(on=on, backoff=1, scheduler=service.clock), 1)
        service.clock.advance(9)
        assert seen.items == ["up"]
    for on in (ValueError, (ValueError, KeyError), lambda error: False):
        service = Service(2)
        seen = probe(service.flow().retry(on=on, backoff=1, scheduler=service.clock), 1)
        assert (service.times, seen.error.args) == ([0], (1,))
        assert service.clock.pending == 0
        assert list(service.flow().retry(on=on).on_error_return("passed on")) == ["passed on"]


def test_the_budget_is_for_all_pauses_together():
    service = Service(99)
    backoff = Backoff(1, factor=1, budget=3.5)
    seen = probe(service.flow().retry(99, backoff=backoff, scheduler=service.clock), 1)
    service.clock.advance(100)
    assert service.times == [0, 1, 2, 3]
    assert seen.error.args == (4,)


def test_jitter_is_a_part_of_the_pause():
    assert Backoff(8, jitter=0.5, random=lambda: 1.0).pause(1) == 4
    assert Backoff(8, jitter=0.5, random=lambda: 0.0).pause(1) == 8
    assert all(0 <= Backoff(8, jitter=1).pause(1) <= 8 for _ in range(100))
    assert Backoff(1, factor=10, most=7).pause(10_000) == 7


def test_a_cancel_in_a_pause_leaves_nothing_pending():
    service = Service(9)
    seen = probe(service.flow().retry(backoff=1, scheduler=service.clock), 1)
    seen.cancel()
    assert service.clock.pending == 0
    service.clock.advance(9)
    assert service.times == [0]


def test_a_bad_request_in_a_pause_is_answered_at_once():
    for n, kind in BAD_REQUESTS:
        service = Service(9)
        seen = probe(service.flow().retry(backoff=1, scheduler=service.clock), 1)
        seen.request(n)
        assert isinstance(seen.error, kind)
        assert service.clock.pending == 0
        assert not seen.violations


def test_a_function_that_raises_is_the_error():
    for arguments in ({"on": lambda error: 1 // 0}, {"on_retry": lambda attempt: 1 // 0}):
        service = Service(9)
        seen = probe(service.flow().retry(backoff=1, scheduler=service.clock, **arguments), 1)  # type: ignore[arg-type]
        assert isinstance(seen.error, ZeroDivisionError)
        assert isinstance(seen.error.__context__, OSError)
        with pytest.raises(ZeroDivisionError):
            list(Service(9).flow().retry(**arguments))  # type: ignore[arg-type]


def test_the_attempts_without_a_pause_are_told_as_well():
    told: list[Attempt] = []
    assert list(Service(2).flow().retry(on_retry=told.append)) == ["up"]
    assert [(each.number, each.pause) for each in told] == [(1, 0.0), (2, 0.0)]


def test_a_worker_that_is_lost_ends_the_pause():
    class Broken(VirtualClock):
        def worker(self) -> Any:
            return self

        def schedule(self, fn: Any, delay: float = 0.0) -> None:
            raise RuntimeError("no more")

        def close(self) -> None:
            pass

    seen = probe(Service(2).flow().retry(backoff=1, scheduler=Broken()), 1)
    assert str(seen.error) == "no more"
    assert "in retry, written at" in seen.error.__notes__[0]


def test_a_loop_waits_for_the_next_try():
    assert list(Service(2).flow().retry(backoff=0.001)) == ["up"]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"first": -1}, ValueError, "first must be at least 0"),
        ({"factor": 0.5}, ValueError, "factor must be at least 1"),
        ({"factor": "2"}, TypeError, "factor must be a number"),
        ({"jitter": 2}, ValueError, "jitter must be at least 0 and at most 1"),
        ({"budget": -1}, ValueError, "budget must be at least 0"),
        ({"random": 3}, TypeError, "random must be callable"),
    ],
)
def test_a_backoff_that_makes_no_sense_is_refused(arguments: Any, kind: Any, words: str):
    with pytest.raises(kind, match=words):
        Backoff(**arguments)
