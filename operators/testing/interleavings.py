"""Interleavings: a scenario, in every order of the steps of those who take part."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from operators.testing._actors import Actor, Order, Threads
from operators.testing._locks import Holder, explored_locks
from operators.testing._parts import (
    ActingExecutor,
    ActingScheduler,
    Consumer,
    Producer,
    acting_threads,
    still_time,
)
from operators.testing._points import Points
from operators.testing._tracing import tracer

Check = Callable[[], object]


class Actors:
    """Who takes part in one order of a scenario: it is made anew for each."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._consumers: list[Consumer] = []
        self._sources = 0

    def add(self, do: Callable[[], object], name: str = "") -> None:
        """Have `do()` be done by an actor of its own; what it raises fails the scenario."""
        self._order.add(Actor(name or f"actor {len(self._order.actors)}", do))

    def step(self) -> None:
        """Let another actor go on here, in some order: for code that is not of the modules looked at."""
        self._order.step()

    def wait(self, until: Callable[[], bool]) -> bool:
        """Wait, as an actor, and return True when `until()` holds; False: nothing more happens.

        It is asked whenever another actor could go on, and changes nothing.
        """
        return self._order.wait(until)

    def source(self, *items: Any, error: Exception | None = None) -> Producer:
        """Return a Publisher for one Subscriber, whose actor emits the items as they are asked for.

        It ends with the completion, or with the error.
        """
        self._sources += 1
        return Producer(self._order, items, error, f"source {self._sources}")

    def subscriber(self, request: int = 0) -> Consumer:
        """Return a Subscriber that asks for so many items in on_subscribe, and for more by `request(n)`.

        What its Publisher does against the rules fails the scenario: §1.1, §1.3, §1.7, §2.13.
        """
        consumer = Consumer(self._order, request)
        self._consumers.append(consumer)
        return consumer

    def scheduler(self) -> ActingScheduler:
        """Return a scheduler each worker of which is an actor. A delay may be over at any step."""
        return ActingScheduler(self._order)

    def executor(self, workers: int = 1) -> ActingExecutor:
        """Return an executor with so many actors that do what is submitted."""
        return ActingExecutor(self._order, workers)

    def check(self) -> None:
        """Raise an AssertionError where a Subscriber was given what is against the rules."""
        for consumer in self._consumers:
            if consumer.breaches:
                raise AssertionError("; ".join(consumer.breaches))


Scenario = Callable[[Actors], "Check | None"]


@dataclass(frozen=True, slots=True)
class Explored:
    """What was explored."""

    orders: int
    """How many orders were run, each of them another one."""
    steps: int
    """The steps of the longest of them."""
    complete: bool
    """Whether it were all that there are, within the preemptions allowed; else a sample of them."""


class _Exploration:
    def __init__(self, scenario: Scenario, modules: Iterable[ModuleType]) -> None:
        self._scenario = scenario
        self._holder = Holder()
        self.points = self._holder.points = Points(
            modules, self._holder.step, self._holder.go_by, self._holder.who
        )
        self._tracer = tracer(self.points)
        self.threads = Threads(self._tracer)
        self.last: Order

    @contextmanager
    def taking_over(self) -> Generator[None]:
        """Have locks and the library's threads be those of the exploration."""
        with (
            self._tracer,
            explored_locks(self._holder),
            acting_threads(lambda: self.last),
            still_time(),
        ):
            try:
                yield
            finally:
                self.threads.end()

    def run(self, plan: dict[int, int]) -> None:
        """Run one order, and raise what goes wrong in it."""
        self.last = order = Order(plan, self.threads, self._holder.ordered)
        actors = Actors(order)
        self._holder.order = order
        try:
            check = self._scenario(actors)
            try:
                order.run()
            finally:
                actors.check()  # first: what was against the rules may have had all the rest follow
            if check is not None:
                check()
        finally:
            self._holder.order = None

    def watch(self, plan: dict[int, int]) -> None:
        """Run one order and look who touches what in it."""
        self.points.watch()
        try:
            self.run(plan)
        finally:
            self.points.learn()

    def warm_up(self) -> None:
        """Run the first order for what is done the first time only."""
        with suppress(Exception):  # it fails again, and is told of then
            self.watch({})

    def explain(self, plan: dict[int, int], error: BaseException) -> str:
        """Run the order that has failed once more, and return what it did."""
        with suppress(Exception):
            self.watch(plan)
        order = self.last
        lines = [f"{type(error).__name__}: {error}", "", f"schedule={_text(order.exactly)!r}", ""]
        for number, actor, where in order.switches:
            before = f", after {where}" if where else ""
            lines.append(f"  from step {number} on: {actor.name}{before}")
        return "\n".join(lines)

    def run_again(self, plan: dict[int, int]) -> None:
        """Run the order of a schedule."""
        self.points.exact()
        with suppress(Exception):  # for what is done the first time only, and takes steps
            self.run(plan)
        self.run(plan)


