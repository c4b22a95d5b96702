"""Subscriptions that break chapter 3, but for how they count demand."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from reactive_streams import Subscriber
from tck.gallery.broken._base import RangeOutlet, RangePublisher, Signal
from tck.gallery.broken._exhibit import Collection

_shown: Final = Collection()
_QUICK = {"responsive": 0.05}


@_shown.link("3.2", "does not count what is requested inside on_subscribe", follows=("3.8", "1.5"))
class Spec302LosesRequestInOnSubscribe(RangeOutlet):
    subscribed: bool = False

    def run(self) -> None:
        self.subscribed = True
        super().run()

    def add(self, n: int) -> None:
        if self.subscribed:
            super().add(n)


@_shown.link("3.2", "does not count what is requested inside on_next", follows=("3.8", "1.5"))
class Spec302LosesRequestInOnNext(RangeOutlet):
    inside: int | None = None

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        self.inside = threading.get_ident()
        super().emit(subscriber, element)
        self.inside = None

    def add(self, n: int) -> None:
        if self.inside != threading.get_ident():
            super().add(n)


@_shown.link(
    "3.2",
    "waits in request for a lock that it holds itself while it calls on_next",
    follows=("3.4", "3.8", "1.5"),
    settings={"hang": 0.5},
)
class Spec302DeadlocksInOnNext(RangeOutlet):
    patience: float = 2.0
    """It would wait for ever; this long is enough to be noticed."""

    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber, elements)
        self.busy: Any = threading.Lock()

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        with self.busy:
            super().emit(subscriber, element)

    def request(self, n: int, /) -> None:
        if self.busy.acquire(timeout=self.patience):
            self.busy.release()
            super().request(n)
        else:
            self.cancel()


class _Recursing(RangeOutlet):
    depth: int = 0

    def drain(self) -> None:
        # Deep enough to be wrong, and not so deep that it breaks more than this one rule.
        if self.emitting and self.depth < 100 and self.recurses():
            with self.lock:
                signal = None if self.subscriber is None else self.step(self.subscriber)
            if signal is not None:
                self.depth += 1
                self.tell(signal)
                self.depth -= 1
        else:
            super().drain()

    def recurses(self) -> bool:
        return self.inside == threading.get_ident()

    inside: int | None = None

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        before, self.inside = self.inside, threading.get_ident()
        super().emit(subscriber, element)
        self.inside = before


@_shown.link("3.3", "calls on_next from inside a request that is made in on_next")
class Spec303Recurses(_Recursing):
    pass


@_shown.link("3.3", "recurses from the third element on")
class Spec303RecursesAfterTheThird(_Recursing):
    def recurses(self) -> bool:
        return self.sent >= 3 and super().recurses()


@_shown.link("3.4", "works for long inside its first request", level="warns", settings=_QUICK)
class Spec304RequestBlocks(RangeOutlet):
    blocked: bool = False

    def request(self, n: int, /) -> None:
        if not self.blocked:
            self.blocked = True
            time.sleep(0.15)
        super().request(n)


@_shown.link("3.5", "works for long inside cancel", settings=_QUICK)
class Spec305CancelBlocks(RangeOutlet):
    def cancel(self) -> None:
        with self.lock:
            live = self.subscriber is not None
        if live:
            time.sleep(0.15)
        super().cancel()


@_shown.publisher(
    "3.5", "cancel looks and then acts, so that two at once clash", follows=("3.7", "3.15")
)
class Spec305CancelIsNotThreadSafe(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.active: list[object] = []

    def serve(self, subscriber: Subscriber[int]) -> None:
        active = self.active

        class Outlet(RangeOutlet):
            def cancel(self) -> None:
                if self in active:
                    time.sleep(0.005)
                    active.remove(self)
                super().cancel()

        outlet = Outlet(subscriber, self.elements)
        active.append(outlet)
        outlet.start()


class _Remembering(RangeOutlet):
    """Remembers its Subscriber after cancel, to go wrong with it."""

    gone: Subscriber[int] | None = None
    cancels: int = 0

    def cancel(self) -> None:
        self.cancels += 1
        if self.subscriber is not None:
            self.gone = self.subscriber
        super().cancel()


# Where the cancel has not returned on its own thread, the element too many is one of 1.1.
@_shown.link(
    "3.6", "serves a request after cancel", follows=("1.1", "1.3", "1.8", "3.3", "3.12", "3.13")
)
class Spec306ServesRequestAfterCancel(_Remembering):
    def request(self, n: int, /) -> None:
        if self.gone is not None and self.check(n) is None:
            self.gone.on_next(self.sent)
        super().request(n)


@_shown.link("3.6", "signals on_error for a bad request after cancel", follows=("1.8", "3.13"))
class Spec306AnswersBadRequestAfterCancel(_Remembering):
    def request(self, n: int, /) -> None:
        problem = self.check(n)
        if self.gone is not None and problem is not None:
            self.gone.on_error(problem)
        super().request(n)


@_shown.link(
    "3.6", "signals on_error for a bad request after completion", follows=("1.6", "1.7", "3.13")
)
class Spec306AnswersBadRequestAfterCompletion(RangeOutlet):
    ended: Subscriber[int] | None = None

    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        self.ended = subscriber
        return super().ending(subscriber)

    def request(self, n: int, /) -> None:
        problem = self.check(n)
        if self.ended is not None and problem is not None:
            self.ended.on_error(problem)
        super().request(n)


@_shown.link("3.7", "raises on the second cancel", follows=("3.5", "3.13", "3.15"))
class Spec307SecondCancelRaises(_Remembering):
    def cancel(self) -> None:
        super().cancel()
        if self.cancels > 1:
            raise RuntimeError("cancelled already")


@_shown.link(
    "3.7",
    "signals on_error on the second cancel",
    follows=("1.3", "1.7", "1.8", "3.5", "3.12", "3.13"),
)
class Spec307SecondCancelSignals(_Remembering):
    def cancel(self) -> None:
        super().cancel()
        if self.cancels == 2 and self.gone is not None:
            self.gone.on_error(RuntimeError("cancelled already"))


@_shown.link("3.12", "does nothing on cancel", follows=("1.8", "3.6", "3.7", "3.13"))
class Spec312CancelDoesNothing(RangeOutlet):
    limit = 1_000

    def cancel(self) -> None:
        # So that a stream without end comes to one.
        with self.lock:
            self.elements = min(self.elements, self.sent + self.limit)


@_shown.publisher("3.13", "keeps every Subscriber for ever")
class Spec313KeepsTheSubscriber(RangePublisher):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.kept: list[object] = []

    def serve(self, subscriber: Subscriber[int]) -> None:
        self.kept.append(subscriber)
        super().serve(subscriber)


@_shown.link("3.15", "raises from cancel")
class Spec315CancelRaises(RangeOutlet):
    def cancel(self) -> None:
        with self.lock:
            live = self.subscriber is not None
        super().cancel()
        if live:
            raise RuntimeError("cancel")


@_shown.link("3.15", "raises from cancel inside on_next", follows=("3.5",))
class Spec315CancelRaisesInOnNext(RangeOutlet):
    inside = False

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        self.inside = True
        super().emit(subscriber, element)
        self.inside = False

    def cancel(self) -> None:
        super().cancel()
        if self.inside:
            raise RuntimeError("generator already executing")


@_shown.link("3.16", "raises from request, having served it")
class Spec316RequestRaises(RangeOutlet):
    def request(self, n: int, /) -> None:
        super().request(n)
        raise RuntimeError("request")


@_shown.link(
    "3.16", "raises ValueError from a bad request instead of signalling it", follows=("3.9",)
)
class Spec316RaisesForBadRequest(RangeOutlet):
    def request(self, n: int, /) -> None:
        problem = self.check(n)
        if problem is not None and self.subscriber is not None:
            raise problem
        super().request(n)


@_shown.link("3.16", "raises from a request after cancel", follows=("3.6", "3.13"))
class Spec316RaisesAfterCancel(_Remembering):
    def request(self, n: int, /) -> None:
        if self.cancels:
            raise RuntimeError("cancelled")
        super().request(n)


SUBSCRIPTIONS = tuple(_shown.exhibits)
