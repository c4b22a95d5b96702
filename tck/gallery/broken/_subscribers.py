"""Subscribers that break chapter 2, and what chapter 3 demands of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from reactive_streams import Subscription
from tck.gallery.broken._base import SteadySubscriber
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()
_RAISES = ("2.13",)


@_shown.subscriber("2.1", "never requests anything", follows=("3.8",))
class Spec201NeverRequests(SteadySubscriber):
    def ask(self) -> None:
        pass

    def request(self, n: int, /) -> None:
        pass


class _AtTheEnd(SteadySubscriber):
    """Does something with its Subscription in, or after, a terminal signal."""

    in_complete = True

    def act(self, link: Subscription) -> None:
        raise NotImplementedError

    def on_complete(self) -> None:
        link = self.link
        super().on_complete()
        if self.in_complete and link is not None:
            self.act(link)

    def on_error(self, error: Exception, /) -> None:
        link = self.link
        super().on_error(error)
        if not self.in_complete and link is not None:
            self.act(link)


@_shown.subscriber("2.3", "requests in on_complete", follows=("2.4",))
class Spec203RequestsInOnComplete(_AtTheEnd):
    def act(self, link: Subscription) -> None:
        link.request(1)


@_shown.subscriber("2.3", "cancels in on_complete", follows=("2.4",))
class Spec203CancelsInOnComplete(_AtTheEnd):
    def act(self, link: Subscription) -> None:
        link.cancel()


@_shown.subscriber("2.3", "requests in on_error", follows=("2.4",))
class Spec203RequestsInOnError(Spec203RequestsInOnComplete):
    in_complete = False


@_shown.subscriber("2.3", "cancels in on_error", follows=("2.4",))
class Spec203CancelsInOnError(Spec203CancelsInOnComplete):
    in_complete = False


@_shown.subscriber("2.3", "has another thread cancel while it is in on_complete", follows=("2.4",))
class Spec203CancelsFromAnotherThread(_AtTheEnd):
    def act(self, link: Subscription) -> None:
        other = threading.Thread(target=link.cancel)
        other.start()
        other.join()


def _later(call: Callable[[], None]) -> None:
    threading.Timer(0.01, call).start()


@_shown.subscriber("2.4", "requests from another thread after on_complete", follows=("2.3",))
class Spec204RequestsAfterTheEnd(_AtTheEnd):
    def act(self, link: Subscription) -> None:
        _later(lambda: link.request(1))


@_shown.subscriber("2.4", "cancels from another thread after on_error", follows=("2.3",))
class Spec204CancelsAfterTheEnd(_AtTheEnd):
    in_complete = False

    def act(self, link: Subscription) -> None:
        _later(link.cancel)


@_shown.subscriber("2.5", "keeps a second Subscription, neither used nor cancelled")
class Spec205KeepsTheSecond(SteadySubscriber):
    def another(self, subscription: Subscription) -> None:
        pass


@_shown.subscriber("2.5", "uses a second Subscription besides the first")
class Spec205UsesTheSecond(SteadySubscriber):
    def another(self, subscription: Subscription) -> None:
        subscription.request(1)


@_shown.subscriber("2.5", "cancels the first Subscription, and uses the second")
class Spec205ReplacesTheFirst(SteadySubscriber):
    def another(self, subscription: Subscription) -> None:
        self.cancel()
        self.link = subscription
        subscription.request(1)


@_shown.subscriber("2.7", "requests from two threads at once")
class Spec207RequestsConcurrently(SteadySubscriber):
    batch = 8

    def ask(self) -> None:
        link = self.link
        if link is None:
            return
        self.left = self.batch
        start = threading.Barrier(2)

        def request() -> None:
            start.wait(1.0)
            for _ in range(self.batch // 2):
                link.request(1)
                time.sleep(0)

        others = [threading.Thread(target=request) for _ in range(2)]
        for other in others:
            other.start()
        for other in others:
            other.join()


@_shown.subscriber("2.8", "raises on an element after its own cancel", follows=_RAISES)
class Spec208RaisesAfterCancel(SteadySubscriber):
    def on_next(self, element: int, /) -> None:
        if self.seen and self.link is None:
            raise RuntimeError("this was cancelled")
        super().on_next(element)

    def keep(self, element: int) -> None:
        super().keep(element)
        if self.probe is None:
            self.cancel()


class _Expecting(SteadySubscriber):
    received: int = 0

    def keep(self, element: int) -> None:
        self.received += 1
        super().keep(element)


@_shown.subscriber("2.9", "raises on on_complete when no element has come", follows=_RAISES)
class Spec209RaisesOnEarlyComplete(_Expecting):
    def on_complete(self) -> None:
        if not self.received:
            raise RuntimeError("no element")
        super().on_complete()


@_shown.subscriber("2.10", "raises on on_error when no element has come", follows=_RAISES)
class Spec210RaisesOnEarlyError(_Expecting):
    def on_error(self, error: Any, /) -> None:
        if error is not None and not self.received:
            raise RuntimeError("no element")
        super().on_error(error)


@_shown.subscriber("2.13", "raises what on_error brings", follows=("2.10",))
class Spec213RaisesTheErrorItReceives(SteadySubscriber):
    def on_error(self, error: Exception, /) -> None:
        super().on_error(error)
        raise error


@_shown.subscriber("2.13", "raises from on_subscribe")
class Spec213OnSubscribeRaises(SteadySubscriber):
    def on_subscribe(self, subscription: Subscription, /) -> None:
        super().on_subscribe(subscription)
        raise RuntimeError("on_subscribe")


@_shown.subscriber("2.13", "raises from its second on_next")
class Spec213OnNextRaises(_Expecting):
    def on_next(self, element: int, /) -> None:
        super().on_next(element)
        if self.received == 2:
            raise RuntimeError("on_next")


@_shown.subscriber("2.13", "raises from on_complete", follows=("2.9",))
class Spec213OnCompleteRaises(SteadySubscriber):
    def on_complete(self) -> None:
        super().on_complete()
        raise RuntimeError("on_complete")


@_shown.subscriber("2.13", "accepts None for a Subscription")
class Spec213AcceptsNoneForASubscription(SteadySubscriber):
    def on_subscribe(self, subscription: Any, /) -> None:
        if subscription is not None:
            super().on_subscribe(subscription)


@_shown.subscriber("2.13", "accepts None as an element")
class Spec213AcceptsNoneAsAnElement(SteadySubscriber):
    def on_next(self, element: Any, /) -> None:
        if element is not None:
            super().on_next(element)


@_shown.subscriber("2.13", "accepts None for an error")
class Spec213AcceptsNoneForAnError(SteadySubscriber):
    def on_error(self, error: Any, /) -> None:
        if error is not None:
            super().on_error(error)


@_shown.subscriber("2.13", "raises ValueError for None, not TypeError")
class Spec213RaisesTheWrongTypeForNone(SteadySubscriber):
    def on_next(self, element: Any, /) -> None:
        if element is None:
            raise ValueError("no element")
        super().on_next(element)


@_shown.subscriber("2.13", "raises when an element comes before its request has returned")
class Spec213FailsInsideRequest(SteadySubscriber):
    asking: bool = False

    def ask(self) -> None:
        self.asking = True
        super().ask()
        self.asking = False

    def on_next(self, element: Any, /) -> None:
        if element is not None and self.asking:
            raise RuntimeError("not ready")
        super().on_next(element)


@_shown.subscriber("3.8", "drops every third element")
class Spec308DropsElements(_Expecting):
    def keep(self, element: int) -> None:
        if self.received % 3 != 2:
            super().keep(element)
        else:
            self.received += 1


@_shown.subscriber("3.8", "asks for one element, however many it is made to ask for")
class Spec308AsksForLess(SteadySubscriber):
    def request(self, n: int, /) -> None:
        super().request(1)


class _AsksBadly(SteadySubscriber):
    bad: Any = 0

    def ask(self) -> None:
        if self.link is not None:
            self.link.request(self.bad)

    def request(self, n: int, /) -> None:
        super().request(self.bad)


@_shown.subscriber("3.9", "requests 0 elements", follows=("2.1",))
class Spec309RequestsZero(_AsksBadly):
    bad = 0


@_shown.subscriber("3.9", "requests -1 elements", follows=("2.1",))
class Spec309RequestsLessThanZero(_AsksBadly):
    bad = -1


@_shown.subscriber("3.9", "requests a float", follows=("2.1",), level="warns")
class Spec309RequestsAFloat(_AsksBadly):
    bad = 1.0


SUBSCRIBERS = tuple(_shown.exhibits)
