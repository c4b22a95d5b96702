"""Publishers that break chapter 1, in how they signal."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Final

from reactive_streams import Subscriber
from tck.gallery.broken._base import (
    FailedOutlet,
    FailedPublisher,
    RangeOutlet,
    RangePublisher,
    Signal,
)
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()


def _later(signal: Signal) -> None:
    """Sends a signal from another thread, after its caller has gone on."""
    threading.Timer(0.01, signal).start()


class _Idle:
    def request(self, n: int, /) -> None: ...
    def cancel(self) -> None: ...


@_shown.link("1.1", "sends n + 1 elements for request(n)")
class Spec101SendsOneTooMany(RangeOutlet):
    def add(self, n: int) -> None:
        super().add(n + 1)


@_shown.link("1.1", "sends one element too many, only for request(n) with n >= 16")
class Spec101SendsOneTooManyForLargeRequests(RangeOutlet):
    def add(self, n: int) -> None:
        super().add(n + 1 if n >= 16 else n)


@_shown.link("1.1", "sends two elements before anything is requested")
class Spec101SendsBeforeRequest(RangeOutlet):
    def start(self) -> None:
        self.demand = 2
        super().start()


@_shown.link(
    "1.3", "serves a request made inside a signal from another thread, before that is over"
)
class Spec103SignalsFromTwoThreads(RangeOutlet):
    helpers: int = 0

    def drain(self) -> None:
        if self.emitting and self.helpers < 4:
            self.helpers += 1
            helper = threading.Thread(target=self._one)
            helper.start()
            helper.join(1.0)
        super().drain()

    def _one(self) -> None:
        with self.lock:
            signal = None if self.subscriber is None else self.step(self.subscriber)
        if signal is not None:
            self.tell(signal)


@_shown.failing("1.4", "says nothing at all when it fails")
class Spec104FailsSilently(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        subscriber.on_subscribe(_Idle())


@_shown.failing("1.4", "completes when it fails")
class Spec104CompletesInsteadOfFailing(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        RangeOutlet(subscriber, 0).start()


@_shown.link("1.5", "never completes")
class Spec105NeverCompletes(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        return None


@_shown.publisher("1.5", "has one element more than it was made for")
class Spec105HasOneMore(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements + 1)


@_shown.link("1.5", "completes, except when it is empty")
class Spec105EmptyNeverCompletes(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        return super().ending(subscriber) if self.elements else None


@_shown.link("1.5", "completes only if no more is asked for than there is")
class Spec105WaitsForWhatItHasNot(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        return None if self.demand else super().ending(subscriber)


class _AfterTheEnd(RangeOutlet):
    """Keeps the Subscriber beyond the end of the stream, to go wrong with it."""

    ended: Subscriber[int] | None = None

    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        self.ended = subscriber
        return super().ending(subscriber)


@_shown.link("1.6", "serves a request after on_complete", follows=("1.7", "3.6", "3.13"))
class Spec106ServesRequestsAfterCompletion(_AfterTheEnd):
    def request(self, n: int, /) -> None:
        ended = self.ended
        if ended is None:
            super().request(n)
        elif self.check(n) is None:
            ended.on_next(self.sent)


@_shown.link("1.7", "completes twice")
class Spec107CompletesTwice(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        complete = super().ending(subscriber)

        def twice() -> None:
            if complete is not None:
                complete()
            subscriber.on_complete()

        return twice


@_shown.link("1.7", "sends an element after on_complete", follows=("1.1",))
class Spec107SendsAfterComplete(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        self.drop()

        def end() -> None:
            subscriber.on_complete()
            subscriber.on_next(self.sent)

        return end


@_shown.failing("1.7", "completes after on_error")
class Spec107CompletesAfterError(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        super().serve(subscriber)
        subscriber.on_complete()


class _ServesAfterError(FailedOutlet):
    def __init__(self, subscriber: Subscriber[int], error: Exception) -> None:
        super().__init__(subscriber, error)
        self.kept = subscriber
        self.failed = False

    def request(self, n: int, /) -> None:
        if self.failed and self.check(n) is None:
            self.kept.on_next(0)

    def failing(self, subscriber: Subscriber[int], problem: Exception) -> Signal | None:
        self.failed = True
        return super().failing(subscriber, problem)


@_shown.failing("1.7", "serves requests after on_error", follows=("1.6", "3.6", "3.13"))
class Spec107ServesRequestsAfterError(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        _ServesAfterError(subscriber, RuntimeError("this Publisher fails")).start()


@_shown.link("1.7", "goes on after the on_error of a bad request", follows=("1.6", "3.6", "3.13"))
class Spec107GoesOnAfterBadRequest(RangeOutlet):
    def failing(self, subscriber: Subscriber[int], problem: Exception) -> Signal | None:
        self.problem = None
        return partial(subscriber.on_error, problem)


@_shown.link("1.7", "completes after the on_error of a bad request")
class Spec107CompletesAfterBadRequest(RangeOutlet):
    def failing(self, subscriber: Subscriber[int], problem: Exception) -> Signal | None:
        self.drop()

        def fail() -> None:
            subscriber.on_error(problem)
            subscriber.on_complete()

        return fail


@_shown.link("1.7", "is empty, completes, and completes again later from another thread")
class Spec107EmptySignalsLate(RangeOutlet):
    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        self.drop()

        def end() -> None:
            subscriber.on_complete()
            if self.elements == 0:
                _later(subscriber.on_complete)

        return end


@_shown.failing("1.7", "fails, and sends an element later from another thread", follows=("1.1",))
class Spec107FailedSignalsLate(FailedPublisher):
    def serve(self, subscriber: Subscriber[int]) -> None:
        super().serve(subscriber)
        _later(partial(subscriber.on_next, 0))


@_shown.link("1.8", "does not look at cancel while it emits", follows=("3.12",))
class Spec108IgnoresCancelInItsLoop(RangeOutlet):
    limit = 1_000
    """So that it comes to an end at all, whatever was asked for."""

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        super().emit(subscriber, element)
        for _ in range(self.limit):
            with self.lock:
                if self.subscriber is not None or self.sent >= self.elements or not self.use():
                    return
                element, self.sent = self.sent, self.sent + 1
            subscriber.on_next(element)


@_shown.link(
    "1.8", "goes on emitting from its thread after cancel", follows=("3.6", "3.12", "3.13")
)
class Spec108ThreadDoesNotLookAtCancel(RangeOutlet):
    def run(self) -> None:
        threading.Thread(target=super().run).start()

    def cancel(self) -> None:
        with self.lock:
            self.elements = min(self.elements, self.sent + 200)

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        time.sleep(0.0005)
        super().emit(subscriber, element)


PUBLISHERS = tuple(_shown.exhibits)
