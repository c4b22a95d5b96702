"""What `explore` finds: kernels with a mistake put in, such as real ones have had, each within seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Claim, Demand
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.scope import Scope
from operators.testing import Actors, TestPublisher, explore
from tests.concurrency.exploring import Scenario, arbiter_asked, mutated, two_in_a_drain

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_hears_of_errors")]
SECONDS = 10.0  # of the processor, for one mistake: it may be busy with something else meanwhile


def two_ask(build: Callable[[Flow[Any]], Flow[Any]]) -> Scenario:
    """Two threads ask for one item each, while the source emits."""

    def scenario(actors: Actors) -> Callable[[], None]:
        seen = actors.subscriber()
        build(Flow.from_publisher(actors.source(1, 2))).subscribe(seen)
        actors.add(lambda: seen.request(1), "one")
        actors.add(lambda: seen.request(1), "another")

        def check() -> None:
            assert seen.items == [1, 2], f"got {seen.items} of the 2 asked for"

        return check

    return scenario


def buffered(flow: Flow[Any]) -> Flow[Any]:
    return flow.on_backpressure_buffer(4, overflow="block")


class Ending(QueuedStage):
    """A stage that has nothing, and ends at the first request."""

    def poll(self) -> Any:
        return EMPTY

    def exhausted(self) -> bool:
        return bool(self.demand.value)


def two_find_the_end(actors: Actors) -> None:
    # With no edge between, which would let no second end pass.
    seen = actors.subscriber()
    stage = Ending(seen, Flow.empty().node, Scope())
    stage.on_subscribe(TestPublisher())
    actors.add(lambda: stage.request(1), "one")
    actors.add(lambda: stage.request(1), "another")


def two_claim(actors: Actors) -> Callable[[], None]:
    claim = Claim()
    got: list[bool] = []
    for _ in range(2):
        actors.add(lambda: got.append(claim.take()))

    def check() -> None:
        assert sorted(got) == [False, True], got

    return check


MISTAKES: dict[str, tuple[type, str, str, str, Scenario, str]] = {
    "lost wake-up": (
        Drain, "again", "return bool(self.marks) and self.revive()", "return False",
        two_in_a_drain, "a mark was lost",
    ),
    "lost wake-up, of a stage": (
        Drain, "again", "return bool(self.marks) and self.revive()", "return False",
        two_ask(buffered), "of the 2 asked for",
    ),
    "lost demand update": (
        Demand, "add", "with self._lock:", "if True:",
        two_ask(buffered), "of the 2 asked for",
    ),
    "lost demand update, of what is carried over": (
        Arbiter, "request", "with self._lock:", "if True:", arbiter_asked, "in place of 5",
    ),
    "double completion": (
        Drain, "claim", "self.take()", "self._token.clear()",
        two_find_the_end, "on_complete comes",
    ),
    "two winners": (Claim, "take", "with self._lock:", "if True:", two_claim, r"\[True, True\]"),
}  # fmt: skip


@pytest.mark.may_leave("link", reason="an order that has failed is not gone on with")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_and_shown_again(name: str) -> None:
    owner, method, old, new, scenario, message = MISTAKES[name]
    with mutated(owner, method, old, new):
        before = time.process_time()
        with pytest.raises(AssertionError, match=message) as found:
            explore(scenario, preemptions=3)
        assert time.process_time() - before < SECONDS
        schedule = re.search("schedule='(.*)'", str(found.value))
        assert schedule is not None
        with pytest.raises(AssertionError, match=message) as again:
            explore(scenario, schedule=schedule[1])
        assert str(again.value) == str(found.value)


@pytest.mark.parametrize("name", MISTAKES)
def test_nothing_is_found_where_there_is_none(name: str) -> None:
    explore(MISTAKES[name][4], most=100)
