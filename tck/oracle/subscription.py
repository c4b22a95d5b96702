"""Chapter 3: the Subscription, which is the Publisher's work."""

from __future__ import annotations

from typing import Final

from reactive_streams import UNBOUNDED
from tck.oracle.model import Call, Link, complaint, own_error, watch
from tck.oracle.publisher import answers_late_request
from tck.recording.trace import Event, brief

_NO_EFFECT: Final = "nothing: a request that comes after cancel() or the end has no effect"


@watch("3.6", at=("on_next",), due=_NO_EFFECT)
def request_after_the_end_served(link: Link, event: Event, call: Call) -> str | None:
    """An element that answers a request made after cancel."""
    if link.terminal is not None or not link.late:
        return None
    number = link.delivered - link.unasked + 1
    if link.demand >= number:
        return None  # it was asked for before, and may have been under way
    request = call.late_request
    where = "" if request is None else f" from inside {request.label}"
    asked = f"only {link.asked}" if link.asked else "nothing"
    return (
        f"{event.label} came{where}, element number {number}, when {asked} had been asked for "
        "before cancel(): it answers a request made after it"
    )


@watch("3.6", at=("on_error",), due=_NO_EFFECT)
def bad_request_after_the_end_answered(link: Link, event: Event, call: Call) -> str | None:
    """An on_error for a bad request that came after cancel or a terminal signal."""
    if not answers_late_request(link, event, call):
        return None
    end = link.terminal.label if link.terminal is not None else "cancel()"
    return f"{event.label} came, in answer to a bad request made after {end}"


@watch(
    "1.8",
    "3.12",
    at=("on_next",),
    due="no further elements after cancel(), but for a few that are under way",
)
def element_after_cancel(link: Link, event: Event, call: Call) -> str | None:
    """Elements after cancel returned: none from a loop that was told on its own thread, else few."""
    return link.cancel.exceeded(event, call, link.bounds) if link.cancel is not None else None


@watch(
    "3.3",
    at=("on_next",),
    due="a stack that does not grow with demand: a request from inside on_next is remembered, and "
    "served by the loop that has called it",
)
def deep_recursion(link: Link, event: Event, _call: Call) -> str | None:
    """An on_next inside on_next on one thread, deeper than the bound and one more."""
    allowed = link.bounds.recursion + 1
    if event.depth <= allowed:
        return None
    return (
        f"{event.label} came inside on_next, {event.depth} deep on one thread, where {allowed} are "
        "tolerated (Settings.recursion)"
    )


@watch(
    "3.9",
    at=("on_error",),
    due="on_error with a ValueError where the number is not positive (a TypeError where it is no int)",
)
def wrong_error_for_bad_request(link: Link, event: Event, _call: Call) -> str | None:
    """An on_error after a bad request, with an error of another type than the one due."""
    if not link.bad or link.terminal is not None or event.error is None:
        return None
    if event.error.is_a(*link.bad):
        return None
    return f"{event.label} came after a bad request, with an error of the wrong type"


@watch(
    "3.17",
    at=("on_error",),
    due=f"elements: demand that adds up to 2**63-1 ({UNBOUNDED}) or more is no error, and means all",
)
def large_demand_refused(link: Link, event: Event, _call: Call) -> str | None:
    """An on_error that complains about a demand of 2**63 - 1 or more, which is none too many."""
    error = event.error
    if link.asked < UNBOUNDED or link.bad or link.late_bad or error is None:
        return None
    if error.is_a("OverflowError") or "3.9" in error.message or "3.17" in error.message:
        return f"{event.label} came when 2**63-1 elements or more had been asked for"
    return None


@watch(
    "3.4",
    at=("request",),
    phase="exit",
    accused="callee",
    due="that request returns soon: what takes long is done elsewhere, and not by who asks",
)
def slow_request(link: Link, event: Event, call: Call) -> str | None:
    """How long request took, without the calls that were made from it."""
    return _slow(link, event, call)


@watch(
    "3.5",
    at=("cancel",),
    phase="exit",
    accused="callee",
    due="that cancel returns soon: what takes long is done elsewhere, and not by who cancels",
)
def slow_cancel(link: Link, event: Event, call: Call) -> str | None:
    """How long cancel took, without the calls that were made from it."""
    return _slow(link, event, call)


def _slow(link: Link, event: Event, call: Call) -> str | None:
    call.busy(event.time)
    own = call.stretch
    if own <= link.bounds.responsive:
        return None
    return (
        f"{call.event.label} took {own:.3g} s by itself, where {link.bounds.responsive:g} s are "
        "tolerated (Settings.responsive)"
    )


@watch(
    "3.15",
    at=("cancel",),
    phase="raise",
    accused="callee",
    due="that cancel returns, whatever happens: it raises nothing to who calls it",
)
def cancel_raised(_link: Link, event: Event, call: Call) -> str | None:
    """A cancel that raises an error of its own."""
    return _raised(event, call)


@watch(
    "3.16",
    at=("request",),
    phase="raise",
    accused="callee",
    due="that request returns, whatever it is given: what is wrong is told by on_error",
)
def request_raised(_link: Link, event: Event, call: Call) -> str | None:
    """A request that raises an error of its own, whatever it was given."""
    return _raised(event, call)


def _raised(event: Event, call: Call) -> str | None:
    return f"{call.event.label} raised {event.error}" if own_error(event, call) else None


@watch("3.9", at=("request",), due="request(n) with an int of 1 or more")
def bad_request(_link: Link, event: Event, _call: Call) -> str | None:
    """A Subscriber that asks for 0, for less, or for what is not an int."""
    due = complaint(event.n)
    if due is None:
        return None
    what = "is not positive" if due == "ValueError" else "is not an int"
    return f"{event.label} was called: {brief(event.n)} {what}"
