"""Chapter 1, and what chapter 2 asks of a Publisher."""

from __future__ import annotations

from typing import Final

from reactive_streams import UNBOUNDED
from tck.oracle.model import Call, Link, gave_none, own_error, threads, watch
from tck.recording.trace import Event

_ONE_SUBSCRIPTION: Final = "one on_subscribe for each time that subscribe is called"
_NONE_REFUSED: Final = "a TypeError from subscribe(None)"


@watch(
    "1.9",
    at=("on_next", "on_error", "on_complete"),
    due="on_subscribe as the first signal: without its Subscription nobody can ask for anything",
)
def signal_before_on_subscribe(link: Link, event: Event, _call: Call) -> str | None:
    """A signal to a Subscriber before its on_subscribe."""
    return f"{event.label} came before on_subscribe" if link.on_subscribes == 0 else None


@watch("2.12", at=("on_subscribe",), due=_ONE_SUBSCRIPTION)
def second_on_subscribe(link: Link, _event: Event, _call: Call) -> str | None:
    """A second on_subscribe, and any further one, on the same Subscriber."""
    number = link.on_subscribes + 1
    # Whoever subscribes it twice has broken the rule already, and the Publisher need not know.
    if number <= max(1, link.subscribes) or link.failed is not None:
        return None
    return f"on_subscribe number {number} came to the same Subscriber"


@watch("2.12", at=("on_subscribe",), kind="doubt", due=_ONE_SUBSCRIPTION)
def on_subscribe_after_failure(link: Link, _event: Event, _call: Call) -> str | None:
    """A second on_subscribe for a Subscriber that has raised, by one who is about to say so: a warning."""
    number = link.on_subscribes + 1
    if number <= max(1, link.subscribes) or link.failed is None:
        return None
    return (
        f"on_subscribe number {number} came to the same Subscriber, after it raised "
        f"{link.failed.event.error}: an on_error needs one before it, but that Subscriber has had its own"
    )


@watch(
    "1.3",
    at=("on_subscribe", "on_next", "on_error", "on_complete"),
    due="one signal at a time: the next begins when the one before has returned",
)
def overlapping_signals(link: Link, event: Event, _call: Call) -> str | None:
    """A signal that begins while another of the same link is open on another thread."""
    for other in link.signals.values():
        if other.event.thread != event.thread and other.event.by == "component":
            here, there = threads(event, other.event)
            return f"{event.label} began on {here} while {other.event.label} was still running on {there}"
    return None


@watch(
    "1.7",
    at=("on_next", "on_error", "on_complete"),
    due="silence once on_error or on_complete has come",
)
def signal_after_the_end(link: Link, event: Event, call: Call) -> str | None:
    """A signal after on_error or on_complete, from any thread."""
    end = link.terminal
    if end is None or (link.terminal_open and end.thread != event.thread):
        # While the end is running elsewhere, the two overlap: §1.3 says so.
        return None
    if event.kind == "on_error" and answers_late_request(link, event, call):
        return None
    return f"{event.label} came after {end.label}"


def answers_late_request(link: Link, event: Event, call: Call) -> bool:
    """Returns whether an on_error complains about a request that had to be ignored (§3.6)."""
    if not link.late_bad:
        return False
    request = call.late_request
    if request is not None:
        return True
    expected = event.error is not None and event.error.is_a("ValueError", "TypeError")
    return expected and (link.terminal is not None or not link.bad)


@watch("2.13", at=("on_next", "on_error"), due="an element, or an exception, that is not None")
def none_as_argument(_link: Link, event: Event, _call: Call) -> str | None:
    """None in place of an element or of an error."""
    return f"{event.kind}(None) came" if gave_none(event) else None


@watch(
    "2.13",
    at=("on_next",),
    due="no further elements: a Subscriber that has raised counts as one that has cancelled",
)
def element_after_failure(link: Link, event: Event, call: Call) -> str | None:
    """An element for a Subscriber that has raised, and so counts as cancelled."""
    if link.failed is None:
        return None
    return link.failed.exceeded(event, call, link.bounds)


@watch(
    "2.13",
    at=("on_error",),
    kind="doubt",
    due='silence, where the rule is taken at its word ("any associated Subscription to the Subscriber '
    'MUST be considered as canceled"); many signal on_error all the same, so that this is a warning',
)
def error_after_failure(link: Link, event: Event, _call: Call) -> str | None:
    """An on_error for a Subscriber that has raised, which many signal: a warning."""
    if link.failed is None or link.terminal is not None:
        return None
    return f"{event.label} came after the Subscriber raised {link.failed.event.error}"


@watch(
    "1.1", at=("on_next",), due="no more elements than request(n) has asked for, all calls together"
)
def more_than_asked_for(link: Link, event: Event, _call: Call) -> str | None:
    """An element more than all good requests together have asked for."""
    number = link.delivered + 1
    if number <= link.demand or link.demand >= UNBOUNDED:
        return None
    asked = f"only {link.asked}" if link.asked else "nothing"
    return f"{event.label} came, element number {number}, when {asked} had been asked for"


@watch("1.4", at=("on_error",), due="on_error with an Exception")
def no_exception(_link: Link, event: Event, _call: Call) -> str | None:
    """An on_error with something that is not an Exception."""
    if event.error is None or gave_none(event) or event.error.is_a("Exception"):
        return None
    return f"{event.label} came, and {event.error.type} is no Exception"


@watch(
    "1.9",
    at=("subscribe",),
    phase="raise",
    accused="callee",
    due="that subscribe returns; a Subscriber that cannot be served is told by on_subscribe, then on_error",
)
def subscribe_raised(_link: Link, event: Event, call: Call) -> str | None:
    """A subscribe that raises."""
    if call.event.text == "None subscriber" or not own_error(event, call):
        return None
    return f"subscribe raised {event.error}"


@watch("1.9", at=("subscribe",), phase="raise", accused="callee", due=_NONE_REFUSED)
def subscribe_refused_none_wrongly(_link: Link, event: Event, call: Call) -> str | None:
    """A subscribe(None) that raises anything but a TypeError."""
    error = event.error
    if call.event.text != "None subscriber" or (error is not None and error.is_a("TypeError")):
        return None
    return f"subscribe(None) raised {error}"


@watch("1.9", at=("subscribe",), phase="exit", accused="callee", due=_NONE_REFUSED)
def subscribe_took_none(_link: Link, _event: Event, call: Call) -> str | None:
    """A subscribe(None) that returns."""
    return "subscribe(None) returned" if call.event.text == "None subscriber" else None
