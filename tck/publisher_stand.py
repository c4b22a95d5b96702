"""The stand for a Publisher: probes subscribe to it, and do as they are told."""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from tck.counter import Counter, counting
from tck.driver import Hung
from tck.links import TracedSubscriber, TracedSubscription
from tck.own_time import wait
from tck.recorder import Runaway
from tck.script import Action, Cancel, Reaction, Reactions, Request
from tck.script import Verbatim as Verbatim  # where others look for it
from tck.settings import Settings
from tck.stand import ProbeError, Stand, Stuck


class _Scripted:
    """The Subscriber at the end of a probe's link; it only reacts, and judges nothing."""

    __slots__ = ("_ends", "_reactions", "elements", "error", "first", "raised", "subscription")

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions
        self._ends = 0
        self.subscription: Any = None
        self.first: Any = None
        self.elements: list[Any] = []
        self.error: Any = None
        self.raised = False

    def on_subscribe(self, subscription: Any) -> None:
        if subscription is None:
            raise TypeError("on_subscribe: None is no Subscription (§2.13)")
        if self.subscription is not None:
            subscription.cancel()  # §2.5
            return
        self.subscription = subscription
        self._react(self._reactions.on_subscribe)

    def on_next(self, item: Any) -> None:
        if item is None:
            raise TypeError("on_next: None is no element (§2.13)")
        self.elements.append(item)
        self._react(self._reactions.after.get(len(self.elements), ()))
        self._react(self._reactions.each)

    def on_error(self, error: Any) -> None:
        if error is None:
            raise TypeError("on_error: None is no error (§2.13)")
        self.error = error
        self._end()

    def on_complete(self) -> None:
        self._end()

    def _end(self) -> None:
        self._ends += 1
        if self._ends == 1:
            self._react(self._reactions.on_end)

    def _react(self, reactions: tuple[Reaction, ...]) -> None:
        for reaction in reactions:
            if isinstance(reaction, Request):
                if self.subscription is not None:
                    self.subscription.request(reaction.n)
            elif isinstance(reaction, Cancel):
                if self.subscription is not None:
                    self.subscription.cancel()
            else:
                self.raised = True
                raise ProbeError("raised by the kit's Subscriber, on purpose")


