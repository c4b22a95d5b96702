"""Publishers that break §1.9 and §1.11, and what chapter 2 demands of them."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Final

from reactive_streams import Subscriber
from tck.gallery.broken._base import (
    FailedPublisher,
    RangeOutlet,
    RangePublisher,
    Signal,
    make_known,
)
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()


class _Idle:
    def request(self, n: int, /) -> None: ...
    def cancel(self) -> None: ...


@_shown.link("1.9", "sends an element before on_subscribe", follows=("1.1",))
class Spec109SendsBeforeOnSubscribe(RangeOutlet):
    def start(self) -> None:
        with self.lock:
            subscriber = self.subscriber
        if self.elements and subscriber is not None:
            self.tell(partial(subscriber.on_next, 0))
            self.sent = 1
        super().start()


@_shown.link("1.9", "completes an empty stream without on_subscribe")
class Spec109CompletesWithoutOnSubscribe(RangeOutlet):
    def start(self) -> None:
        if self.elements:
            super().start()
        else:
            self.run()


@_shown.failing("1.9", "fails without on_subscribe")
class Spec109FailsWithoutOnSubscribe(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        subscriber.on_error(RuntimeError("this Publisher fails"))


@_shown.publisher("1.9", "never calls on_subscribe", follows=("1.5", "3.8"))
class Spec109NeverCallsOnSubscribe(RangePublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        pass


@_shown.publisher("1.9", "accepts None for a Subscriber")
class Spec109AcceptsNone(RangePublisher):
    def subscribe(self, subscriber: Any, /) -> None:
        if subscriber is not None:
            self.serve(subscriber)


@_shown.publisher("1.9", "raises ValueError for None, not TypeError")
class Spec109RaisesTheWrongTypeForNone(RangePublisher):
    def subscribe(self, subscriber: Any, /) -> None:
        if subscriber is None:
            raise ValueError("no Subscriber")
        self.serve(subscriber)


@_shown.failing("1.9", "raises from subscribe instead of signalling on_error", follows=("1.4",))
class Spec109RaisesInsteadOfOnError(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        raise RuntimeError("this Publisher fails")


@_shown.publisher("1.9", "refuses the second Subscriber by raising from subscribe")
class Spec109RaisesForTheSecond(RangePublisher):
    taken: bool = False

    def serve(self, subscriber: Subscriber[int]) -> None:
        if self.taken:
            raise RuntimeError("this Publisher has its Subscriber")
        self.taken = True
        super().serve(subscriber)


class _Shared(RangeOutlet):
    """Takes its elements from where the other Subscribers of its Publisher take theirs."""

    def __init__(self, subscriber: Subscriber[int], source: Spec111StealsElements) -> None:
        super().__init__(subscriber, source.elements)
        self.source = source
        self.lock = source.lock

    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        self.sent = self.source.sent
        signal = super().step(subscriber)
        self.source.sent = self.sent
        return signal


_STREAM_EACH = {"per_subscriber": True}


@_shown.publisher("1.11", "gives each element to one Subscriber only", settings=_STREAM_EACH)
class Spec111StealsElements(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.lock: Any = threading.RLock()
        self.sent = 0

    def serve(self, subscriber: Subscriber[int]) -> None:
        _Shared(subscriber, self).start()


@_shown.publisher(
    "1.11", "declares multicast, and divides the elements", settings={"multicast": True}
)
class Spec111MulticastDivides(Spec111StealsElements):
    pass


@_shown.publisher("1.11", "has one cursor for all, and declares nothing", level="warns")
class Spec111SharesOneCursor(Spec111StealsElements):
    pass


@_shown.publisher(
    "1.11",
    "takes a second Subscriber and never sends it anything",
    follows=("1.5", "3.8"),
    settings=_STREAM_EACH,
)
class Spec111ForgetsTheSecond(RangePublisher):
    taken = False

    def serve(self, subscriber: Subscriber[int]) -> None:
        if self.taken:
            subscriber.on_subscribe(_Idle())
            return
        self.taken = True
        super().serve(subscriber)


@_shown.link("2.12", "calls on_subscribe twice")
class Spec212CallsOnSubscribeTwice(RangeOutlet):
    def start(self) -> None:
        subscriber = self.subscriber
        if subscriber is not None:
            self.tell(partial(subscriber.on_subscribe, self))
        super().start()


@_shown.link("2.13", "goes on sending after the Subscriber raised")
class Spec213GoesOnAfterSubscriberRaised(RangeOutlet):
    def tell(self, signal: Signal) -> None:
        try:
            signal()
        except Exception as error:
            make_known(error)


@_shown.link("2.13", "tells the Subscriber by on_error that it has raised", level="warns")
class Spec213SendsTheSubscriberItsOwnError(RangeOutlet):
    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        try:
            subscriber.on_next(element)
        except Exception as error:
            with self.lock:
                self.drop()
            subscriber.on_error(error)


@_shown.link("2.13", "sends None as its second element")
class Spec213SendsNone(RangeOutlet):
    def emit(self, subscriber: Subscriber[Any], element: int) -> None:
        subscriber.on_next(None if element == 1 else element)


SUBSCRIBING = tuple(_shown.exhibits)
