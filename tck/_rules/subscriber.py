"""Chapter 2: what a Subscriber does with its Subscription, and how it takes its signals."""

from __future__ import annotations

from tck._rules.model import Call, Link, gave_none, own_error, refused, watch
from tck.trace import TERMINAL, Event

_ON_SUBSCRIBE = frozenset({"on_subscribe"})


@watch("2.3", at=("request", "cancel"))
def call_inside_the_end(link: Link, event: Event, call: Call) -> str | None:
    """A request or cancel from inside on_error or on_complete of the same link."""
    end = call.inside(link.name, TERMINAL)
    return f"{event.label} from inside {end.event.label}" if end is not None else None


@watch("2.4", at=("request", "cancel"))
def call_after_the_end(link: Link, event: Event, _call: Call) -> str | None:
    """A request or cancel, from any thread, after on_error or on_complete returned.

    A Subscriber that works on a thread of its own may be about to call when the end arrives, and
    no lock could prevent that: of a thread that made calls before, one is tolerated.
    """
    if link.terminal is None or link.terminal_open or event.subscription in link.unwanted:
        return None
    crossed = event.thread in link.callers and event.thread != link.terminal.thread
    if crossed and link.after_end < link.bounds.crossing:
        return None
    return f"{event.label} after {link.terminal.label}"


@watch("2.5", at=("request",))
def request_on_second(link: Link, event: Event, _call: Call) -> str | None:
    """A request on a Subscription that came while another was active."""
    if event.subscription not in link.unwanted:
        return None
    return f"{event.label} on Subscription number {event.subscription}, while the first is active"


@watch("2.5", at=("cancel",))
def cancelled_the_first(link: Link, event: Event, call: Call) -> str | None:
    """A cancel of the active Subscription as the answer to a second one."""
    if link.cancel is not None or event.subscription in link.unwanted or link.on_subscribes < 2:
        return None
    around = call.inside(link.name, _ON_SUBSCRIBE)
    inside = around is not None and (around.event.subscription or 1) > 1
    # Elsewhere it may have other reasons, unless nothing else has happened meanwhile.
    if event.subscription not in (None, 1) or not (inside or link.undisturbed):
        return None
    return "cancel() of the active Subscription when a second one came"


@watch("2.7", at=("request", "cancel"))
def overlapping_calls(link: Link, event: Event, _call: Call) -> str | None:
    """A request or cancel that begins while another is open on another thread."""
    for other in link.calls.values():
        if other.event.thread == event.thread or other.event.by != "component":
            continue
        if other.event.subscription != event.subscription:
            continue
        if not link.bounds.serial_cancel and "cancel" in (event.kind, other.event.kind):
            continue
        return (
            f"{event.label} began on thread {event.thread} while {other.event.label} "
            f"was still running on thread {other.event.thread}"
        )
    return None


def _own_error(event: Event, call: Call) -> bool:
    """Returns whether an error that came out of a signal is the Subscriber's, and not called for."""
    return own_error(event, call) and not gave_none(call.event)


@watch("2.9", at=("on_complete",), phase="raise", accused="callee")
def on_complete_raised(link: Link, event: Event, call: Call) -> str | None:
    """An on_complete that raises where nothing was requested; §2.13 where something was."""
    if link.asked or not _own_error(event, call):
        return None
    return f"on_complete raised {event.error}, with no request before"


@watch("2.10", at=("on_error",), phase="raise", accused="callee")
def on_error_raised(link: Link, event: Event, call: Call) -> str | None:
    """An on_error that raises where nothing was requested; §2.13 where something was."""
    if link.asked or not _own_error(event, call):
        return None
    return f"on_error raised {event.error}, with no request before"


@watch("2.8", at=("on_next",), phase="raise", accused="callee")
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
)
def signal_raised(link: Link, event: Event, call: Call) -> str | None:
    """A signal that raises, unless it is a TypeError for None, or §2.8, §2.9 or §2.10 fits better."""
    if gave_none(call.event):
        if refused(event) or (event.error is not None and event.error.is_a("TypeError")):
            return None
        return f"{event.kind}(None) raised {event.error}, where TypeError is due"
    if not _own_error(event, call):
        return None
    if event.kind == "on_next" and link.cancel is not None:
        return None
    if event.kind in TERMINAL and not link.asked:
        return None
    return f"{call.event.label} raised {event.error}"


@watch("2.13", at=("on_subscribe", "on_next", "on_error"), phase="exit", accused="callee")
def took_none(_link: Link, event: Event, call: Call) -> str | None:
    """A signal that takes None and returns, where TypeError is due."""
    return f"{event.kind}(None) returned, where TypeError is due" if gave_none(call.event) else None
