"""The probe: a Subscriber of the kit, and the driver's hand on its Subscription."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from reactive_streams import UNBOUNDED
from tck.driving.scripted import Scripted
from tck.driving.stand import Stand, unless
from tck.oracle.model import complaint
from tck.recording.links import TracedSubscriber, TracedSubscription
from tck.recording.own_time import Allowance
from tck.recording.trace import SIGNALS, TERMINAL, Event
from tck.scripts.script import Reactions, Verbatim

_ELEMENTS: Final = {
    "1.11": "for each of several Subscribers",
    "3.2": "also by request from inside on_subscribe or on_next",
    "3.17": "also by very large numbers, or a great many of them",
}
_ERROR: Final = {
    "1.4": "on_error, from a Publisher that fails",
    "4.2": "on_error, passed on from upstream",
}


def _elements(total: int, rule: str) -> str:
    more = f", {_ELEMENTS[rule]}" if rule in _ELEMENTS else ""
    return f"{total} element{'s' * (total != 1)}, as many as were asked for{more}"


_ODD = "3.9/python"
"""What is known of bad requests that only Python makes possible, apart from the others."""


class JudgedStand(Stand):
    """What a probe needs of its stand."""

    elements: int

    def surplus(self, link: str, number: int) -> None:
        """Puts on record that an element came where the stream was to have ended."""

    def falls_short(self, count: int) -> bool:
        """Returns whether such a stream ends by itself after so many elements, or before."""
        raise NotImplementedError

    def progress(self, link: str) -> int:
        """Returns how much has happened so far, for one who waits on that link."""
        return self.recorder.returned(link, "on_next")


class Probe:
    """A Subscriber of the kit on one link, and the driver's hand on its Subscription."""

    def __init__(self, stand: JudgedStand, link: str, reactions: Reactions) -> None:
        self._stand = stand
        self.link: str = link
        # Only who may be asked from several threads at once is told by them without regard to §2.7.
        turn = None if stand.settings.concurrent_requests else threading.RLock()
        self._scripted = Scripted(reactions, lambda number: stand.surplus(link, number), turn)
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
        self._scripted.call(name, *args)

    def ready(self) -> None:
        """Waits for the Subscription, which may come from another thread; once only."""
        if not self._waited:
            self._waited = True
            self._stand.wait(
                self.link,
                lambda: self._scripted.subscription is not None or self.ended or self.refused,
                "1.9",
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
        self._stand.act("expect_subscribed", self.link, *unless(rule, "1.9"))
        return self._stand.expect(
            self.link, rule, "on_subscribe has not come",
            lambda: self._stand.recorder.returned(self.link, "on_subscribe") > 0,
            due="on_subscribe in answer to subscribe, with the Subscription in it",
        )  # fmt: skip

    def expect_elements(self, total: int, rule: str = "3.8") -> bool:
        """Returns whether that many elements, counted from the first, came in time."""
        self._stand.act("expect_elements", self.link, total, *unless(rule, "3.8"))
        arrived = self.arrive(total, rule)
        if self.count >= total:
            return True
        if rule == "3.8" and self._stand.recorder.outstanding(self.link) >= UNBOUNDED:
            rule = "3.17"  # the demand is endless, and that may be what is the matter
        if self.ended:
            error = self._stand.count(self.link, "on_error") > 0
            early = rule in {"3.2", "3.8", "3.17"} and not error
            self._stand.missing(
                self.link, "1.5" if early else rule,
                f"the stream {'failed' if error else 'ended'} after {self.count} elements",
                due=_elements(total, rule),
            )  # fmt: skip
        elif not arrived:
            demand = max(self._stand.recorder.outstanding(self.link), 0)
            self._stand.missing(
                self.link, rule,
                f"only {self.count} of {total} elements have come, with demand "
                f"{'without end' if demand >= UNBOUNDED else f'for {demand} more'}",
                due=_elements(total, rule),
            )  # fmt: skip
        return False

    def arrive(self, total: int, rule: str = "3.8") -> bool:
        """Returns whether that many elements came, or the end, each in time; puts nothing on record."""
        recorder = self._stand.recorder
        return self._wait(
            lambda: recorder.returned(self.link, "on_next") >= total or self.ended, rule
        )

    def _end(self, rule: str) -> bool:
        return self._wait(lambda: self.ended, rule)

    def _wait(self, condition: Callable[[], bool], rule: str) -> bool:
        # What comes before it, comes in its own time.
        known = (rule,) if self.subscribed else (rule, "1.9")
        return self._stand.wait(
            self.link, condition, *known, came=lambda: self._stand.progress(self.link)
        )

    def expect_complete(self, rule: str = "1.5") -> bool:
        """Returns whether on_complete came in time."""
        self._stand.act("expect_complete", self.link, *unless(rule, "1.5"))
        self._end(rule)
        if self._stand.count(self.link, "on_complete"):
            return True
        text = "on_error came" if self.ended else "on_complete has not come"
        self._stand.missing(
            self.link,
            rule,
            f"{text} after {self.count} elements",
            due="on_complete, since the stream has no more of them",
        )
        return False

    def expect_error(self, rule: str) -> bool:
        """Returns whether on_error came in time; a stream that was over by itself owes none."""
        self._stand.act("expect_error", self.link, rule)
        requests = self._requests()
        odd = rule == "3.9" and any(type(event.n) is not int for event in requests)
        known = _ODD if odd else rule
        self._end(known)
        if self._stand.count(self.link, "on_error"):
            return True
        if self.ended and rule == "3.9" and self._over_before(requests):
            return False
        text = "on_complete came" if self.ended else "on_error has not come"
        self._stand.missing(self.link, rule, text, known, due=self._error_due(rule, requests))
        return False

    def _error_due(self, rule: str, requests: list[Event]) -> str:
        if rule == "3.9":
            bad = next((e for e in reversed(requests) if complaint(e.n) is not None), None)
            if bad is not None:
                return f"on_error with a {complaint(bad.n)}, in answer to {bad.label}"
        return _ERROR.get(rule, "on_error")

    def _requests(self) -> list[Event]:
        return self._stand.trace.link(self.link).calls("request")

    def _over_before(self, requests: list[Event]) -> bool:
        """Returns whether the stream had come to its end before the bad request, or by itself."""
        ends = self._stand.trace.link(self.link).calls("on_complete")
        bad = [event for event in requests if type(event.n) is not int or event.n <= 0]
        if not bad or ends[0].seq < bad[0].seq:
            return True
        return self._stand.falls_short(self.count)

    def expect_end(self, rule: str = "1.5") -> bool:
        """Returns whether a terminal signal came in time."""
        self._stand.act("expect_end", self.link, *unless(rule, "1.5"))
        if self._end(rule):
            return True
        self._stand.missing(
            self.link,
            rule,
            f"neither on_complete nor on_error has come after {self.count} elements",
            due="one of them, since the stream is over",
        )
        return False

    def expect_silence(self) -> None:
        """Listens until nothing has come for a good while, as this stream has gone so far.

        A stream that gives an element now and then is not silent between two of them.
        """
        self._stand.act("expect_silence", self.link)
        settings = self._stand.settings
        came = [
            event.time for event in self._stand.trace.link(self.link).calls("request", "on_next")
        ]
        gap = max((later - before for before, later in pairwise(came)), default=0.0)
        quiet = max(settings.quiet, min(3 * gap, settings.deadline))
        # What goes on for longer than is allowed after a cancel has to be seen to.
        most = max(settings.hang, settings.deadline + 2 * quiet)
        self._stand.recorder.listen(self._stand.for_now(quiet), most)

    def expect_no_error(self, rule: str) -> bool:
        """Returns whether no on_error has come so far."""
        self._stand.act("expect_no_error", self.link, rule)
        error = self.error
        if self._stand.count(self.link, "on_error") == 0:
            return True
        self._stand.note(
            self.link,
            rule,
            f"on_error({error!r:.80}) came",
            due="no error: it is welcome to ask for more than 2**63-1 elements, and means all",
        )
        return False

    def expect_no_answers(self, rule: str = "1.6") -> bool:
        """Returns whether no request or cancel that came after the end was answered by a signal."""
        self._stand.act("expect_no_answers", self.link, *unless(rule, "1.6"))
        trace = self._stand.trace.link(self.link)
        ends = [event.seq for event in trace if event.kind in TERMINAL and event.phase == "exit"]
        calls = {e.seq: e for e in trace.calls("request", "cancel") if ends and e.seq > ends[0]}
        for event in trace:
            if event.kind in SIGNALS and event.inside in calls:
                call = calls[event.inside]
                self._stand.note(
                    self.link,
                    rule,
                    f"{call.label}, called after the end, was answered by {event.label}",
                    due="nothing: after on_complete or on_error, request and cancel have no effect",
                    about=event,
                )
                return False
        return True

    def expect_idle_cancels(self, rule: str = "3.7", *, late: bool = True) -> bool:
        """Returns whether nothing came of any cancel after the first: no signal, and no exception.

        Without `late`, a signal that does not come from inside the call is owed to something else.
        """
        self._stand.act(
            "expect_idle_cancels", self.link, *unless(rule, "3.7"),
            *(() if late else (Verbatim("late=False"),)),
        )  # fmt: skip
        trace = self._stand.trace.link(self.link)
        further = [event.seq for event in trace.calls("cancel")][1:2]
        for event in trace:
            raised = event.phase == "raise"
            # The end of a signal is no answer: the thread that has made it may have had to wait.
            signal = event.phase == "enter" and event.kind in SIGNALS
            if not further or event.seq < further[0] or not (raised or signal):
                continue
            if not raised and event.inside is None and not late:
                return True
            what = f"raised {event.error}" if raised else f"was answered by {event.label}"
            self._stand.note(
                self.link,
                rule,
                f"a further cancel() {what}",
                due="nothing: only the first cancel() has an effect",
                about=event,
            )
            return False
        return True

    def expect_cancels_return(self, rule: str = "3.5") -> bool:
        """Returns whether no cancel has raised, though several threads called it at once."""
        self._stand.act("expect_cancels_return", self.link, *unless(rule, "3.5"))
        for event in self._stand.trace.link(self.link):
            if event.phase == "raise" and event.kind == "cancel":
                text = f"cancel(), called while others did so, raised {event.error}"
                self._stand.note(
                    self.link,
                    rule,
                    text,
                    due="that cancel() returns, from whatever threads it is called",
                    about=event,
                )
                return False
        return True

    def expect_forgotten(self, rule: str = "3.13") -> bool:
        """Lets go of the Subscriber, and returns whether the Publisher does so too, in time."""
        self._stand.act("expect_forgotten", self.link, *unless(rule, "3.13"))
        reference = weakref.ref(self.subscriber) if self.subscriber is not None else None
        # A Subscription may lead to its Subscriber: whoever is done with one drops both.
        self.subscriber = self._scripted.subscription = None
        allowance = Allowance(self._stand.settings.deadline)
        while reference is not None and reference() is not None:
            if _collected(reference):
                break
            if allowance.left <= 0:
                self._stand.note(
                    self.link, rule,
                    "the Publisher or its Subscription still holds a reference to the Subscriber "
                    f"{self._stand.settings.deadline:g} s after cancel()",
                    due="no reference soon after it, so that a Subscriber that has left can be freed",
                )  # fmt: skip
                return False
            time.sleep(self._stand.settings.poll)
        return True

    def drop(self) -> None:
        """Cancels off the record."""
        subscription = self._scripted.subscription
        if isinstance(subscription, TracedSubscription) and not self.ended:
            subscription.target.cancel()


def _collected(reference: weakref.ref[Any]) -> bool:
    """Returns whether nothing but itself still led to it; it is young, and to go through all takes long."""
    for generation in range(3):
        gc.collect(generation)
        if reference() is None:
            return True
    return False


def alike(one: Any, other: Any) -> bool:
    """Returns whether two elements are the same, or equal; what cannot be compared is not."""
    try:
        return one is other or bool(one == other)
    except Exception:
        return False
