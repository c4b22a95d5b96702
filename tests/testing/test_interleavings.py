"""The explorer itself: what it finds, what it says, and what it leaves as it was."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from operators.testing import Actors, explore


class Counter:
    """A module of one's own has such a thing: there is no step in it that says so."""

    def __init__(self, lock: Any = None) -> None:
        self.lock = lock
        self.count = 0

    def add(self) -> None:
        if self.lock is None:
            self.count += 1
        else:
            with self.lock:
                self.count += 1


def counting(make: Callable[[], Counter]) -> Callable[[Actors], Any]:
    def scenario(actors: Actors) -> Callable[[], None]:
        counter = make()
        actors.add(counter.add, "one")
        actors.add(counter.add, "another")

        def check() -> None:
            assert counter.count == 2, "an update was lost"

        return check

    return scenario


def test_a_race_in_a_module_of_ones_own_is_found() -> None:
    with pytest.raises(AssertionError, match="an update was lost"):
        explore(counting(Counter), modules=[sys.modules[__name__]])


def test_with_a_lock_there_is_none() -> None:
    explored = explore(counting(lambda: Counter(threading.Lock())), modules=[sys.modules[__name__]])
    assert explored.complete


def test_what_is_not_looked_at_is_one_step() -> None:
    assert explore(counting(Counter)).orders == 2


def test_all_orders_of_steps_are_run() -> None:
    seen: set[str] = set()

    def scenario(actors: Actors) -> Callable[[], None]:
        order: list[str] = []

        def do(name: str) -> None:
            for _ in range(2):
                actors.step()
                order.append(name)

        for name in "ab":
            actors.add(lambda name=name: do(name), name)  # type: ignore[misc]
        return lambda: seen.add("".join(order))

    assert explore(scenario, preemptions=4).complete
    assert seen == {"aabb", "abab", "abba", "baab", "baba", "bbaa"}
    seen.clear()
    explore(scenario, preemptions=0)
    assert seen == {"aabb", "bbaa"}


def test_locks_that_are_taken_in_two_orders() -> None:
    def scenario(actors: Actors) -> None:
        one, another = threading.Lock(), threading.RLock()

        def both(first: Any, second: Any) -> None:
            with first:
                actors.step()
                with second:
                    pass

        actors.add(lambda: both(one, another), "here")
        actors.add(lambda: both(another, one), "there")

    with pytest.raises(AssertionError, match="waits for ever: here, there"):
        explore(scenario)


def test_what_waits_for_what_never_comes() -> None:
    def scenario(actors: Actors) -> None:
        actors.add(lambda: actors.wait(lambda: False), "patient")

    with pytest.raises(AssertionError, match="waits for ever: patient"):
        explore(scenario)


def test_what_goes_on_for_ever() -> None:
    def scenario(actors: Actors) -> None:
        def spin() -> None:
            while True:
                actors.step()

        actors.add(spin)

    with pytest.raises(AssertionError, match="goes on for ever"):
        explore(scenario)


def test_events_and_conditions_are_of_the_exploration() -> None:
    def scenario(actors: Actors) -> Callable[[], None]:
        event, condition = threading.Event(), threading.Condition()
        woken: list[str] = []

        def wait() -> None:
            event.wait()
            woken.append("by the event")
            with condition:
                condition.notify_all()

        def notified() -> None:
            with condition:
                actors.add(wait, "waits")
                event.set()
                condition.wait()
            woken.append("by the condition")

        actors.add(notified, "notified")

        def check() -> None:
            assert woken == ["by the event", "by the condition"]

        return check

    assert explore(scenario).complete


def test_a_scenario_that_is_another_one_each_time() -> None:
    times = [0]

    def scenario(actors: Actors) -> None:
        times[0] += 1
        for _ in range(2 + times[0] % 3):
            actors.add(actors.step)

    with pytest.raises(AssertionError, match="another thing each time"):
        explore(scenario)


def test_it_says_what_a_schedule_is() -> None:
    with pytest.raises(ValueError, match="'7' is no 'actor@step'"):
        explore(lambda actors: actors.add(actors.step), schedule="1@2 7")


def test_it_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match="preemptions"):
        explore(lambda actors: None, preemptions=-1)
    with pytest.raises(AssertionError, match="no actor"):
        explore(lambda actors: None)


def test_what_is_against_the_rules_fails() -> None:
    def scenario(actors: Actors) -> None:
        seen = actors.subscriber(request=1)
        actors.source(1).subscribe(seen)
        actors.add(lambda: seen.on_next(3), "an item out of turn")

    with pytest.raises(AssertionError, match=r"§1\.[13]"):
        explore(scenario)


def test_threads_of_the_library_are_actors() -> None:
    before = threading.active_count()

    def scenario(actors: Actors) -> Callable[[], None]:
        seen = actors.subscriber()
        Flow.from_publisher(actors.source(1, 2)).publish_on(thread()).subscribe(seen)
        actors.add(lambda: seen.request(2), "asks")

        def check() -> None:
            assert (seen.items, seen.ended) == ([1, 2], True)
            assert threading.active_count() == before

        return check

    explore(scenario, most=20)


def test_nothing_is_left_of_it() -> None:
    kept = threading.Lock, threading.RLock, sys.gettrace()
    with pytest.raises(AssertionError):
        explore(counting(Counter), modules=[sys.modules[__name__]])
    assert (threading.Lock, threading.RLock, sys.gettrace()) == kept
    assert list(Flow.range(3).publish_on(thread())) == [0, 1, 2]
