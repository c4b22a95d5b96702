"""Subscriptions that break §3.8, §3.9 and §3.17: how they count demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from reactive_streams import UNBOUNDED, Subscriber
from tck.gallery.broken._base import RangeOutlet
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()
_LOST = ("1.5",)


class _Counting(RangeOutlet):
    """Keeps the sum of all requests, so that one which is overwritten is lost for good."""

    asked: int = 0
    calls: int = 0

    def request(self, n: int, /) -> None:
        if self.check(n) is None:
            self.count(n)
        super().request(n)

    def count(self, n: int) -> None:
        before = self.asked
        self.calls += 1
        # The longer, the surer two threads meet; 100,000 requests have to come to an end too.
        time.sleep(0.001 if self.calls < 64 else 0)
        self.asked = min(UNBOUNDED, before + n)

    def add(self, n: int) -> None:
        self.demand = self.asked if self.asked >= UNBOUNDED else self.asked - self.sent


@_shown.link("3.8", "loses one of two requests that are made at once", follows=_LOST)
class Spec308LosesConcurrentRequests(_Counting):
    pass


@_shown.link("3.8", "takes the last request for the whole demand", follows=(*_LOST, "3.2", "3.17"))
class Spec308SetsInsteadOfAdding(RangeOutlet):
    def add(self, n: int) -> None:
        self.demand = min(n, UNBOUNDED)


@_shown.link("3.8", "sends one element too few, only for request(n) with n >= 10", follows=_LOST)
class Spec308SendsOneTooFewForLargeRequests(RangeOutlet):
    def add(self, n: int) -> None:
        super().add(n - 1 if 10 <= n < UNBOUNDED else n)


@_shown.link("3.8", "stops without a word after 40 elements", follows=(*_LOST, "3.2", "3.17"))
class Spec308StopsSilentlyAfterDozens(RangeOutlet):
    def use(self) -> bool:
        return self.sent < 40 and super().use()


class _Lenient(RangeOutlet):
    """Finds nothing wrong with some bad requests, and does nothing about them."""

    def ignores(self, n: object) -> bool:
        raise NotImplementedError

    def request(self, n: int, /) -> None:
        if not self.ignores(n):
            super().request(n)


@_shown.link("3.9", "ignores request(0)")
class Spec309IgnoresZero(_Lenient):
    def ignores(self, n: object) -> bool:
        return type(n) is int and n == 0


@_shown.link("3.9", "ignores request(-1)")
class Spec309IgnoresNegative(_Lenient):
    def ignores(self, n: object) -> bool:
        return isinstance(n, int) and n < 0


@_shown.link("3.9", "ignores a request whose n is not an int", level="warns")
class Spec309IgnoresWhatIsNotAnInt(_Lenient):
    def ignores(self, n: object) -> bool:
        return not isinstance(n, int)


@_shown.link("3.9", "ignores a bad request inside on_next")
class Spec309IgnoresBadRequestInOnNext(_Lenient):
    inside: bool = False

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        self.inside = True
        super().emit(subscriber, element)
        self.inside = False

    def ignores(self, n: object) -> bool:
        return self.inside and self.check(n) is not None


@_shown.link("3.9", "takes True for 1", level="warns")
class Spec309TakesTrueForOne(RangeOutlet):
    def check(self, n: object) -> Exception | None:
        return super().check(int(n) if isinstance(n, bool) else n)


@_shown.link("3.9", "signals RuntimeError for a bad request")
class Spec309SignalsTheWrongType(RangeOutlet):
    def check(self, n: object) -> Exception | None:
        problem = super().check(n)
        return None if problem is None else RuntimeError(str(problem))


@_shown.link(
    "3.17", "counts demand in a signed number of 64 bits, which wraps", follows=("3.8", "1.5")
)
class Spec317Wraps(RangeOutlet):
    def add(self, n: int) -> None:
        self.demand = (self.demand + n + 2**63) % 2**64 - 2**63


@_shown.link("3.17", "signals on_error when demand goes beyond 2**63 - 1")
class Spec317FailsBeyondUnbounded(RangeOutlet):
    def add(self, n: int) -> None:
        if self.demand + n > UNBOUNDED:
            self.problem = OverflowError("too much demand")
        super().add(n)


@_shown.link("3.17", "loses what is requested beyond 65,535 elements", follows=("3.8", "1.5"))
class Spec317LosesBeyondSixteenBits(RangeOutlet):
    def add(self, n: int) -> None:
        self.demand = min(self.demand + n, 65_535)


@_shown.link("3.17", "keeps requests as nested calls, and fails when there are some hundreds")
class Spec317OverflowsTheStack(RangeOutlet):
    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber, elements)
        self.total: Callable[[], int] = lambda: 0

    def add(self, n: int) -> None:
        self.total = partial(_sum, self.total, n)
        try:
            self.demand = min(UNBOUNDED, self.total()) - self.sent
        except RecursionError as error:
            self.problem = error.with_traceback(None)


def _sum(before: Callable[[], int], n: int) -> int:
    return before() + n


DEMAND = tuple(_shown.exhibits)
