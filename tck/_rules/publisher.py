"""Chapter 1, and what chapter 2 asks of a Publisher."""

from __future__ import annotations

from reactive_streams import UNBOUNDED
from tck._rules.model import Call, Link, gave_none, own_error, watch
from tck.trace import Event


@watch("1.9", at=("on_next", "on_error", "on_complete"))
def signal_before_on_subscribe(link: Link, event: Event, _call: Call) -> str | None:
    """A signal to a Subscriber before its on_subscribe."""
    return f"{event.label} before on_subscribe" if link.on_subscribes == 0 else None


@watch("2.12", at=("on_subscribe",))
def second_on_subscribe(link: Link, _event: Event, _call: Call) -> str | None:
    """A second on_subscribe, and any further one, on the same Subscriber."""
    number = link.on_subscribes + 1
    # Whoever subscribes it twice has broken the rule already, and the Publisher need not know.
    if number <= max(1, link.subscribes):
        return None
    return f"on_subscribe number {number} on one Subscriber"


@watch("1.3", at=("on_subscribe", "on_next", "on_error", "on_complete"))
def overlapping_signals(link: Link, event: Event, _call: Call) -> str | None:
    """A signal that begins while another of the same link is open on another thread."""
    for other in link.signals.values():
        if other.event.thread != event.thread and other.event.by == "component":
            return (
                f"{event.label} began on thread {event.thread} while {other.event.label} "
                f"was still running on thread {other.event.thread}"
            )
    return None


@watch("1.7", at=("on_next", "on_error", "on_complete"))
def signal_after_the_end(link: Link, event: Event, call: Call) -> str | None:
    """A signal after on_error or on_complete, from any thread."""
    end = link.terminal
    if end is None or (link.terminal_open and end.thread != event.thread):
        # While the end is running elsewhere, the two overlap: §1.3 says so.
        return None
    if event.kind == "on_error" and answers_late_request(link, event, call):
        return None
    return f"{event.label} after {end.label}"


def answers_late_request(link: Link, event: Event, call: Call) -> bool:
    """Returns whether an on_error complains about a request that had to be ignored (§3.6)."""
    if not link.late_bad:
        return False
    request = call.late_request
    if request is not None:
        return True
    expected = event.error is not None and event.error.is_a("ValueError", "TypeError")
    return expected and (link.terminal is not None or not link.bad)


@watch("2.13", at=("on_next", "on_error"))
def none_as_argument(_link: Link, event: Event, _call: Call) -> str | None:
    """None in place of an element or of an error."""
    if not gave_none(event):
        return None
    return f"{event.kind}(None): None is no {'element' if event.kind == 'on_next' else 'error'}"


@watch("2.13", at=("on_next",))
def element_after_failure(link: Link, event: Event, call: Call) -> str | None:
    """An element for a Subscriber that has raised, and so counts as cancelled."""
    if link.failed is None:
        return None
    return link.failed.exceeded(event, call, link.bounds)


@watch("2.13", at=("on_error",))
def error_after_failure(link: Link, event: Event, _call: Call) -> str | None:
    """An on_error for a Subscriber that has raised: it cannot be told of its own error."""
    if link.failed is None or link.terminal is not None:
        return None
    return f"{event.label} after the Subscriber raised {link.failed.event.error}"


@watch("1.1", at=("on_next",))
def more_than_asked_for(link: Link, event: Event, _call: Call) -> str | None:
    """An element more than all good requests together have asked for."""
    number = link.delivered + 1
    if number <= link.asked + link.mistaken or link.asked >= UNBOUNDED:
        return None
    if link.asked == 0:
        return f"{event.label}, element number {number}, when nothing had been asked for"
    return f"on_next number {number} when only {link.asked} had been asked for"


@watch("1.4", at=("on_error",))
def no_exception(_link: Link, event: Event, _call: Call) -> str | None:
    """An on_error with something that is not an Exception."""
    if event.error is None or gave_none(event) or event.error.is_a("Exception"):
        return None
    return f"{event.label}: {event.error.type} is no Exception"


@watch("1.9", at=("subscribe",), phase="raise", accused="callee")
def subscribe_raised(_link: Link, event: Event, call: Call) -> str | None:
    """A subscribe that raises, except a TypeError for None in place of a Subscriber."""
    error = event.error
    if call.event.text == "None subscriber":
        if error is not None and error.is_a("TypeError"):
            return None
        return f"subscribe(None) raised {error}, where TypeError is due"
    if not own_error(event, call):
        return None
    return f"subscribe raised {error} instead of signalling on_subscribe and on_error"


@watch("1.9", at=("subscribe",), phase="exit", accused="callee")
def subscribe_took_none(_link: Link, _event: Event, call: Call) -> str | None:
    """A subscribe(None) that returns."""
    if call.event.text != "None subscriber":
        return None
    return "subscribe(None) returned, where TypeError is due"
