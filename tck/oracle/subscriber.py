"""Chapter 2: what a Subscriber does with its Subscription, and how it takes its signals."""

from __future__ import annotations

from typing import Final

from tck.oracle.model import Call, Link, gave_none, own_error, refused, threads, watch
from tck.recording.trace import SIGNALS, TERMINAL, Event

CANCEL_SECOND: Final = (
    "cancel() of a Subscription that comes while another is active, and no request on it"
)
NO_CALL_IN_THE_END: Final = (
    "neither request nor cancel from inside on_complete or on_error: the Subscription is over"
)
_NONE_REFUSED: Final = "a TypeError, as for None in any signal"


@watch("2.3", at=("request", "cancel"), due=NO_CALL_IN_THE_END)
def call_inside_the_end(link: Link, event: Event, call: Call) -> str | None:
    """A request or cancel from inside on_error or on_complete of the same link."""
    end = call.inside(link.name, TERMINAL)
    return f"{event.label} was called from inside {end.event.label}" if end is not None else None


@watch(
    "2.4",
    at=("request", "cancel"),
    due="neither request nor cancel once on_complete or on_error has come: the Subscription is over",
)
def call_after_the_end(link: Link, event: Event, call: Call) -> str | None:
    """A request or cancel, from any thread, after on_error or on_complete returned.

    A Subscriber that works on a thread of its own may be about to call when the end arrives, and
    no lock could prevent that: of a thread that made calls before, one is tolerated. And the end may
    come inside a request, of two in a row, say: then the signal in which both are made has not ended.
    """
    if link.terminal is None or link.terminal_open or event.subscription in link.unwanted:
        return None
    around = call.inside(link.name, SIGNALS)
    if around is not None and around.event.seq < link.terminal.seq:
        return None
    crossed = event.thread in link.callers and event.thread != link.terminal.thread
    if crossed and link.after_end < link.bounds.crossing:
        return None
    return f"{event.label} was called after {link.terminal.label}"


@watch("2.5", at=("request",), due=CANCEL_SECOND)
def request_on_second(link: Link, event: Event, _call: Call) -> str | None:
    """A request on a Subscription that came while another was active."""
    if event.subscription not in link.unwanted:
        return None
    return (
        f"{event.label} was called on Subscription number {event.subscription}, while the first is "
        "active"
    )


@watch(
    "2.7",
    at=("request", "cancel"),
    due="one call of request or cancel at a time, from whatever threads they come",
)
def overlapping_calls(link: Link, event: Event, _call: Call) -> str | None:
    """A request or cancel that begins while another is open on another thread."""
    for other in link.calls.values():
        if other.event.thread == event.thread or other.event.by != "component":
            continue
        if other.event.subscription != event.subscription:
            continue
        if not link.bounds.serial_cancel and "cancel" in (event.kind, other.event.kind):
            continue
        here, there = threads(event, other.event)
        return (
            f"{event.label} began on {here} while {other.event.label} was still running on {there}"
        )
    return None


def _own_error(event: Event, call: Call) -> bool:
    """Returns whether an error that came out of a signal is the Subscriber's, and not called for."""
    return own_error(event, call) and not gave_none(call.event)


@watch(
    "2.9",
    at=("on_complete",),
    phase="raise",
    accused="callee",
    due="that on_complete is taken and returns, also where nothing was asked for before",
)
def on_complete_raised(link: Link, event: Event, call: Call) -> str | None:
    """An on_complete that raises where nothing was requested; §2.13 where something was."""
    if link.asked or not _own_error(event, call):
        return None
    return f"on_complete raised {event.error}, with no request before"


@watch(
    "2.10",
    at=("on_error",),
    phase="raise",
    accused="callee",
    due="that on_error is taken and returns, also where nothing was asked for before",
)
def on_error_raised(link: Link, event: Event, call: Call) -> str | None:
    """An on_error that raises where nothing was requested; §2.13 where something was."""
    if link.asked or not _own_error(event, call):
        return None
    return f"on_error raised {event.error}, with no request before"


@watch(
    "2.8",
    at=("on_next",),
    phase="raise",
    accused="callee",
    due="that on_next returns: elements that are under way may still come after cancel()",
)
def on_next_raised_after_cancel(link: Link, event: Event, call: Call) -> str | None:
    """An on_next that raises because the Subscriber has cancelled before."""
    if link.cancel is None or not _own_error(event, call):
        return None
    return f"{call.event.label} raised {event.error} after the Subscriber's cancel()"


@watch(
    "2.13",
    at=("on_subscribe", "on_next", "on_error", "on_complete"),
    phase="raise",
    accused="callee",
    due="that a signal returns: a Subscriber that has failed calls cancel(), and raises nothing",
)
def signal_raised(link: Link, event: Event, call: Call) -> str | None:
    """A signal that raises, unless §2.8, §2.9 or §2.10 fits better."""
    if not _own_error(event, call):
        return None
    if event.kind == "on_next" and link.cancel is not None:
        return None
    if event.kind in TERMINAL and not link.asked:
        return None
    return f"{call.event.label} raised {event.error}"


@watch(
    "2.13",
    at=("on_subscribe", "on_next", "on_error"),
    phase="raise",
    accused="callee",
    due=_NONE_REFUSED,
)
def none_refused_wrongly(_link: Link, event: Event, call: Call) -> str | None:
    """A signal that is given None and raises anything but a TypeError."""
    if not gave_none(call.event) or refused(event):
        return None
    if event.error is not None and event.error.is_a("TypeError"):
        return None
    return f"{event.kind}(None) raised {event.error}"


@watch(
    "2.13",
    at=("on_subscribe", "on_next", "on_error"),
    phase="exit",
    accused="callee",
    due=_NONE_REFUSED,
)
def took_none(_link: Link, event: Event, call: Call) -> str | None:
    """A signal that takes None and returns, where TypeError is due."""
    return f"{event.kind}(None) returned" if gave_none(call.event) else None
