"""Demand, for every operator: what is asked for comes, and no more is asked of upstream than promised."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from operators import Flow
from operators._kernel.subscription.demand import Demand, take_both
from reactive_streams import UNBOUNDED
from tests.operators.catalogue import ITEMS, OPERATORS, SOURCES, Case, Made
from tests.operators.kit import BAD_REQUESTS, Handmade, Probe, Pulled, eventually, probe
from tests.operators.turns import in_turn

ALL = pytest.mark.parametrize("case", OPERATORS.values(), ids=OPERATORS)
LOSSLESS = {name: case for name, case in OPERATORS.items() if not case.drops}
WITHOUT_LOSS = pytest.mark.parametrize("case", LOSSLESS.values(), ids=LOSSLESS)
ALL_SOURCES = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
WORLDS = in_turn("world", ["fused", "pushed"])


class Upstream:
    """ITEMS, from an iterable or from a foreign Publisher, and how much of them was asked for."""

    def __init__(self, world: str) -> None:
        self.pulled = Pulled(ITEMS)
        self.publisher = Handmade(ITEMS)
        self._pushes = world == "pushed"
        self.flow: Flow[Any] = (
            Flow.from_publisher(self.publisher) if self._pushes else Flow.from_iterable(self.pulled)
        )

    @property
    def asked(self) -> int:
        return self.publisher.asked if self._pushes else self.pulled.pulled

    @property
    def over(self) -> bool:
        """Whether it was left in order."""
        if self._pushes:
            publisher = self.publisher
            unused = publisher.subscriber is None
            return unused or publisher.cancels >= 1 or publisher.emitted == len(ITEMS)
        return self.pulled.closed == self.pulled.opened


def same(case: Case, items: list[Any], n: int) -> bool:
    """Whether these may be the first n items."""
    if case.mixes:
        return len(items) == min(n, len(case.expected())) and not Counter(items) - Counter(
            case.expected()
        )
    return items == case.expected()[:n]


@WITHOUT_LOSS
@WORLDS
def test_who_requests_one_then_three_then_cancels_gets_exactly_that(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow))
    assert seen.items == []

    for n, total in ((1, 1), (3, 4)):
        seen.request(n).until_items(total)
        assert same(case, seen.items, total)
        assert upstream.asked <= case.most(total, total)
    seen.cancel()

    eventually(lambda: upstream.over, "the end of upstream")
    asked = upstream.asked
    seen.request(5)
    assert same(case, seen.items, 4)
    assert upstream.asked == asked
    assert seen.error is None
    assert seen.violations == []


@WITHOUT_LOSS
@WORLDS
def test_nothing_comes_that_was_not_asked_for(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow))
    seen.cancel()

    eventually(lambda: upstream.over, "the end of upstream")
    assert seen.signals == [("on_subscribe", None)]


@WITHOUT_LOSS
@WORLDS
def test_unbounded_demand_brings_all_and_the_end(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow), UNBOUNDED).until_end()

    assert same(case, seen.items, len(ITEMS) * 2 + 2)
    assert seen.completed
    assert seen.violations == []


@WITHOUT_LOSS
@WORLDS
def test_one_item_at_a_time_asked_for_inside_on_next_brings_all(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow), 1, each=1).until_end()

    assert same(case, seen.items, len(ITEMS) * 2 + 2)
    assert seen.completed
    assert seen.violations == []


@WITHOUT_LOSS
@WORLDS
def test_a_cancel_inside_on_next_is_the_last(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow), UNBOUNDED, then=lambda it, item: it.cancel())
    seen.until_items(1)

    eventually(lambda: upstream.over, "the end of upstream")
    assert same(case, seen.items, 1)
    assert not seen.ended
    assert seen.violations == []


@ALL
@WORLDS
def test_a_bad_request_is_answered_by_one_error_and_ends_it(case: Case, world: str):
    for n, kind in BAD_REQUESTS:
        upstream = Upstream(world)
        seen = probe(case.build(upstream.flow))
        seen.request(n).until_end()
        seen.request(7).request(n)

        if case.drops and seen.completed:  # all of it was dropped before
            continue
        assert seen.items == []
        assert isinstance(seen.error, kind)
        assert "3.9" in str(seen.error)
        assert repr(n) in str(seen.error)
        eventually(lambda: upstream.over, "the end of upstream")  # noqa: B023
        assert [name for name, _ in seen.signals] == ["on_subscribe", "on_error"]


class Odd(int):
    """A number that raises, or lies, wherever it is asked to do anything."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("a number of somebody's own was asked to do something")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __int__ = __index__ = __repr__ = _refuse
    __neg__ = __hash__ = _refuse

    def __eq__(self, other: object) -> bool:
        return bool(self._refuse())


class Much(int):
    """A number that says that it is more than any other, and is the sum of it and any other."""

    def __gt__(self, other: object) -> bool:
        return True

    __ge__ = __gt__

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __lt__

    def __radd__(self, other: object) -> int:
        return UNBOUNDED

    __add__ = __radd__


