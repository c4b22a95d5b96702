"""Publishers of many styles: no right one is accused, and each wrong one is named by its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ClassVar

import pytest

import tck
from tests.tck.judging.styles import STYLES, Base, OnPool, RecursiveLink

pytestmark = pytest.mark.long

BRIEF = tck.Settings(deadline=0.6, quiet=0.02, examples=15)


@pytest.fixture(autouse=True)
def pool() -> Iterator[None]:
    with ThreadPoolExecutor(4, thread_name_prefix="styles") as OnPool.pool:
        yield


@pytest.mark.parametrize("factory", STYLES)
def test_a_right_one_is_not_accused(factory: Any) -> None:
    report = tck.verify_publisher(factory, settings=BRIEF)
    assert [f"{each.rule}: {each.message} ({each.check})" for each in report.violations] == []
    assert report.verdict == "conforms"


class Hasty(RecursiveLink):
    """1.1"""

    def begin(self) -> None:
        self.demand = 1
        super().begin()


class Generous(RecursiveLink):
    """1.1"""

    def request(self, n: Any) -> None:
        super().request(n + 1 if type(n) is int and n > 20 else n)


class Words(RecursiveLink):
    """1.4"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        words = [str(each) if isinstance(each, Exception) else each for each in given]
        super().call(method, *words)


class NoEnd(RecursiveLink):
    """1.5"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        if method.__name__ != "on_complete":
            super().call(method, *given)


class OneMore(RecursiveLink):
    """1.5"""

    def __init__(self, elements: int, subscriber: Any) -> None:
        super().__init__(elements + 1, subscriber)


class OneLess(RecursiveLink):
    """1.5"""

    def __init__(self, elements: int, subscriber: Any) -> None:
        super().__init__(elements - (elements > 20), subscriber)


class TwoEnds(RecursiveLink):
    """1.7"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        super().call(method, *given)
        if method.__name__ == "on_complete":
            super().call(method)


class EndAfterError(RecursiveLink):
    """1.7"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        subscriber = getattr(method, "__self__", None)
        super().call(method, *given)
        if method.__name__ == "on_error" and subscriber is not None:
            super().call(subscriber.on_complete)


class Unsubscribed(RecursiveLink):
    """1.9"""

    def begin(self) -> None:
        if self.left == 3:
            self.subscriber.on_complete()
        else:
            super().begin()


class Twice(RecursiveLink):
    """2.12"""

    def begin(self) -> None:
        self.call(self.subscriber.on_subscribe, self)
        super().begin()


class Nothing(RecursiveLink):
    """2.13"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        super().call(method, *(None if each == 4 else each for each in given))


class Undaunted(RecursiveLink):
    """2.13"""

    def call(self, method: Callable[..., None], *given: Any) -> None:
        with suppress(Exception):
            method(*given)


class DeafInside(RecursiveLink):
    """3.2"""

    def request(self, n: Any) -> None:
        if not self.depth:
            super().request(n)


class Deep(RecursiveLink):
    """3.3"""

    def request(self, n: Any) -> None:
        depth, self.depth = self.depth, 0 if 0 < self.depth < 9 else self.depth
        super().request(n)
        self.depth = depth


class Forgetful(RecursiveLink):
    """3.8"""

    def request(self, n: Any) -> None:
        super().request(n - 1 if type(n) is int and 5 < n < 1_000 else n)


class LastWins(RecursiveLink):
    """3.2"""

    def request(self, n: Any) -> None:
        if type(n) is int and n > 0:
            self.demand = 0
        super().request(n)


class DeafToZero(RecursiveLink):
    """3.9"""

    def request(self, n: Any) -> None:
        if type(n) is not int or n:
            super().request(n)


class Stubborn(RecursiveLink):
    """3.12"""

    def cancel(self) -> None:
        self.left = min(self.left, 500)


class Faithful(RecursiveLink):
    """3.13"""

    everybody: ClassVar[list[Any]] = []

    def begin(self) -> None:
        self.everybody.append(self.subscriber)
        super().begin()


class Touchy(RecursiveLink):
    """3.15"""

    def cancel(self) -> None:
        super().cancel()
        raise LookupError("nobody is here")


class Blunt(RecursiveLink):
    """3.16"""

    def request(self, n: Any) -> None:
        if type(n) is int and n <= 0:
            raise ValueError(n)
        super().request(n)


class Small(RecursiveLink):
    """3.17"""

    def request(self, n: Any) -> None:
        super().request(n)
        self.demand = min(self.demand, 2**31 - 1)
        if type(n) is int and n > 2**31:
            self.wrong = OverflowError("too much")


WRONG = [
    Hasty, Generous, Words, NoEnd, OneMore, OneLess, TwoEnds, EndAfterError, Unsubscribed, Twice,
    Nothing, Undaunted, DeafInside, Deep, Forgetful, LastWins, DeafToZero, Stubborn,
    Faithful, Touchy, Blunt, Small,
]  # fmt: skip


@pytest.mark.parametrize("link", WRONG)
def test_a_wrong_one_is_named_by_its_rule(link: type[RecursiveLink]) -> None:
    class Publisher(Base):
        def serve(self, subscriber: Any) -> None:
            link(self.elements, subscriber).begin()

    report = tck.verify_publisher(Publisher, settings=BRIEF)
    failed = {rule for rule, status in report.by_rule().items() if status == "failed"}
    assert link.__doc__ in failed, report
