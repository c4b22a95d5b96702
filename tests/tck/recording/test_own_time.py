"""Own time: what others took of the processor does not count, and what one slept does."""

from __future__ import annotations

import threading
import time

import pytest

from tck.recording import own_time
from tck.recording.own_time import Allowance, Clock, wait


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the system says of each thread: nanoseconds for which it was kept from running."""
    told: dict[str, int] = {"1": 5_000_000_000}
    monkeypatch.setattr(own_time, "kept", lambda: dict(told))
    monkeypatch.setattr(own_time, "waiting", dict)
    return told


@pytest.fixture
def ready(kept: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What it says of each thread that is ready to run: what it has had so far."""
    told: dict[str, bytes] = {}
    monkeypatch.setattr(own_time, "waiting", lambda: dict(told))
    return told


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_what_one_waits_for_counts(kept: dict[str, int], at: list[float]) -> None:
    clock = Clock()
    at[0] += 2.0
    assert clock.now() == pytest.approx(2.0)


def test_what_others_took_does_not(kept: dict[str, int], at: list[float]) -> None:
    clock = Clock()
    at[0] += 2.0
    kept["1"] += 1_500_000_000
    kept["2"] = 300_000_000  # a thread that is new since
    assert clock.now() == pytest.approx(0.2)


def test_a_turn_that_is_still_waited_for_does_not_either(
    ready: dict[str, bytes], at: list[float]
) -> None:
    clock = Clock()
    ready["2"] = b"0 0 0"
    at[0] += 0.1
    assert clock.now() == pytest.approx(0.1)  # since when it is ready is not known
    at[0] += 0.8
    assert clock.now() == pytest.approx(0.1)
    ready["2"] = b"5000000 900000000 1"
    at[0] += 0.1
    assert clock.now() == pytest.approx(0.2)
    del ready["2"]  # it has ended
    at[0] += 0.1
    assert clock.now() == pytest.approx(0.3)


def test_who_is_ready_and_has_turns_is_not_waited_for(
    ready: dict[str, bytes], at: list[float]
) -> None:
    clock = Clock()
    for turns in range(10):
        ready["2"] = f"{turns}".encode()
        at[0] += 0.1
        assert clock.now() == pytest.approx(0.1 + turns / 10)


def test_those_that_are_ready_are_told_from_those_that_sleep() -> None:
    over = threading.Event()
    sleeper = threading.Thread(target=over.wait)
    busy = threading.Thread(target=lambda: [None for _ in iter(over.is_set, True)])
    sleeper.start()
    busy.start()
    found: set[str] = set()
    try:
        allowance = Allowance(20.0)
        while str(busy.native_id) not in found and allowance.left > 0:
            found |= own_time.waiting().keys()
    finally:
        over.set()
        busy.join()
        sleeper.join()
    assert str(busy.native_id) in found
    assert not found & {str(threading.get_native_id()), str(sleeper.native_id)}


def test_it_never_goes_back(kept: dict[str, int], at: list[float]) -> None:
    clock = Clock()
    at[0] += 0.04
    first = clock.now()
    at[0] += 0.04
    kept["1"] += 80_000_000
    assert clock.now() == first == pytest.approx(0.04)


def test_it_stands_still_at_most(kept: dict[str, int], at: list[float]) -> None:
    clock = Clock()
    at[0] += 1.0
    kept["1"] += 9_000_000_000
    kept["2"] = 9_000_000_000
    assert clock.now() == 0.0
    at[0] += 1.0
    assert clock.now() == pytest.approx(1.0)


def test_an_allowance_ends_though_nothing_of_it_is_used(
    kept: dict[str, int], at: list[float]
) -> None:
    allowance = Allowance(1.0, most=3)
    for _ in range(3):
        assert allowance.left > 0
        at[0] += 1.0
        kept["1"] += 1_000_000_000
    assert allowance.left <= 0


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, at: list[float]) -> None:
    monkeypatch.setattr(own_time, "_THREADS", "/no/such/folder")
    clock = Clock()
    at[0] += 2.0
    assert clock.now() == pytest.approx(2.0)


def test_waiting_in_vain_takes_its_time() -> None:
    began = time.perf_counter()
    assert not wait(threading.Event().wait, 0.08)
    assert time.perf_counter() - began >= 0.08


def test_waiting_ends_with_what_was_waited_for() -> None:
    done = threading.Event()
    timer = threading.Timer(0.06, done.set)
    timer.start()
    assert wait(done.wait, 20.0)
    timer.join()