def _text(plan: dict[int, int]) -> str:
    return " ".join(f"{actor}@{step}" for step, actor in sorted(plan.items()))


def _plan(text: str) -> dict[int, int]:
    plan: dict[int, int] = {}
    for each in text.split():
        actor, at, step = each.partition("@")
        if not (at and actor.isdecimal() and step.isdecimal()):
            raise ValueError(
                f"schedule: {each!r} is no 'actor@step', such as '1@14'; give what explore() has printed"
            )
        plan[int(step)] = int(actor)
    return plan


@contextmanager
def _without_collector() -> Generator[None]:
    # A finaliser that runs in the middle would be a step of the one order, and not of the next.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


_COLLECT_EVERY = 500
_SOON = 8
_WATCHED = 200
_WATCH_EVERY = 8


def explore(
    scenario: Scenario,
    *,
    preemptions: int = 2,
    most: int = 20_000,
    modules: Iterable[ModuleType] = (),
    schedule: str | None = None,
) -> Explored:
    """Return how much was explored, when a scenario holds in every order of its actors' steps.

    `scenario(actors)` makes everything anew, adds two or three actors, and may return a check that is
    called after the last of them. Each actor is a thread; one at a time runs; no time goes by. It makes
    way for another where it waits or ends, in every way there is, and up to `preemptions` times elsewhere:
    at a lock, and right before whatever another actor sees or changes as well. That is done in the code
    of this library, and in that of `modules`.

    At most `most` orders are run: first all with no preemption, then those with one, and so on; where
    there are more, a sample of the last, the same each time. What fails raises an AssertionError that
    says the `schedule`, with which that one order is run again.

    >>> from operators.testing import explore
    >>> def scenario(actors):
    ...     count = [0]
    ...
    ...     def add():
    ...         seen = count[0]
    ...         actors.step()
    ...         count[0] = seen + 1
    ...
    ...     def check():
    ...         assert count == [2], f"counted {count[0]} of 2"
    ...
    ...     actors.add(add, "first")
    ...     actors.add(add, "second")
    ...     return check
    >>> try:
    ...     explore(scenario)
    ... except AssertionError as failure:
    ...     print(str(failure).splitlines()[0])
    AssertionError: counted 1 of 2
    """
    if preemptions < 0:
        raise ValueError(f"preemptions is a number of at least 0, got {preemptions}")
    exploration = _Exploration(scenario, modules)
    with exploration.taking_over(), _without_collector():
        if schedule is not None:
            return _one(exploration, _plan(schedule))
        return _all(exploration, preemptions, most)


def _one(exploration: _Exploration, plan: dict[int, int]) -> Explored:
    try:
        exploration.run_again(plan)
    except Exception as error:
        raise AssertionError(exploration.explain(plan, error)) from error
    return Explored(1, exploration.last.steps, False)


def _run(exploration: _Exploration, plan: dict[int, int], watched: bool) -> None:
    try:
        if not watched:
            exploration.run(plan)
        if watched or exploration.points.unknown:
            exploration.watch(plan)
    except Exception as error:
        raise AssertionError(exploration.explain(plan, error)) from error


def _all(exploration: _Exploration, preemptions: int, most: int) -> Explored:
    exploration.warm_up()
    orders = steps = 0
    soon = _SOON
    while True:
        exploration.points.adopt()
        explored = _levels(exploration, preemptions, most - orders, soon)
        orders += explored.orders
        steps = max(steps, explored.steps)
        grown = exploration.points.grown
        if orders >= most or not grown:
            return Explored(orders, steps, explored.complete and not grown)
        soon *= 4  # what was seen in the last orders makes more of them


def _levels(exploration: _Exploration, preemptions: int, most: int, soon: int) -> Explored:
    """Run the orders by the number of their preemptions: up to `soon`, if there are more points by then."""
    level: list[dict[int, int]] = [{}]
    orders = steps = 0
    for left in range(preemptions, -1, -1):
        after: list[dict[int, int]] = []
        while level:
            if orders == most or (orders >= soon and exploration.points.grown):
                return Explored(orders, steps, False)
            plan = level.pop()
            _run(exploration, plan, orders < _WATCHED or not orders % _WATCH_EVERY)
            orders += 1
            steps = max(steps, exploration.last.steps)
            for number, index, preempted in exploration.last.choices:
                if not preempted:
                    level.append({**plan, number: index})
                elif left:
                    after.append({**plan, number: index})
            if orders % _COLLECT_EVERY == 0:
                gc.collect()
        level = after
        random.Random(orders).shuffle(level)
    return Explored(orders, steps, True)
