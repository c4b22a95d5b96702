"""Correct implementations in small pieces; each exhibit replaces one piece by a wrong one."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeAlias

from reactive_streams import UNBOUNDED, Publisher, Subscriber, Subscription

Signal: TypeAlias = Callable[[], None]

_log = logging.getLogger("tck.broken")
# Many of them are made to fail on purpose: who wants to read about it adds a handler.
_log.addHandler(logging.NullHandler())


def make_known(error: BaseException) -> None:
    """Logs what a Subscriber raised (§2.13), without its frames, which would hold the Subscriber."""
    _log.warning("a Subscriber raised %r; its Subscription counts as cancelled", error)


def wrong_request(n: object) -> Exception | None:
    """Returns what on_error has to be given for such a request, or None if it is a good one (§3.9)."""
    if not isinstance(n, int) or isinstance(n, bool):
        return TypeError(f"rule 3.9: demand has to be a positive int, not {n!r}")
    if n <= 0:
        return ValueError(f"rule 3.9: demand has to be a positive int, not {n}")
    return None


class Outlet(Subscription):
    """One Subscriber of a Publisher: its demand, and one loop at a time that sends it signals.

    Whoever finds the loop idle runs it; whoever finds it running leaves what there is to do in the
    state, which the loop looks at under the same lock before it stops. So nothing recurses (§3.3),
    nothing overlaps (§1.3), and no request is lost (§3.8).
    """

    def __init__(self, subscriber: Subscriber[int]) -> None:
        self.subscriber: Subscriber[int] | None = subscriber
        """None once it is over: cancelled, or ended (§3.13)."""
        # Reentrant: dropping the last reference to a Subscriber runs its finaliser, which may cancel.
        self.lock: Any = threading.RLock()
        self.demand: int = 0
        self.problem: Exception | None = None
        # The loop counts as running until on_subscribe has returned.
        self.emitting: bool = True

    def start(self) -> None:
        """Gives itself to the Subscriber, and then sends what can be sent at once."""
        subscriber = self.subscriber
        if subscriber is not None:
            self.tell(partial(subscriber.on_subscribe, self))
        self.run()

    def request(self, n: int, /) -> None:
        """Returns None, having counted the demand and sent what can be sent."""
        problem = self.check(n)
        with self.lock:
            if self.subscriber is None:
                return
            if problem is None:
                self.add(n)
            elif self.problem is None:
                self.problem = problem
        self.drain()

    def cancel(self) -> None:
        """Returns None, having let go of the Subscriber."""
        with self.lock:
            self.drop()

    def check(self, n: object) -> Exception | None:
        """Returns what is wrong with such a request."""
        return wrong_request(n)

    def add(self, n: int) -> None:
        """Adds to the demand; the lock is held."""
        self.demand = min(UNBOUNDED, self.demand + n)

    def use(self) -> bool:
        """Returns whether there is demand, having used one of it; the lock is held."""
        if self.demand <= 0:
            return False
        # At UNBOUNDED it is no longer counted (§3.17).
        if self.demand < UNBOUNDED:
            self.demand -= 1
        return True

    def drop(self) -> None:
        """Makes it over; the lock is held."""
        self.subscriber = None

    def drain(self) -> None:
        """Runs the loop, if nobody does."""
        with self.lock:
            if self.emitting:
                return
            self.emitting = True
        self.run()

    def run(self) -> None:
        """Sends signals until none is due; `emitting` belongs to the caller."""
        while (signal := self.take()) is not None:
            self.tell(signal)

    def take(self) -> Signal | None:
        """Returns the next signal; None if there is none, and then the loop counts as idle."""
        with self.lock:
            subscriber = self.subscriber
            signal = None if subscriber is None else self.step(subscriber)
            if signal is None:
                self.emitting = False
            return signal

    @abstractmethod
    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        """Returns the next signal, if one is due, the state changed for it; the lock is held."""

    def tell(self, signal: Signal) -> None:
        """Sends one signal; a Subscriber that raises counts as one that has cancelled (§2.13)."""
        try:
            signal()
        except BaseException as error:
            with self.lock:
                self.drop()
            if not isinstance(error, Exception):
                raise
            make_known(error)


class RangeOutlet(Outlet):
    """Sends 0, 1, 2, ... as requested, and completes with the last."""

    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber)
        self.elements: int = elements
        self.sent: int = 0

    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        """Returns the error of a bad request, else the end, else an element if there is demand."""
        if self.problem is not None:
            return self.failing(subscriber, self.problem)
        if self.sent >= self.elements:
            return self.ending(subscriber)
        if not self.use():
            return None
        element = self.sent
        self.sent += 1
        return partial(self.emit, subscriber, element)

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        """Sends one element."""
        subscriber.on_next(element)

    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        """Returns the signal at the end of the stream; the lock is held."""
        self.drop()
        return subscriber.on_complete

    def failing(self, subscriber: Subscriber[int], problem: Exception) -> Signal | None:
        """Returns the signal for a bad request; the lock is held."""
        self.drop()
        return partial(subscriber.on_error, problem)


class RangePublisher(Publisher[int]):
    """0, 1, 2, ... up to that many elements, from the beginning for each Subscriber."""

    def __init__(self, elements: int, outlet: Any = RangeOutlet) -> None:
        self.elements = elements
        self.outlet: Callable[[Subscriber[int], int], RangeOutlet] = outlet

    def subscribe(self, subscriber: Subscriber[int], /) -> None:
        """Returns None, having started an outlet for the Subscriber."""
        needs_subscriber(subscriber)
        self.serve(subscriber)

    def serve(self, subscriber: Subscriber[int]) -> None:
        """Starts the outlet."""
        self.outlet(subscriber, self.elements).start()


def needs_subscriber(subscriber: object) -> None:
    """Raises TypeError for None (§1.9)."""
    if subscriber is None:
        raise TypeError("rule 1.9: a Subscriber is needed, not None")


class FailedOutlet(RangeOutlet):
    """Sends on_error and nothing else."""

    def __init__(self, subscriber: Subscriber[int], error: Exception) -> None:
        super().__init__(subscriber, 0)
        self.problem = error


class FailedPublisher(Publisher[int]):
    """Refuses whoever subscribes: on_subscribe, then on_error."""

    def subscribe(self, subscriber: Subscriber[int], /) -> None:
        """Returns None, having told the Subscriber."""
        needs_subscriber(subscriber)
        self.serve(subscriber)

    def serve(self, subscriber: Subscriber[int]) -> None:
        """Sends both signals."""
        FailedOutlet(subscriber, RuntimeError("this Publisher fails")).start()


class Puppet(Protocol):
    """What makes a Subscriber do something."""

    def request(self, n: int, /) -> None:
        """Makes it request."""
        ...

    def cancel(self) -> None:
        """Makes it cancel."""
        ...


class Probe(Protocol):
    """What a Subscriber under a whitebox test tells about itself."""

    def on_subscribe(self, puppet: Puppet, /) -> None:
        """It has a Subscription, and can be made to use it."""
        ...

    def on_next(self, element: Any, /) -> None:
        """It has received an element."""
        ...

    def on_error(self, error: Any, /) -> None:
        """It has received on_error."""
        ...

    def on_complete(self) -> None:
        """It has received on_complete."""
        ...


class SteadySubscriber(Subscriber[int]):
    """Asks for four elements, and when they are there, for four more.

    With a probe it asks for nothing by itself: its puppet does.
    """

    batch = 4

    def __init__(self, probe: Probe | None = None) -> None:
        self.probe = probe
        self.link: Subscription | None = None
        self.seen: bool = False
        self.left: int = 0

    def on_subscribe(self, subscription: Subscription, /) -> None:
        """Takes the first Subscription, and cancels every other."""
        refuse_none(subscription, "a Subscription")
        if self.seen:
            self.another(subscription)
            return
        self.seen = True
        self.link = subscription
        if self.probe is not None:
            self.probe.on_subscribe(self)
        else:
            self.ask()

    def another(self, subscription: Subscription) -> None:
        """Deals with a Subscription that comes too late (§2.5)."""
        subscription.cancel()

    def ask(self) -> None:
        """Asks for the next batch."""
        link = self.link
        if link is not None:
            # Before the call: a synchronous Publisher delivers inside it.
            self.left = self.batch
            link.request(self.batch)

    def request(self, n: int, /) -> None:
        """Requests, for the probe."""
        if self.link is not None:
            self.link.request(n)

    def cancel(self) -> None:
        """Cancels, for the probe."""
        link, self.link = self.link, None
        if link is not None:
            link.cancel()

    def on_next(self, element: Any, /) -> None:
        """Takes an element, and asks for more if it was the last of a batch."""
        refuse_none(element, "an element")
        if self.link is None:
            return
        self.keep(element)
        if self.probe is None:
            self.left -= 1
            if self.left == 0:
                self.ask()

    def keep(self, element: int) -> None:
        """Does with an element what is to be done with it."""
        if self.probe is not None:
            self.probe.on_next(element)

    def on_error(self, error: Any, /) -> None:
        """Lets go of the Subscription."""
        refuse_none(error, "an Exception")
        self.link = None
        if self.probe is not None:
            self.probe.on_error(error)

    def on_complete(self) -> None:
        """Lets go of the Subscription."""
        self.link = None
        if self.probe is not None:
            self.probe.on_complete()


def refuse_none(value: object, what: str) -> None:
    """Raises TypeError for None (§2.13)."""
    if value is None:
        raise TypeError(f"rule 2.13: {what} is needed, not None")
