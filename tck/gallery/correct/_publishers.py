"""Correct publishers that signal inside the calls of their Subscribers."""

from __future__ import annotations

from typing import Final

from reactive_streams import UNBOUNDED, Publisher, Subscriber
from tck.gallery.broken._base import FailedPublisher, RangeOutlet, RangePublisher, Signal
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()


class FailingWith(FailedPublisher):
    """Fails through an outlet of the given kind, at once and whatever is asked for."""

    def __init__(self, outlet: type[RangeOutlet]) -> None:
        self.outlet = outlet

    def serve(self, subscriber: Subscriber[int]) -> None:
        outlet = self.outlet(subscriber, 0)
        outlet.problem = RuntimeError("this Publisher fails")
        outlet.start()


@_shown.link("", "synchronous: a loop inside request", failed=FailedPublisher)
class SynchronousPublisher(RangeOutlet):
    pass


class _FailingWhenAsked(RangeOutlet):
    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        if self.problem is None and self.demand:
            self.problem = RuntimeError("this Publisher fails")
        return super().step(subscriber)


@_shown.failing("", "fails when something is asked for, not before")
class PublisherFailingWhenAsked(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        _FailingWhenAsked(subscriber, 1).start()


@_shown.link("", "completes only on demand beyond its last element")
class LazilyCompletingPublisher(RangeOutlet):
    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        if self.problem is None and self.sent >= self.elements and not self.demand:
            return None
        return super().step(subscriber)


@_shown.link("", "answers cancel with on_complete, which §1.8 leaves open")
class PublisherCompletingOnCancel(RangeOutlet):
    cancelled: bool = False

    def cancel(self) -> None:
        with self.lock:
            self.cancelled = True
        self.drain()

    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        if self.cancelled:
            return self.ending(subscriber)
        return super().step(subscriber)


class _AtMost(RangePublisher):
    most = 0

    def __init__(self, elements: int) -> None:
        super().__init__(min(elements, self.most))


@_shown.publisher("", "empty, always", settings={"max_elements": 0}, failed=FailedPublisher)
class EmptyPublisher(_AtMost):
    most = 0


@_shown.publisher("", "one element at most", settings={"max_elements": 1}, failed=FailedPublisher)
class SingletonPublisher(_AtMost):
    most = 1


@_shown.publisher("", "two elements at most", settings={"max_elements": 2}, failed=FailedPublisher)
class PairPublisher(_AtMost):
    most = 2


class _Endless(RangeOutlet):
    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        # Nobody lives to see that many.
        super().__init__(subscriber, UNBOUNDED)


@_shown.link("", "synchronous, without an end", settings={"completes": False})
class EndlessPublisher(_Endless):
    pass


@_shown.publisher("", "for one Subscriber; it refuses every other by on_error")
class SingleSubscriberPublisher(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        # A pop is one step, so that two Subscribers at once cannot both be the first.
        self.places: list[type[RangeOutlet]] = [RangeOutlet]

    def serve(self, subscriber: Subscriber[int]) -> None:
        try:
            outlet = self.places.pop()
        except IndexError:
            refused: Publisher[int] = FailingWith(RangeOutlet)
            refused.subscribe(subscriber)
        else:
            outlet(subscriber, self.elements).start()


PUBLISHERS = tuple(_shown.exhibits)
