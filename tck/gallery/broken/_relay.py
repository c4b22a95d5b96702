"""A correct identity Processor, in small pieces."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import Any

from reactive_streams import UNBOUNDED, Processor, Subscriber, Subscription
from tck.gallery.broken._base import FailedOutlet, Outlet, Signal, needs_subscriber, refuse_none


class Upstream:
    """The Subscription of a Processor, on which calls are made one after the other (§2.7).

    Demand that comes before there is a Subscription waits for it, and so does a cancel. Once `end`
    has returned no call begins (§2.4).
    """

    def __init__(self) -> None:
        self.lock: Any = threading.RLock()
        self.link: Subscription | None = None
        self.wanted: int = 0
        self.over: bool = False
        self.asking: bool = False
        """Whether somebody is at it, and will see what is wanted."""
        # Held during a call. Reentrant: a synchronous upstream signals inside request.
        self.turn: Any = threading.RLock()

    def connect(self, subscription: Subscription) -> None:
        """Takes the Subscription, unless there is one already, or no more use for any (§2.5, §2.6)."""
        with self.lock:
            taken = self.link is None and not self.over
            if taken:
                self.link = subscription
        if taken:
            self._ask()
        else:
            subscription.cancel()

    def request(self, n: int) -> None:
        """Asks for so many more."""
        with self.lock:
            self.wanted = min(UNBOUNDED, self.wanted + n)
        self._ask()

    def cancel(self) -> None:
        """Cancels, now if no other thread is inside request, else in `look`, or when that is out."""
        with self.lock:
            self.over = True
        self.look()

    def look(self) -> None:
        """Makes the cancel that is due, if this thread may."""
        with self.lock:
            due = self.over and self.link is not None
        # Not to wait for a request that takes long: whoever makes it looks here afterwards.
        if due and self.turn.acquire(blocking=False):
            try:
                with self.lock:
                    link, self.link = self.link, None
                if link is not None:
                    link.cancel()
            finally:
                self.turn.release()

    def end(self) -> None:
        """Upstream is over by itself (§2.4)."""
        with self.lock:
            self.over = True
            self.link = None
        # A call that another thread has begun is out before this returns.
        with self.turn:
            pass

    def _ask(self) -> None:
        with self.lock:
            if self.asking:
                return
            self.asking = True
        while self._asked():
            pass
        self.look()

    def _asked(self) -> bool:
        with self.turn:
            with self.lock:
                link = self.link
                if link is None or self.over or not self.wanted:
                    self.asking = False
                    return False
                n, self.wanted = self.wanted, 0
            try:
                link.request(n)
            except BaseException:
                self.asking = False
                raise
            return True


class RelayOutlet(Outlet):
    """Sends what the Processor has put into it."""

    def __init__(self, subscriber: Subscriber[int], relay: IdentityProcessor) -> None:
        super().__init__(subscriber)
        self.relay = relay

    def request(self, n: int, /) -> None:
        """Counts the demand, sends what there is, and passes the demand on."""
        super().request(n)
        with self.lock:
            live = self.subscriber is not None
        if live and self.check(n) is None:
            self.relay.demanded(n)

    def drop(self) -> None:
        """Makes it over; the lock is held."""
        super().drop()
        self.relay.items.clear()

    def cancel(self) -> None:
        """Lets go of the Subscriber, and cancels upstream."""
        super().cancel()
        self.relay.cancelled()

    def step(self, subscriber: Subscriber[int]) -> Signal | None:
        """Returns the error of a bad request, else an element if there is demand, else the end."""
        relay = self.relay
        if self.problem is not None:
            problem = self.problem
            self.drop()

            def fail() -> None:
                relay.cancelled()
                subscriber.on_error(problem)

            return fail
        if relay.error is not None:
            return self.failing(subscriber, relay.error)
        if relay.items:
            if not self.use():
                return None
            element = relay.items.popleft()
            return partial(self.emit, subscriber, element)
        return self.ending(subscriber) if relay.complete else None

    def emit(self, subscriber: Subscriber[int], element: int) -> None:
        """Sends one element."""
        subscriber.on_next(element)
        self.relay.delivered()

    def failing(self, subscriber: Subscriber[int], error: Exception) -> Signal | None:
        """Returns the signal for a failure of upstream; the lock is held."""
        self.drop()
        return partial(subscriber.on_error, error)

    def ending(self, subscriber: Subscriber[int]) -> Signal | None:
        """Returns the signal for the end of upstream; the lock is held."""
        self.drop()
        return subscriber.on_complete

    def tell(self, signal: Signal) -> None:
        """Sends one signal; a Subscriber that raises has cancelled, and then upstream has to know."""
        super().tell(signal)
        with self.lock:
            gone = self.subscriber is None
        if gone:
            self.relay.cancelled()


class IdentityProcessor(Processor[int, int]):
    """Passes on demand and elements as they are; for one Subscriber, any other is refused."""

    outlet: type[RelayOutlet] = RelayOutlet

    def __init__(self) -> None:
        self.upstream: Upstream = Upstream()
        self.lock: Any = threading.RLock()
        self.taken: bool = False
        self.down: RelayOutlet | None = None
        # All three are under the lock of the outlet once there is one, and of the Processor before.
        self.items: deque[int] = deque()
        self.error: Exception | None = None
        self.complete: bool = False

    def subscribe(self, subscriber: Subscriber[int], /) -> None:
        """Returns None, having taken the first Subscriber and refused any other."""
        needs_subscriber(subscriber)
        with self.lock:
            outlet: Outlet | None = None
            if not self.taken:
                self.taken = True
                outlet = self.down = self.outlet(subscriber, self)
                # One lock for both: what upstream sends meanwhile is there, or comes through drain.
                outlet.lock = self.lock
        if outlet is None:
            FailedOutlet(subscriber, RuntimeError("this Processor has its Subscriber")).start()
        else:
            outlet.start()

    def on_subscribe(self, subscription: Subscription, /) -> None:
        """Takes the first Subscription, cancels every other."""
        refuse_none(subscription, "a Subscription")
        self.upstream.connect(subscription)

    def on_next(self, element: int, /) -> None:
        """Passes an element on."""
        refuse_none(element, "an element")
        # A cancel may have been left to the thread that is inside request: this one.
        self.upstream.look()
        with self.lock:
            if self.down is None or self.down.subscriber is not None:
                self.items.append(element)
        self.drain()

    def on_error(self, error: Exception, /) -> None:
        """Passes the failure on, at once (§4.2)."""
        refuse_none(error, "an Exception")
        self.upstream.end()
        with self.lock:
            self.error = error
        self.drain()

    def on_complete(self) -> None:
        """Passes the end on, behind the elements."""
        self.upstream.end()
        with self.lock:
            self.complete = True
        self.drain()

    def drain(self) -> None:
        """Sends downstream what can be sent."""
        with self.lock:
            down = self.down
        if down is not None:
            down.drain()

    def demanded(self, n: int) -> None:
        """Downstream has asked for so many more."""
        self.upstream.request(n)

    def delivered(self) -> None:
        """Downstream has taken one element."""

    def cancelled(self) -> None:
        """Downstream is over, so upstream is of no more use (§2.6)."""
        self.upstream.cancel()
