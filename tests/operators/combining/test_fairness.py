"""merge and flat_map are fair: no source gets less than half its share, however little is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import eventually

ITEMS = 10_000
SOURCES = 4


def endless(number: int) -> Flow[int]:
    return Flow.range(10**12).map(lambda _: number)


def pushed(number: int) -> Flow[int]:
    return endless(number).limit_rate(8)


def foreign(number: int) -> Flow[int]:
    return Flow.from_publisher(endless(number))


def merged(make: Callable[[int], Flow[int]]) -> Flow[int]:
    first, *others = (make(number) for number in range(SOURCES))
    return first.merge(*others)


def flattened(make: Callable[[int], Flow[int]]) -> Flow[int]:
    return Flow.range(SOURCES).flat_map(make)


def flattened_of_pushed(make: Callable[[int], Flow[int]]) -> Flow[int]:
    return Flow.from_publisher(Flow.range(SOURCES)).flat_map(make)


class OneByOne:
    """A Subscriber that asks for each item from inside the one before."""

    def __init__(self, step: int) -> None:
        self.seen: Counter[int] = Counter()
        self.over = False
        self._step = step
        self._subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        self._subscription = subscription
        subscription.request(self._step)

    def on_next(self, item: int) -> None:
        self.seen[item] += 1
        count = self.seen.total()
        if count >= ITEMS:
            self.over = True
            self._subscription.cancel()
        elif count % self._step == 0:
            self._subscription.request(self._step)

    def on_error(self, error: Exception) -> None:
        raise error

    def on_complete(self) -> None:
        self.over = True


@pytest.mark.parametrize("make", [endless, pushed, foreign])
@pytest.mark.parametrize("join", [merged, flattened, flattened_of_pushed])
@pytest.mark.parametrize("step", [1, 7, ITEMS])
def test_a_subscriber_gets_of_each(make: Any, join: Any, step: int):
    subscriber = OneByOne(step)
    join(make).subscribe(subscriber)
    eventually(lambda: subscriber.over)

    assert min(subscriber.seen[number] for number in range(SOURCES)) >= ITEMS // SOURCES // 2


@pytest.mark.parametrize("make", [endless, pushed, foreign])
@pytest.mark.parametrize("join", [merged, flattened, flattened_of_pushed])
def test_a_loop_gets_of_each(make: Any, join: Any):
    seen = Counter(islice(join(make), ITEMS))

    assert min(seen[number] for number in range(SOURCES)) >= ITEMS // SOURCES // 2
