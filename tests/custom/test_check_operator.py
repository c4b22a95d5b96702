"""check_operator: it accepts what is right, and finds what is not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from operators.custom import Stage
from operators.schedulers import thread
from operators.testing import check_operator

GOOD: dict[str, Any] = {
    "map": (lambda flow: flow.map(str), range(5), list("01234"), {"most": lambda r, d: r}),
    "buffer": (lambda flow: flow.buffer(2), range(5), [[0, 1], [2, 3], [4]], {"keeps": True}),
    "publish_on": (lambda flow: flow.publish_on(thread()), range(9), range(9), {"keeps": True}),
    "map_async": (lambda flow: flow.map_async(str, concurrency=2), range(5), list("01234"), {}),
    "take": (lambda flow: flow.take(2), range(5), [0, 1], {"most": lambda r, d: min(r, 2)}),
    "filter": (lambda flow: flow.filter(lambda n: n > 9), range(5), [], {}),
    "on_error_resume": (
        lambda flow: flow.on_error_resume(lambda error: Flow.empty()), range(3), range(3),
        {"handles_errors": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right(name: str):
    build, items, gives, settings = GOOD[name]
    check_operator(build, items, gives, **settings)


class Forgetful(Stage[int, int]):
    """Holds an item, and tells nobody."""

    holds = 2

    def on_start(self) -> None:
        self.last: list[int] = []

    def on_push(self, item: int) -> None:
        if self.last:
            self.push(self.last.pop())
        self.last.append(item)

    def on_end(self) -> None:
        self.push(self.last.pop())
        self.complete()


class Shared(Stage[int, int]):
    """Has its state from one run in the next."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_push(self, item: int) -> None:
        self.seen.append(item)
        self.push(len(self.seen))


class Deaf(Stage[int, int]):
    """Takes an error for the end."""

    def on_push(self, item: int) -> None:
        self.push(item)

    def on_error(self, error: Exception) -> None:
        self.complete()


RELEASE: list[Callable[[], object]] = []


def leaking(flow: Flow[int]) -> Flow[int]:
    go_on = threading.Event()
    waiting = threading.Thread(target=go_on.wait, args=(20,), name="left")
    waiting.start()
    RELEASE.extend([waiting.join, go_on.set])
    return flow.map(lambda n: n)


@pytest.fixture(autouse=True)
def release() -> Iterator[None]:
    yield
    while RELEASE:
        RELEASE.pop()()


SHARED = Shared()
BAD: dict[str, Any] = {
    "expected [0, 1, 2], got [0, 1]": (lambda flow: flow.take(2), {}),
    "it may have asked for 0": (lambda flow: flow.publish_on(thread()), {"most": lambda r, d: r}),
    "neither delivered, nor dropped, nor discarded": (
        lambda flow: flow.apply(Forgetful()), {"keeps": True},
    ),
    "from an iterator: expected": (lambda flow: flow.apply(SHARED), {}),
    "expected error _Sign, but it has completed": (lambda flow: flow.apply(Deaf()), {}),
    "thread: 'left'": (leaking, {"deadline": 0.3}),
}  # fmt: skip


@pytest.mark.parametrize("why", BAD)
def test_what_is_wrong_is_found(why: str):
    build, settings = BAD[why]
    gives = [1, 2, 3] if "from an iterator" in why else [0, 1, 2]
    with pytest.raises(AssertionError) as caught:
        check_operator(build, range(3), gives, **settings)
    assert why in str(caught.value)


def test_it_says_in_which_check():
    with pytest.raises(AssertionError) as caught:
        check_operator(lambda flow: flow.take(2), range(3), range(3))
    assert caught.value.__notes__ == ["in the check: The items in a for loop"]


def test_it_is_for_plain_functions():
    async def main() -> None:
        with pytest.raises(RuntimeError, match="plain function"):
            check_operator(lambda flow: flow, [], [])

    asyncio.run(main())
