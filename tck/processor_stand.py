"""The stand for a Processor: probes behind it, and the kit's Publisher before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tck.feed import End, Feed
from tck.publisher_stand import PublisherStand, Verbatim
from tck.rules import Breach
from tck.settings import Settings
from tck.subscriber_stand import stems_from
from tck.trace import CALLS, TERMINAL, Event, Trace

UP = "up"


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
        loop: bool = False,
    ) -> None:
        self.feed: Feed | None = None

        def make(count: int) -> Any:
            processor = factory()
            self.feed = Feed(self, UP, processor, element, UP)
            if elements is not None:
                self.feed.send_subscription(count, end)
            return processor

        super().__init__(make, elements or 0, settings, loop=loop)
        self._script_args = (elements,)
        if end != "complete":
            self._script_args += (Verbatim(f"end={end!r}"),)

    def connect(self) -> Feed:
        """Returns the hand on the kit's Publisher before the Processor."""
        self.act("connect", "", result=UP)
        if self.feed is None:
            raise self.failure or RuntimeError("there is no Processor")
        return self.feed

    # What is missing behind the Processor may be missing for what it does before it.

    def missing(self, link: str, rule: str, text: str) -> None:
        """Puts on record that something due has not come, for the rule that tells why."""
        answer = rule == "3.9" and self._asked_badly(link)
        if link != UP and self.feed is not None and rule != "2.1" and not answer:
            rule = self._why(link, rule, self.feed)
            if rule == "2.1":
                text += f"; of its upstream it has asked for {self.feed.asked}"
        super().missing(link, rule, text)

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
            ends = self.trace.link(link).calls(*TERMINAL)  # type: ignore[arg-type]
            # Nothing asked for them, so they were to be kept for when somebody does.
            return "1.5" if ends and ends[0].outstanding <= 0 else "3.8"
        if feed.asked <= sent and not feed.ended:
            return "2.1"
        return rule

    def expect_same_error(self, link: str) -> None:
        """Puts on record where an error that came is not the one that was sent."""
        for probe in self.probes:
            error = probe.error
            sent = self.feed.error if self.feed is not None else None
            if probe.link == link and error is not None and not stems_from(error, sent):
                self.note(link, "4.2", f"{sent!r} was sent by upstream, and {error!r} came out")

    # The verdict.

    def breaches(self) -> list[Breach]:
        """Returns what was broken so far, without what the kit has itself brought about.

        A Processor that passes its Subscriber's calls on passes wrong ones on, too.
        """
        synchronous = self.feed is not None and self.feed.synchronous
        return [
            breach
            for breach in judged(super().breaches(), self.trace, self.settings)
            if not (breach.event.link == UP and breach.rule == "2.7" and synchronous)
        ]

    def _let_go(self) -> None:
        super()._let_go()
        if self.feed is not None:
            self.feed.let_go()


def judged(breaches: Sequence[Breach], trace: Trace, settings: Settings) -> list[Breach]:
    """Returns the breaches that are a Processor's own, under the rules that are its own."""
    found: list[Breach] = []
    passed_on: _PassedOn | None = None
    for breach in breaches:
        if breach.event.link == UP and breach.event.kind in CALLS:
            passed_on = passed_on or _PassedOn(trace)
            if passed_on.excuses(breach):
                continue
            ends = trace.link(UP).calls("on_error")
            if settings.recovers and ends and breach.rule in {"2.3", "2.4"}:
                breach = replace(
                    breach, rule="4.2", message=f"{breach.message}, though it has recovered"
                )
        found.append(breach)
    return found


class _PassedOn:
    """What the kit has called behind a Processor, and what comes of it before that."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        calls = [e for e in trace.calls("request", "cancel") if e.link != UP and e.by == "driver"]
        self._calls = {event.seq: event for event in calls}
        self._asked = [event.n for event in calls if event.kind == "request"]
        self._several = any(
            later.thread != event.thread and later.seq < end.seq
            for event in calls
            if (end := trace.end_of(event)) is not None
            for later in calls
            if later.seq > event.seq
        )

    def excuses(self, breach: Breach) -> bool:
        """Returns whether the kit did the same behind the Processor."""
        event = breach.event
        if breach.rule == "3.9":
            return any(type(n) is type(event.n) and n == event.n for n in self._asked)
        if breach.rule == "2.7":
            return self._several
        # Asked or cancelled after the end, or by one who works elsewhere and may not know of it.
        return breach.rule == "2.4" and (event.inside is None or self._from_behind(event))

    def _from_behind(self, event: Event) -> bool:
        while event.inside is not None:
            if event.inside in self._calls:
                return True
            event = self._trace[event.inside]
        return False