class Probe:
    """A Subscriber of the kit on one link, and the driver's hand on its Subscription."""

    def __init__(self, stand: PublisherStand, link: str, reactions: Reactions) -> None:
        self._stand = stand
        self.link: str = link
        self._scripted = _Scripted(reactions)
        self._waited = False
        self.refused: bool = False
        """Whether subscribe has raised: it need not be waited for what comes of it."""
        self.subscriber: TracedSubscriber | None = TracedSubscriber(
            stand.recorder, link, self._scripted, "component"
        )

    @property
    def elements(self) -> list[Any]:
        """The elements that have come so far."""
        return self._scripted.elements.copy()

    @property
    def count(self) -> int:
        """How many elements have come so far."""
        return len(self._scripted.elements)

    @property
    def error(self) -> Any:
        """What on_error has brought; None so far."""
        return self._scripted.error

    @property
    def raised(self) -> bool:
        """Whether it has raised, as it was told to."""
        return self._scripted.raised

    @property
    def subscribed(self) -> bool:
        """Whether on_subscribe has come."""
        return self._stand.count(self.link, "on_subscribe") > 0

    @property
    def ended(self) -> bool:
        """Whether a terminal signal has come."""
        return self._stand.recorder.ended(self.link)

    def call(self, name: str, *args: Any) -> None:
        """Calls the Subscription from whatever thread this is; where there is none, does nothing."""
        subscription = self._scripted.subscription
        if subscription is not None:
            getattr(subscription, name)(*args)

    def ready(self) -> None:
        """Waits for the Subscription, which may come from another thread; once only."""
        if not self._waited:
            self._waited = True
            self._stand.recorder.wait(
                lambda: self._scripted.subscription is not None or self.ended or self.refused,
                self._stand.deadline("1.9"),
            )

    def request(self, n: Any) -> None:
        """Asks for n more, on the driver's thread."""
        self._stand.act("request", self.link, n)
        self.ready()
        self._stand.drive(self.link, "3.4", lambda: self.call("request", n))

    def cancel(self) -> None:
        """Asks for no more, on the driver's thread."""
        self._stand.act("cancel", self.link)
        self.ready()
        self._stand.drive(self.link, "3.5", lambda: self.call("cancel"))

    def expect_subscribed(self, rule: str = "1.9") -> bool:
        """Returns whether on_subscribe came in time."""
        self._stand.act("expect_subscribed", self.link, *_unless(rule, "1.9"))
        return self._stand.expect(
            self.link, rule, "on_subscribe has not come",
            lambda: self._stand.recorder.returned(self.link, "on_subscribe") > 0,
        )  # fmt: skip

    def expect_elements(self, total: int, rule: str = "3.8") -> bool:
        """Returns whether that many elements, counted from the first, came in time."""
        self._stand.act("expect_elements", self.link, total, *_unless(rule, "3.8"))
        recorder = self._stand.recorder
        arrived = recorder.wait(
            lambda: recorder.returned(self.link, "on_next") >= total or self.ended,
            self._stand.deadline(rule, "1.9"),
        )
        if self.count >= total:
            return True
        if self.ended:
            error = self._stand.count(self.link, "on_error") > 0
            early = rule in {"3.2", "3.8", "3.17"} and not error
            self._stand.missing(
                self.link, "1.5" if early else rule,
                f"the stream {'failed' if error else 'ended'} after {self.count} elements; "
                f"{total} were due",
            )  # fmt: skip
        elif not arrived:
            self._stand.missing(
                self.link, rule,
                f"only {self.count} of {total} elements have come, with demand for "
                f"{max(self._stand.recorder.outstanding(self.link), 0)} more",
            )  # fmt: skip
        return False

    def expect_complete(self, rule: str = "1.5") -> bool:
        """Returns whether on_complete came in time."""
        self._stand.act("expect_complete", self.link, *_unless(rule, "1.5"))
        self._stand.recorder.wait(lambda: self.ended, self._stand.deadline(rule, "1.9"))
        if self._stand.count(self.link, "on_complete"):
            return True
        text = (
            "on_error came where on_complete was due" if self.ended else "on_complete has not come"
        )
        self._stand.missing(self.link, rule, f"{text}, after {self.count} elements")
        return False

    def expect_error(self, rule: str) -> bool:
        """Returns whether on_error came in time."""
        self._stand.act("expect_error", self.link, rule)
        self._stand.recorder.wait(lambda: self.ended, self._stand.deadline(rule, "1.9"))
        if self._stand.count(self.link, "on_error"):
            return True
        text = "on_complete came where on_error was due" if self.ended else "on_error has not come"
        self._stand.missing(self.link, rule, text)
        return False

    def expect_end(self, rule: str = "1.5") -> bool:
        """Returns whether a terminal signal came in time."""
        self._stand.act("expect_end", self.link, *_unless(rule, "1.5"))
        return self._stand.expect(
            self.link, rule, f"no terminal signal has come, after {self.count} elements",
            lambda: self.ended,
        )  # fmt: skip

    def expect_forgotten(self, rule: str = "3.13") -> bool:
        """Lets go of the Subscriber, and returns whether the Publisher does so too, in time."""
        self._stand.act("expect_forgotten", self.link, *_unless(rule, "3.13"))
        reference = weakref.ref(self.subscriber) if self.subscriber is not None else None
        # A Subscription may lead to its Subscriber: whoever is done with one drops both.
        self.subscriber = self._scripted.subscription = None
        end = time.monotonic() + self._stand.settings.deadline
        while reference is not None and reference() is not None:
            gc.collect()
            if reference() is None:
                break
            if time.monotonic() > end:
                self._stand.note(
                    self.link, rule,
                    "the Publisher or its Subscription still holds a reference to the Subscriber "
                    f"{self._stand.settings.deadline:g} s after the cancel",
                )  # fmt: skip
                return False
            time.sleep(self._stand.settings.poll)
        return True

    def drop(self) -> None:
        """Cancels off the record."""
        subscription = self._scripted.subscription
        if isinstance(subscription, TracedSubscription) and not self.ended:
            subscription.target.cancel()


def _unless(rule: str, usual: str) -> tuple[str, ...]:
    return () if rule == usual else (rule,)


