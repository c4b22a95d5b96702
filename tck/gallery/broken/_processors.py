"""Processors that break chapter 4, and what the others demand of them."""

from __future__ import annotations

from typing import Any, Final

from reactive_streams import UNBOUNDED, Subscriber, Subscription
from tck.gallery.broken._base import Signal, refuse_none
from tck.gallery.broken._exhibit import Collection
from tck.gallery.broken._relay import IdentityProcessor, RelayOutlet

_shown: Final = Collection()


class _Complete(RelayOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        self.drop()

        def twice() -> None:
            subscriber.on_complete()
            subscriber.on_complete()

        return twice


@_shown.processor("1.7", "completes twice", follows=("4.1",))
class Spec107ProcessorCompletesTwice(IdentityProcessor):
    outlet = _Complete


class _FailAndComplete(RelayOutlet):
    def failing(self, subscriber: Subscriber[int], error: Exception) -> Signal | None:
        self.drop()

        def both() -> None:
            subscriber.on_error(error)
            subscriber.on_complete()

        return both


@_shown.processor("1.7", "completes after it has passed an error on", follows=("4.1",))
class Spec107ProcessorCompletesAfterError(IdentityProcessor):
    outlet = _FailAndComplete


class _Greedy(RelayOutlet):
    def use(self) -> bool:
        return True


@_shown.processor("1.1", "asks for everything and passes it on unasked", follows=("4.1",))
class Spec101ProcessorIgnoresDemand(IdentityProcessor):
    outlet = _Greedy

    def on_subscribe(self, subscription: Subscription, /) -> None:
        super().on_subscribe(subscription)
        self.upstream.request(64)


@_shown.processor("2.1", "does not pass demand on", follows=("3.8", "4.1"))
class Spec201ProcessorKeepsDemand(IdentityProcessor):
    def demanded(self, n: int) -> None:
        pass


@_shown.processor("2.1", "forgets demand that comes before its upstream", follows=("3.8", "4.1"))
class Spec201ProcessorForgetsEarlyDemand(IdentityProcessor):
    def demanded(self, n: int) -> None:
        if self.upstream.link is not None:
            super().demanded(n)


@_shown.processor("2.5", "takes a second upstream, and leaves the first", follows=("4.1",))
class Spec205ProcessorReplacesUpstream(IdentityProcessor):
    def on_subscribe(self, subscription: Subscription, /) -> None:
        with self.upstream.lock:
            self.upstream.link = None
        super().on_subscribe(subscription)


@_shown.processor(
    "2.6", "does not cancel upstream when downstream cancels", follows=("3.12", "4.1")
)
class Spec206ProcessorDoesNotCancelUpstream(IdentityProcessor):
    def cancelled(self) -> None:
        pass


@_shown.processor("2.13", "accepts None as an element", follows=("4.1",))
class Spec213ProcessorAcceptsNone(IdentityProcessor):
    def on_next(self, element: Any, /) -> None:
        if element is not None:
            super().on_next(element)


class _CompletesEarly(RelayOutlet):
    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        if self.relay.complete and self.problem is None:
            return self.ending(subscriber)
        return super().step(subscriber)


@_shown.processor(
    "1.5",
    "completes at once, while elements are still in its buffer",
    follows=("3.8", "4.1"),
    settings={"buffer": 8},
)
class Spec105ProcessorCompletesBeforeTheElements(IdentityProcessor):
    outlet = _CompletesEarly

    def __init__(self) -> None:
        super().__init__()
        self.upstream.request(8)

    def demanded(self, n: int) -> None:
        pass

    def delivered(self) -> None:
        self.upstream.request(1)


@_shown.processor("1.5", "does not pass the end on", follows=("4.1",))
class Spec105ProcessorSwallowsTheEnd(IdentityProcessor):
    def on_complete(self) -> None:
        self.upstream.end()


@_shown.processor("3.8", "drops every third element", follows=("4.1",))
class Spec308ProcessorDropsElements(IdentityProcessor):
    received: int = 0

    def on_next(self, element: Any, /) -> None:
        self.received += 1
        refuse_none(element, "an element")
        if self.received % 3:
            super().on_next(element)


@_shown.processor(
    "4.1", "asks for everything, though it declares a buffer of 8", settings={"buffer": 8}
)
class Spec401ProcessorAsksForMoreThanItsBuffer(IdentityProcessor):
    def on_subscribe(self, subscription: Subscription, /) -> None:
        super().on_subscribe(subscription)
        self.upstream.request(UNBOUNDED)

    def demanded(self, n: int) -> None:
        pass


@_shown.processor("4.1", "accepts None for a Subscriber", follows=("1.9",))
class Spec401ProcessorAcceptsNoSubscriber(IdentityProcessor):
    def subscribe(self, subscriber: Any, /) -> None:
        if subscriber is not None:
            super().subscribe(subscriber)


@_shown.processor("4.2", "says nothing when upstream fails", follows=("1.4", "4.1"))
class Spec402SwallowsTheError(IdentityProcessor):
    def on_error(self, error: Exception, /) -> None:
        refuse_none(error, "an Exception")
        self.upstream.end()


@_shown.processor("4.2", "completes when upstream fails", follows=("1.4", "4.1"))
class Spec402CompletesOnError(IdentityProcessor):
    def on_error(self, error: Exception, /) -> None:
        refuse_none(error, "an Exception")
        self.on_complete()


class _ErrorLast(RelayOutlet):
    def failing(self, subscriber: Subscriber[int], error: Exception) -> Signal | None:
        # It waits for demand that an error does not need.
        return super().failing(subscriber, error) if self.use() else None


@_shown.processor("4.2", "passes an error on only when there is demand", follows=("1.4", "4.1"))
class Spec402DelaysTheError(IdentityProcessor):
    outlet = _ErrorLast


@_shown.processor("4.2", "recovers, and goes on using its upstream", settings={"recovers": True})
class Spec402UsesUpstreamAfterError(IdentityProcessor):
    def on_error(self, error: Exception, /) -> None:
        refuse_none(error, "an Exception")
        link = self.upstream.link
        self.on_complete()
        if link is not None:
            link.request(1)


class _Part(Subscription):
    """What one of several asks for, of all that is there."""

    def __init__(self, whole: Spec402FailsForOneOnly, part: IdentityProcessor) -> None:
        self.whole = whole
        self.part = part

    def request(self, n: int, /) -> None:
        self.whole.upstream.request(n)

    def cancel(self) -> None:
        with self.whole.lock:
            self.whole.parts.remove(self.part)
            last = not self.whole.parts
        if last:
            self.whole.upstream.cancel()


@_shown.processor("4.2", "tells the first of its Subscribers of an error", follows=("1.4",))
class Spec402FailsForOneOnly(IdentityProcessor):
    """Each Subscriber has a relay of its own, which is sent all that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[IdentityProcessor] = []

    def subscribe(self, subscriber: Any, /) -> None:
        part = IdentityProcessor()
        with self.lock:
            self.parts.append(part)
        part.on_subscribe(_Part(self, part))
        part.subscribe(subscriber)
        if self.error is not None:
            part.on_error(self.error)
        elif self.complete:
            part.on_complete()

    def on_next(self, element: Any, /) -> None:
        refuse_none(element, "an element")
        for part in self.parts.copy():
            part.on_next(element)

    def on_error(self, error: Exception, /) -> None:
        refuse_none(error, "an Exception")
        self.upstream.end()
        self.error = error
        for part in self.parts[:1]:
            part.on_error(error)

    def on_complete(self) -> None:
        self.upstream.end()
        self.complete = True
        for part in self.parts.copy():
            part.on_complete()


@_shown.processor(
    "2.7", "asks its upstream from whatever thread it is asked on, without a lock", follows=("4.1",)
)
class Spec207ProcessorAsksFromAnyThread(IdentityProcessor):
    def demanded(self, n: int) -> None:
        link = self.upstream.link
        if link is None:
            super().demanded(n)
        else:
            link.request(n)

    def delivered(self) -> None:
        self.upstream.request(1)


@_shown.processor(
    "2.7", "cancels its upstream while another thread is inside of a request", follows=("4.1",)
)
class Spec207ProcessorCancelsDuringRequest(IdentityProcessor):
    def cancelled(self) -> None:
        upstream = self.upstream
        with upstream.lock:
            upstream.over = True
            link, upstream.link = upstream.link, None
        if link is not None:
            link.cancel()


PROCESSORS = tuple(_shown.exhibits)