@WITHOUT_LOSS
@WORLDS
@in_turn("kind", [Odd, Much])
def test_a_number_of_a_class_of_its_own_is_the_number_that_it_is(
    case: Case, world: str, kind: type[int]
):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow))
    for n, total in ((1, 1), (3, 4)):
        seen.request(kind(n)).until_items(total)
        assert same(case, seen.items, total)
        assert upstream.asked <= case.most(total, total)
        assert upstream.publisher.asked <= case.most(total, total)
        assert all(type(asked) is int for asked in upstream.publisher.requests)
    seen.cancel()
    eventually(lambda: upstream.over, "the end of upstream")

    for bad in (kind(0), kind(-3)):
        upstream = Upstream(world)
        seen = probe(case.build(upstream.flow)).request(bad).until_end()
        assert isinstance(seen.error, ValueError)
        assert seen.items == []
        eventually(lambda: upstream.over, "the end of upstream")  # noqa: B023


@ALL_SOURCES
def test_a_source_is_asked_by_a_number_of_a_class_of_its_own(source: Made):
    seen = probe(source.make())
    for n, total in ((1, 1), (3, 4)):
        seen.request(Odd(n)).until_items(total)
        assert seen.items == source.gives[:total]
    seen.cancel()
    if source.gives:
        bad = probe(source.make()).request(Odd(-1)).until_end()
        assert isinstance(bad.error, ValueError)


@WITHOUT_LOSS
@WORLDS
def test_a_bad_request_after_good_ones_is_answered_as_well(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow), 1).until_items(1)
    first = len(case.expected()) == 1
    seen.request(-1).until_end()

    assert same(case, seen.items, 1)
    assert seen.completed if first else isinstance(seen.error, ValueError)
    eventually(lambda: upstream.over, "the end of upstream")
    assert seen.violations == []


@WITHOUT_LOSS
@WORLDS
def test_a_bad_request_inside_on_next_is_answered_after_it(case: Case, world: str):
    upstream = Upstream(world)
    seen = probe(case.build(upstream.flow), UNBOUNDED, then=lambda it, item: it.request(0))
    seen.until_end()

    assert same(case, seen.items, 1)
    assert isinstance(seen.error, ValueError) or len(case.expected()) == 1
    eventually(lambda: upstream.over, "the end of upstream")
    assert seen.violations == []


@WITHOUT_LOSS
@WORLDS
def test_a_loop_gets_all(case: Case, world: str):
    upstream = Upstream(world)

    assert same(case, list(case.build(upstream.flow)), len(ITEMS) * 2 + 2)


@WITHOUT_LOSS
@WORLDS
def test_a_loop_that_is_left_leaves_nothing_behind(case: Case, world: str):
    upstream = Upstream(world)
    got = []
    for item in case.build(upstream.flow):
        got.append(item)
        break

    assert same(case, got, 1)
    eventually(lambda: upstream.over, "the end of upstream")


@ALL_SOURCES
def test_a_source_gives_what_is_asked_for(source: Made):
    seen = probe(source.make())
    for n, total in ((1, 1), (3, 4)):
        seen.request(n).until_items(total)
        assert seen.items == source.gives[:total]
    seen.cancel()
    seen.request(5)

    assert seen.items == source.gives[:4]
    assert seen.error is None
    assert seen.violations == []


@ALL_SOURCES
def test_a_source_gives_all_and_the_end(source: Made):
    for seen in (
        probe(source.make(), UNBOUNDED).until_end(),
        probe(source.make(), 1, each=1).until_end(),
        probe(source.make(), len(source.gives) + 1).until_end(),
    ):
        assert seen.items == source.gives
        assert seen.completed
        assert seen.violations == []
    assert list(source.make()) == source.gives


@ALL_SOURCES
def test_a_source_answers_a_bad_request_with_one_error(source: Made):
    for n, kind in BAD_REQUESTS:
        seen = probe(source.make())
        if seen.completed:  # an empty one was over before anything could be asked for
            continue
        seen.request(n).until_end()
        seen.request(7)

        assert isinstance(seen.error, kind)
        assert "3.9" in str(seen.error)
        assert [name for name, _ in seen.signals] == ["on_subscribe", "on_error"]


@ALL_SOURCES
def test_what_is_asked_for_inside_on_subscribe_comes_after_it(source: Made):
    seen: Probe = probe(source.make(), 2).until_items(min(2, len(source.gives)))

    assert seen.items == source.gives[:2]
    assert seen.signals[0][0] == "on_subscribe"
    seen.cancel()
    assert seen.violations == []


@pytest.mark.parametrize(
    ("asked", "room", "taken"), [(1, 5, 1), (5, 1, 1), (3, 3, 3), (0, 7, 0), (7, 0, 0)]
)
def test_what_two_counters_have_in_common_is_taken_off_both_and_nothing_else(asked, room, taken):
    wanted, free = Demand(), Demand()
    wanted.add(asked)
    free.add(room)

    assert take_both(wanted, free) == taken
    assert (wanted.value, free.value) == (asked - taken, room - taken)