class PublisherStand(Stand):
    """Drives one Publisher, which `factory(elements)` makes.

    >>> class Nothing:
    ...     def subscribe(self, subscriber):
    ...         subscriber.on_subscribe(self)
    ...         subscriber.on_complete()
    ...
    ...     def request(self, n):
    ...         pass
    ...
    ...     def cancel(self):
    ...         pass
    >>> with PublisherStand(lambda elements: Nothing(), 0) as stand:
    ...     a = stand.subscribe()
    ...     a.expect_complete()
    True
    """

    def __init__(
        self,
        factory: Callable[[int], Any],
        elements: int = 0,
        settings: Settings | None = None,
        *,
        loop: bool = False,
        call: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(settings, loop=loop)
        self._script_args = (elements,)
        self.elements: int = elements
        self.probes: list[Probe] = []
        self.publisher: Any = None
        self.failure: BaseException | None = None
        try:
            self.publisher = self._driver.call(
                call or (lambda: factory(elements)), self.settings.hang
            )
        except Runaway:
            pass  # it has come to an end, and is on record
        except Exception as error:
            self.failure = error
            self.note("a", "1.4", f"the factory raised {type(error).__name__}: {error}")
        else:
            if not callable(getattr(self.publisher, "subscribe", None)):
                made = "None" if self.publisher is None else f"a {type(self.publisher).__name__}"
                text = f"the factory returned {made}, which has no subscribe(): it is no Publisher"
                self.failure = TypeError(text)
                self.note("a", "1.9", text)

    def subscribe(self, reactions: Reactions | None = None) -> Probe:
        """Returns a probe, after subscribe was called with it on the driver's thread."""
        link = "abcdefghijklmnopqrstuvwxyz"[len(self.probes)]
        self.act("subscribe", "", *([reactions] if reactions else []), result=link)
        probe = Probe(self, link, reactions or Reactions())
        self.probes.append(probe)
        self.drive(link, "1.9", lambda: self._subscribe(link, probe.subscriber, ""))
        return probe

    def subscribe_again(self, probe: Probe) -> None:
        """Subscribes the same Subscriber a second time."""
        self.act("subscribe_again", "", Verbatim(probe.link))
        self.drive(
            probe.link, "1.9", lambda: self._subscribe(probe.link, probe.subscriber, "again")
        )

    def subscribe_none(self) -> None:
        """Calls subscribe with None, which has to raise a TypeError."""
        self.act("subscribe_none")
        self.drive("a", "1.9", lambda: self._subscribe("a", None, "None subscriber"))

    def _subscribe(self, link: str, subscriber: Any, text: str) -> None:
        if self.publisher is None:
            return
        began = self.recorder.enter(link, "subscribe", "driver", text=text)
        try:
            self.publisher.subscribe(subscriber)
        except BaseException as error:
            for probe in self.probes:
                probe.refused = probe.refused or probe.link == link
            self.recorder.leave(began, error)
            raise
        self.recorder.leave(began)

    def together(self, *hands: list[Action]) -> None:
        """Plays lists of actions at the same time, each on a thread of its own."""
        self.act("together", "", *[list(hand) for hand in hands])
        by_link = {probe.link: probe for probe in self.probes}
        for probe in self.probes:
            probe.ready()

        def play(hand: list[Action]) -> Callable[[], None]:
            def run() -> None:
                for action in hand:
                    by_link[action.link].call(action.name, *action.args)

            return run

        self.at_once(*map(play, hands))

    @contextmanager
    def shaken(self) -> Generator[None, None, None]:
        """Has threads take turns as often as the interpreter can, for a while."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            yield
        finally:
            sys.setswitchinterval(interval)

    def count_elements(self, total: int, ahead: int = 1) -> None:
        """Takes elements, too many to put each on record, for as long as `Settings.deadline`."""
        self.act("count_elements", "", total, ahead)
        rule = "3.17"
        deadline = self.deadline(rule, "1.5", "1.9", "3.2", "3.8")
        patient = deadline == self.settings.deadline
        counter = Counter(total, ahead, counting(deadline) if patient else deadline)
        self._subscribe_counter(counter)
        seen = 0
        # The next element after its allowance ends it; that one may be late.
        while not wait(counter.over.wait, deadline) and counter.count > seen:
            seen = counter.count
        if counter.raised is not None:
            rule = "3.3" if isinstance(counter.raised, RecursionError) else "3.16"
            self.note(
                "a", rule,
                f"request({ahead}), after {counter.count} elements, raised {counter.raised!r:.80}",
            )  # fmt: skip
        elif counter.error is not None:
            self.note("a", rule, f"on_error({counter.error!r:.80}) after {counter.count} elements")
        elif counter.count < total and not counter.enough:
            what = "the stream ended" if counter.over.is_set() else "nothing comes any more"
            self.note("a", rule, f"{what} after {counter.count} of {total} elements")

    def _subscribe_counter(self, counter: Counter) -> None:
        """Subscribes it off the record; where that hangs, it says in which call."""
        hang = self.patience.hang(self.settings, "3.4")
        try:
            self._driver.call(lambda: self.publisher.subscribe(counter), hang)
        except Hung as hung:
            what = counter.calling or "subscribe()"
            rule = {"r": "3.4", "c": "3.5", "s": "1.9"}[what[0]]
            text = f"{what}, after {counter.count} elements, {self.not_returned(hang)}"
            self.recorder.remark("a", "hung", rule, text, hung.stack)
            raise Stuck(what) from None
        except (Exception, Runaway):
            pass  # the counter knows what was raised to it

    def _let_go(self) -> None:
        for probe in self.probes:
            probe.drop()
