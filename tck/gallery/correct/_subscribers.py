"""Correct subscribers."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Final

from reactive_streams import Subscriber, Subscription
from tck.gallery.broken._base import Probe, SteadySubscriber, refuse_none
from tck.gallery.broken._exhibit import Collection
from tck.gallery.correct._pool import Pool

_shown: Final = Collection()


@_shown.subscriber("", "asks for one element, and when it is there, for the next")
class OneByOneSubscriber(SteadySubscriber):
    batch = 1


@_shown.subscriber("", "asks for four elements, and when they are there, for four more")
class BatchingSubscriber(SteadySubscriber):
    pass


@_shown.subscriber("", "takes three elements, and cancels")
class SubscriberCancellingAfterThree(SteadySubscriber):
    batch = 1
    taken: int = 0

    def keep(self, element: int) -> None:
        super().keep(element)
        self.taken += 1
        # With a probe its puppet decides how much is enough.
        if self.taken == 3 and self.probe is None:
            self.cancel()


@_shown.subscriber("", "works on a thread of its own, one signal after the other")
class ThreadedSubscriber(Subscriber[int]):
    """Puts down what it is sent, for its thread; the sender does not wait.

    The Subscription is called from that thread only (§2.7), and under a lock, which the end takes
    too: once on_complete or on_error has returned, no call can begin (§2.4).
    """

    batch = 4

    def __init__(self, probe: Probe | None = None) -> None:
        self.probe = probe
        self.worker: Pool = Pool(1)
        # Reentrant: a synchronous Publisher signals inside request.
        self.calls: Any = threading.RLock()
        self.link: Subscription | None = None
        self.seen: bool = False
        # Only the worker looks at it.
        self.left: int = 0

    def on_subscribe(self, subscription: Subscription, /) -> None:
        refuse_none(subscription, "a Subscription")
        with self.calls:
            first, self.seen = not self.seen, True
            if first:
                self.link = subscription
        if first:
            self.worker.submit(self.begin)
        else:
            subscription.cancel()

    def on_next(self, element: int, /) -> None:
        refuse_none(element, "an element")
        self.worker.submit(partial(self.keep, element))

    def on_error(self, error: Exception, /) -> None:
        refuse_none(error, "an Exception")
        self.end()
        if self.probe is not None:
            self.worker.submit(partial(self.probe.on_error, error))

    def on_complete(self) -> None:
        self.end()
        if self.probe is not None:
            self.worker.submit(self.probe.on_complete)

    def end(self) -> None:
        """Lets go of the Subscription."""
        with self.calls:
            self.link = None

    def begin(self) -> None:
        """Asks for the first elements, or leaves that to the probe; on the worker."""
        if self.probe is not None:
            self.probe.on_subscribe(self)
        else:
            self.ask(self.batch)

    def keep(self, element: int) -> None:
        """Takes an element; on the worker."""
        if self.probe is not None:
            self.probe.on_next(element)
            return
        self.left -= 1
        if self.left == 0:
            self.ask(self.batch)

    def ask(self, n: int) -> None:
        """Asks for so many more; on the worker."""
        with self.calls:
            link = self.link
            if link is not None:
                self.left = n
                link.request(n)

    def leave(self) -> None:
        """Cancels; on the worker."""
        with self.calls:
            link, self.link = self.link, None
            if link is not None:
                link.cancel()

    def request(self, n: int, /) -> None:
        self.worker.submit(partial(self.ask, n))

    def cancel(self) -> None:
        self.worker.submit(self.leave)


SUBSCRIBERS = tuple(_shown.exhibits)
