"""The stand for a Processor: probes behind it, and the kit's Publisher before it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Literal

from tck.driving.crew import Job
from tck.driving.factories import PROCESSOR, made
from tck.driving.feed import End, Feed
from tck.driving.passing_on import UP, judged
from tck.driving.probe import Probe
from tck.driving.publisher_stand import PublisherStand
from tck.driving.stand import ON_RECORD
from tck.driving.subscriber_stand import stems_from
from tck.recording.breach import Breach
from tck.recording.trace import brief
from tck.scripts.script import Verbatim
from tck.settings import Loop, Settings


class ProcessorStand(PublisherStand):
    """Drives one Processor, which `factory()` makes; it is meant to pass on what it is sent.

    With a number of elements the kit's Publisher delivers as many by itself, on demand, and then
    completes, or fails. With None `connect` gives the hand on it, for one step after the other.

    >>> class Nothing:
    ...     def subscribe(self, subscriber):
    ...         subscriber.on_subscribe(self)
    ...
    ...     def on_subscribe(self, subscription):
    ...         self.request = subscription.request
    ...
    ...     def on_next(self, item):
    ...         pass
    ...
    ...     def on_error(self, error):
    ...         pass
    ...
    ...     def on_complete(self):
    ...         pass
    ...
    ...     def cancel(self):
    ...         pass
    >>> with ProcessorStand(Nothing, None) as stand:
    ...     up = stand.connect()
    ...     up.on_subscribe()
    ...     a = stand.subscribe()
    ...     a.request(1)
    ...     up.expect_request(1)
    True
    """

    def __init__(
        self,
        factory: Callable[[], Any],
        elements: int | None = 0,
        settings: Settings | None = None,
        *,
        end: End = "complete",
        element: Callable[[int], Any] = int,
        loop: Loop | bool | None = None,
    ) -> None:
        self._fresh: Callable[[], ProcessorStand] = lambda: ProcessorStand(
            factory, None, self.settings, element=element, loop=loop
        )
        super().__init__(factory, elements or 0, settings, loop=loop)
        self._script_args = (elements,)
        if end != "complete":
            self._script_args += (Verbatim(f"end={end!r}"),)
        self.made_by(factory, element=element)
        feed = Feed(self, UP, self.publisher, element, UP)
        self.feed: Feed = feed
        if elements is not None:
            self.begin(UP, "2.2", lambda: feed.send_subscription(elements, end))

    def _made(self, factory: Callable[..., Any], fails: bool) -> Any:
        return made(self._driver, factory, (), PROCESSOR, self.settings.hang)

    def connect(self) -> Feed:
        """Returns the hand on the kit's Publisher before the Processor."""
        self.act("connect", "", result=UP)
        return self.feed

    def deliver_while_asked(self, elements: int, requests: int) -> None:
        """Delivers that many elements, as demand comes, while another thread makes as many requests of 1."""
        self.act("deliver_while_asked", "", elements, requests)
        probe = self.probes[0]

        def ask() -> None:
            for _ in range(requests):
                probe.call("request", 1)

        asker = Job(ask, "tck-asker", ON_RECORD)
        self._muted += 1
        try:
            self.feed.deliver(elements)
        finally:
            self._muted -= 1
        asker.join(self.settings.hang)

    def cancel_while_asking(
        self, signal: Literal["on_subscribe", "on_next"], times: int = 1
    ) -> bool:
        """Returns whether the Processor made a request upstream, during which its Subscriber has cancelled.

        Upstream sends the signal, elements as far as they are asked for; the cancel comes on another
        thread while the request that is made for it is held open: until upstream is cancelled, or the
        Subscriber's call has returned, or for a quarter of `Settings.responsive`.
        """
        self.act("cancel_while_asking", "", signal, *((times,) if times != 1 else ()))
        feed, recorder, link = self.feed, self.recorder, self.probes[0].link

        leavers: SimpleQueue[Job] = SimpleQueue()

        def over() -> bool:
            return self.count(UP, "cancel") > 0

        def meanwhile() -> None:
            leavers.put(Job(lambda: self.probes[0].call("cancel"), "tck-leaver", ON_RECORD))
            recorder.wait(lambda: self.count(link, "cancel") > 0, self.settings.hang)
            seconds = self.settings.responsive / 4
            recorder.wait(lambda: over() or recorder.returned(link, "cancel") > 0, seconds)
            # One that leaves it to a thread of its own may still be about to.
            recorder.wait(over, self.settings.quiet)

        feed.inside.append(meanwhile)
        self._muted += 1
        try:
            for _ in range(times):
                due = signal == "on_subscribe" or feed.asked > len(feed.sent)
                if due and feed.live and feed.inside:
                    getattr(feed, signal)()
        finally:
            self._muted -= 1
        recorder.wait(lambda: not feed.inside, self.settings.quiet * 4)
        with suppress(IndexError):
            feed.inside.pop()
            return False
        with suppress(Empty):
            leavers.get(timeout=self.settings.hang).join(self.settings.hang)
        return True

    def expect_none_refused(self) -> bool:
        """Returns whether subscribe(None) raises a TypeError, as a Publisher's does (§4.1)."""
        self.act("expect_none_refused")
        self._muted += 1
        try:
            self.subscribe_none()
        finally:
            self._muted -= 1
        if all(breach.rule != "1.9" for breach in self.breaches()):
            return True
        self.note(
            "a",
            "4.1",
            "subscribe(None) raised no TypeError",
            due="a TypeError, as of any Publisher: a Processor is one, too",
        )
        return False

    def expect_passed_on(self) -> bool:
        """Returns whether the first Subscriber was given what upstream has sent, in its order (§3.8)."""
        self.act("expect_passed_on")
        sent, came = self.feed.sent, self.probes[0].elements
        if came == sent:
            return True
        self.note(
            "a",
            "3.8",
            f"{brief(sent)} went in, and {brief(came)} came out",
            due="what goes in comes out, in the same order",
        )
        return False

    # What is missing behind the Processor may be missing for what it does before it.

    def missing(self, link: str, rule: str, text: str, known: str = "", *, due: str) -> None:
        """Puts on record that something due has not come, for the rule that tells why."""
        answer = rule == "3.9" and self._asked_badly(link)
        if link != UP and rule != "2.1" and not answer:
            rule = self._why(link, rule, self.feed)
            if rule == "2.1":
                text += f"; of its upstream it has asked for {self.feed.asked}"
            if rule == "4.2" and not self.settings.recovers:
                due = "on_error, passed on from upstream"
        super().missing(link, rule, text, known, due=due)

    def _asked_badly(self, link: str) -> bool:
        calls = self.trace.link(link).calls("request")
        return any(type(event.n) is not int or event.n <= 0 for event in calls)

    def _why(self, link: str, rule: str, feed: Feed) -> str:
        if rule == "1.9" and not self.count(link, "on_subscribe"):
            return rule
        if self.count(UP, "on_error"):
            return "4.2"
        got, sent = self.count(link, "on_next"), len(feed.sent)
        if got < sent:
            trace = self.trace.link(link)
            came = [event.item for event in trace.calls("on_next")]
            # Where all is there up to some element, it may be the end that came before its turn.
            early = trace.calls("on_complete") and came == feed.sent[:got]
            return "1.5" if early and self._cut_off(got) else "3.8"
        if feed.asked <= sent and not feed.ended:
            return "2.1"
        return rule

    def _cut_off(self, got: int) -> bool:
        """Returns whether one more element comes out where upstream does not end behind it.

        It is tried, on a fresh Processor; one that completes by itself is no better.
        """
        with self._fresh() as stand:
            stand.patience = self.patience
            up = stand.connect()
            up.on_subscribe()
            a = stand.subscribe()
            a.request(got + 1)
            for _ in range(got + 1):
                if not up.asks(len(up.sent) + 1) or up.cancelled:
                    break
                up.on_next()
            a.arrive(got + 1)
            return a.count > got or stand.count(a.link, "on_complete") > 0
        return False

    def surplus(self, link: str, number: int) -> None:
        """Puts on record that more has come out than has gone in."""
        sent = len(self.feed.sent)
        # One that recovers may have something to say in place of what has failed.
        if number == sent + 1 and not self.settings.recovers:
            self.note(
                link,
                "3.8",
                f"element number {number} came out, and {sent} had gone in",
                due="no more elements than have gone in",
            )

    def progress(self, link: str) -> int:
        """Returns how much has happened so far, for one who waits on that link.

        While the kit is still sending, which takes its time, a Processor may not be able to go on.
        """
        return super().progress(link) + len(self.feed.sent)

    def falls_short(self, count: int) -> bool:
        """Returns whether its upstream was over, and all that came from there has come out."""
        return self.feed.ended and count >= len(self.feed.sent)

    def turned_away(self, probe: Probe) -> bool:
        """Returns whether a second Subscriber was told that it has no place, later than was listened for it.

        It is tried, on a fresh Processor, whose upstream does not fail.
        """
        error = probe.error
        if error is None or stems_from(error, self.feed.error):
            return False
        with self._fresh() as stand:
            up = stand.connect()
            up.on_subscribe()
            stand.subscribe()
            second = stand.subscribe()
            stand.recorder.wait(lambda: second.ended, self.settings.deadline)
            return second.error is not None
        return False

    def expect_same_error(self, link: str) -> None:
        """Puts on record where an error that came is not the one that was sent."""
        for probe in self.probes:
            error = probe.error
            sent = self.feed.error
            if probe.link == link and error is not None and not stems_from(error, sent):
                self.note(
                    link,
                    "4.2",
                    f"{sent!r} was sent by upstream, and {error!r} came out",
                    due="the error that upstream has sent, or one that was raised from it",
                )

    # The verdict.

    def found(self) -> list[Breach]:
        """Returns what was broken so far, without what the kit has itself brought about.

        A Processor that passes its Subscriber's calls on passes wrong ones on, too.
        """
        synchronous = self.feed.synchronous
        return [
            breach
            for breach in judged(super().found(), self.trace, self.settings)
            if not (breach.event.link == UP and breach.rule == "2.7" and synchronous)
        ]

    def _let_go(self) -> None:
        super()._let_go()
        self.feed.let_go()
