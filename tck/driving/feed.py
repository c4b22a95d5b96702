"""Feed: the kit's Publisher on one link, which drives a Subscriber step by step, or by itself."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Literal, TypeAlias

from reactive_streams import UNBOUNDED
from tck.driving.stand import Stand, unless
from tck.oracle.subscriber import CANCEL_SECOND
from tck.recording.links import TracedSubscriber
from tck.recording.trace import TERMINAL

End: TypeAlias = Literal["complete", "error"]

_NEXT: Any = object()
_PATIENCE = 4
_CANCEL: Final = {
    False: "cancel(), so that what nobody wants any more is not made",
    True: CANCEL_SECOND,
}


class SentError(Exception):
    """What the kit signals by on_error, as a Publisher that has failed."""


class FeedSubscription:
    """The kit's Subscription. With `elements`, it delivers them inside request, and then the end.

    One loop at a time delivers, whoever asks meanwhile, so that nothing overlaps or recurses.
    """

    def __init__(self, feed: Feed, number: int, elements: int | None, end: End) -> None:
        self.number = number
        self.asked: int = 0
        """Demand by good requests, cut at UNBOUNDED."""
        self.bad: list[Any] = []
        self.cancelled: bool = False
        self._feed = feed
        self.synchronous: bool = elements is not None
        self._elements = elements
        self._end: End = end
        self._lock = threading.Lock()
        self._sent = 0
        self._over = False
        self._delivering = False

    def request(self, n: Any) -> None:
        """Counts the demand, and delivers what can be delivered."""
        with self._lock:
            if type(n) is int and n > 0:
                self.asked = min(UNBOUNDED, self.asked + n)
            else:
                self.bad.append(n)
        self._feed.meet()
        self._feed.hold()
        self.deliver()

    def cancel(self) -> None:
        """Stops."""
        self.cancelled = True
        self._over = True
        self._feed.hold()

    def deliver(self) -> None:
        """Sends what is due, unless somebody does already, or it is done step by step."""
        if self._elements is None:
            return
        with self._lock:
            if self._delivering:
                return
            self._delivering = True
        while (signal := self._step(self._elements)) is not None:
            try:
                signal()
            except Exception:
                self._over = True  # it is on record, and counts as a cancel (§2.13)

    def _step(self, elements: int) -> Callable[[], Any] | None:
        with self._lock:
            if self.bad and not self._over:
                self._over = True
                bad = self.bad[0]
                kind = ValueError if type(bad) is int else TypeError
                problem = kind(f"rule 3.9: demand has to be a positive int, not {bad!r}")
                return lambda: self._feed.send_error(problem)
            if not self._over and self._sent >= elements:
                self._over = True
                return self._feed.send_complete if self._end == "complete" else self._fail
            if not self._over and self._sent < self.asked:
                self._sent += 1
                return self._feed.send_next
            self._delivering = False
            return None

    def _fail(self) -> None:
        self._feed.send_error(SentError("the kit's Publisher has failed"))


class Feed:
    """The kit's Publisher for the one Subscriber on a link.

    Elements are `element(0)`, `element(1)`, ... All steps are made on the driver's thread. After a
    signal that raised, no further one is sent: that Subscriber counts as cancelled (§2.13).
    """

    def __init__(
        self,
        stand: Stand,
        link: str,
        subscriber: Any,
        element: Callable[[int], Any],
        owner: str = "",
    ) -> None:
        self.stand = stand
        self.link = link
        self.subscriber: TracedSubscriber = TracedSubscriber(
            stand.recorder, link, subscriber, "driver"
        )
        self.subscriptions: list[FeedSubscription] = []
        self.sent: list[Any] = []
        self.error: SentError | Exception | None = None
        self.failed: bool = False
        self.inside: deque[Callable[[], Any]] = deque()
        """What is to be done by whoever is inside of a request, one thing in each."""
        self._lingering = False
        self._element = element
        self._owner = owner
        self._calls = 0

    # What the Subscriber has done.

    @property
    def gave_up(self) -> bool:
        """Whether it has cancelled of its own accord, and owes nothing any more."""
        return False

    @property
    def first(self) -> FeedSubscription | None:
        """The Subscription that is served; a second one is there to be cancelled."""
        return self.subscriptions[0] if self.subscriptions else None

    @property
    def asked(self) -> int:
        """How many elements have been asked for on the first Subscription."""
        return self.first.asked if self.first is not None else 0

    @property
    def wrong(self) -> bool:
        """Whether it asked for what nobody can ask for; that is on record already (§3.9)."""
        return any(each.bad for each in self.subscriptions)

    @property
    def cancelled(self) -> bool:
        """Whether the first Subscription was cancelled."""
        return self.first is not None and self.first.cancelled

    @property
    def ended(self) -> bool:
        """Whether a terminal signal was sent."""
        return self.stand.count(self.link, "on_error", "on_complete") > 0

    @property
    def live(self) -> bool:
        """Whether there is somebody to be sent anything."""
        return not (self.failed or self.ended)

    @property
    def synchronous(self) -> bool:
        """Whether it delivers inside request, by itself."""
        return any(each.synchronous for each in self.subscriptions)

    def meet(self) -> None:
        """Does what waits for a request to be under way."""
        with suppress(IndexError):
            self.inside.pop()()

    def hold(self) -> None:
        """Keeps a call open for a moment, so that another one can be seen to overlap with it."""
        self._calls += 1
        seen = self._calls
        if self._lingering:
            stand = self.stand
            stand.recorder.wait(lambda: self._calls > seen, stand.settings.poll * 5)

    # Signals, as they are; from any thread.

    def send_next(self, item: Any = _NEXT) -> None:
        """Sends an element, the next one unless it is given."""
        if item is _NEXT:
            item = self._element(len(self.sent))
        self.sent.append(item)
        self._send(lambda: self.subscriber.on_next(item))

    def send_error(self, error: Exception) -> None:
        """Fails."""
        self.error = error
        self._send(lambda: self.subscriber.on_error(error))

    def send_complete(self) -> None:
        """Completes."""
        self._send(self.subscriber.on_complete)

    def send_subscription(self, elements: int | None = None, end: End = "complete") -> None:
        """Hands a new Subscription over; with `elements`, one that delivers them by itself."""
        subscription = FeedSubscription(self, len(self.subscriptions) + 1, elements, end)
        self.subscriptions.append(subscription)
        self._send(lambda: self.subscriber.on_subscribe(subscription))
        if not self.failed and subscription is self.first:
            subscription.deliver()

    def _send(self, signal: Callable[[], Any]) -> None:
        try:
            signal()
        except BaseException:
            self.failed = True
            raise

    # Steps.

    def on_subscribe(self, elements: int | None = None, end: End = "complete") -> None:
        """Hands a new Subscription over; with `elements`, one that delivers inside request."""
        args = () if elements is None else (elements, end)
        self._step("on_subscribe", lambda: self.send_subscription(elements, end), *args)

    def on_next(self, item: Any = _NEXT) -> None:
        """Sends an element, the next one unless it is given."""
        args = () if item is _NEXT else (item,)
        self._step("on_next", lambda: self.send_next(item), *args)

    def on_error(self) -> None:
        """Fails."""
        self._step("on_error", lambda: self.send_error(SentError("the kit's Publisher has failed")))

    def on_complete(self) -> None:
        """Completes."""
        self._step("on_complete", self.send_complete)

    def on_subscribe_none(self) -> None:
        """Hands None over for a Subscription, which has to raise a TypeError."""
        self._step("on_subscribe_none", lambda: self.subscriber.on_subscribe(None))

    def on_next_none(self) -> None:
        """Sends None for an element, which has to raise a TypeError."""
        self._step("on_next_none", lambda: self.subscriber.on_next(None))

    def on_error_none(self) -> None:
        """Sends None for an error, which has to raise a TypeError."""
        self._step("on_error_none", lambda: self.subscriber.on_error(None))

    def _step(self, name: str, call: Callable[[], Any], *args: Any) -> None:
        if self.failed:
            return
        self.stand.act(name, self._owner, *args)
        self.stand.drive(self.link, "2.2", call)

    def deliver(self, count: int, then: Callable[[], Any] = lambda: None) -> int:
        """Returns how many elements it has sent: as demand comes, and no more than `count`.

        Nobody has to go on asking: where there is no more demand for a moment, it stops. `then` is
        called after each.
        """
        total = len(self.sent) + count
        recorder = self.stand.recorder
        before = len(self.sent)
        while len(self.sent) < total and self.live and not self.cancelled:
            if not recorder.wait(
                lambda: self.asked > len(self.sent) or self.cancelled,
                self.stand.settings.quiet * _PATIENCE,
            ):
                break
            if not self.cancelled:
                self.on_next()
                then()
        return len(self.sent) - before

    def expect_request(self, total: int = 1, rule: str = "2.1") -> bool:
        """Returns whether as many elements, counted from the first, were asked for in time."""
        self.stand.act("expect_request", self._owner, total, *unless(rule, "2.1"))
        if self.live:
            self.stand.wait(
                self.link,
                lambda: self.asked >= total or self.cancelled or self.wrong or self.failed,
                rule,
                came=lambda: self.asked,
            )
        if self.asked >= total:
            return True
        if not (self.wrong or self.failed or self.gave_up):
            what = f"only {self.asked} elements have" if self.asked else "nothing has"
            self.stand.missing(
                self.link,
                rule,
                f"{what} been asked for",
                due=f"request(n) for {total} in all, without which nothing may be sent",
            )
        return False

    def asks(self, total: int = 1) -> bool:
        """Returns whether so much was asked for in time; where not, nothing is put on record."""
        return self.stand.wait(
            self.link,
            lambda: self.asked >= total or self.cancelled or self.wrong or self.failed,
            "2.1",
        )

    def expect_bound(self, most: int, rule: str = "4.1") -> bool:
        """Returns whether no more than that many elements, counted from the first, were asked for so far."""
        self.stand.act("expect_bound", self._owner, most, *unless(rule, "4.1"))
        if self.asked <= most:
            return True
        what = (
            "for elements without bound"
            if self.asked == UNBOUNDED
            else f"for {self.asked} elements"
        )
        self.stand.note(
            self.link,
            rule,
            f"upstream was asked {what}",
            due=f"{most} at most, which is what its own Subscriber has asked for and the buffer holds "
            "(Settings.buffer)",
        )
        return False

    def expect_cancel(self, rule: str = "2.6", subscription: int = 1) -> bool:
        """Returns whether that Subscription was cancelled in time."""
        self.stand.act("expect_cancel", self._owner, rule, subscription)
        if self.failed or len(self.subscriptions) < subscription:
            return False
        wanted = self.subscriptions[subscription - 1]
        if self.stand.wait(self.link, lambda: wanted.cancelled or self.failed, rule):
            return wanted.cancelled
        self.stand.missing(
            self.link,
            rule,
            f"cancel() of Subscription number {subscription} has not come",
            due=_CANCEL[subscription > 1],
        )
        return False

    def let_go(self) -> None:
        """Ends what still goes on, off the record."""
        if self.first is not None and not self.cancelled and not self._ended_well():
            with suppress(Exception):
                self.subscriber.on_complete()

    def _ended_well(self) -> bool:
        # An on_error that was given None has ended nothing.
        return any(
            event.phase == "exit"
            for event in self.stand.trace.link(self.link)
            if event.kind in TERMINAL
        )

    def linger(self) -> None:
        """Holds each request and cancel open for a moment from now on, so that others may overlap with it."""
        self.stand.act("linger", self._owner)
        self._lingering = True

    def quiet_moment(self) -> None:
        """Listens for longer than `settle`, for what may come late."""
        self.stand.act("quiet_moment", self._owner)
        end = time.monotonic() + self.stand.for_now(3 * self.stand.settings.quiet)
        while (left := end - time.monotonic()) > 0:
            self.stand.recorder.wait(lambda: False, left)
