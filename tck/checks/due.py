"""What is due from a Publisher after a script, whatever the script was; it is waited for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reactive_streams import UNBOUNDED
from tck.driving.probe import Probe
from tck.driving.publisher_stand import PublisherStand
from tck.oracle.model import complaint
from tck.recording.trace import SIGNALS, Trace


@dataclass(frozen=True, slots=True)
class _Facts:
    asked: int
    inside: bool
    """Whether some of it was asked for from inside a signal."""
    bad: bool
    odd: bool
    """All that was bad of them was no int, of which the specification does not speak."""
    over: bool
    """The Subscriber has cancelled or raised, or was never subscribed: nothing is due any more."""

    @classmethod
    def of(cls, trace: Trace) -> _Facts:
        requests = [event for event in trace.calls("request") if event.by == "driver"]
        good = [event for event in requests if complaint(event.n) is None]
        total = sum(int(event.n) for event in good)
        return cls(
            asked=min(total, UNBOUNDED),
            inside=any(event.inside is not None for event in good),
            bad=len(good) < len(requests),
            odd={complaint(event.n) for event in requests} <= {None, "TypeError"},
            over=bool(trace.calls("cancel"))
            or any(event.phase == "raise" and event.kind in SIGNALS for event in trace),
        )


def expect_what_is_due(stand: PublisherStand, unawaited: Collection[str] = ()) -> None:
    """Waits on each link for on_subscribe, for elements, and for an end; puts on record what misses.

    What would be put down to one of the rules in `unawaited` is not waited for.
    """
    declared = stand.settings
    several = len(stand.probes) > 1
    shared = several and declared.multicast and not declared.per_subscriber
    if shared and not _in_step(stand):
        # How many are due to whom depends on who was there, and who was slow.
        for probe in stand.probes:
            _subscribed(probe, stand, unawaited)
        return
    # Who has broken a rule on a link may be confused about it: that is no second breach.
    broken = {breach.event.link for breach in stand.breaches()}
    for probe in stand.probes:
        if probe.link in broken:
            continue
        if not _subscribed(probe, stand, unawaited):
            continue
        _expect(stand, probe, several, unawaited)
    if several and not any(_Facts.of(stand.trace.link(p.link)).bad for p in stand.probes):
        stand.expect_same()


def _subscribed(probe: Probe, stand: PublisherStand, unawaited: Collection[str]) -> bool:
    """Returns whether on_subscribe has come, waiting for it."""
    if "1.9" in unawaited and not probe.subscribed:
        return False
    there = stand.recorder.returned(probe.link, "on_subscribe") > 0 or probe.ended
    return there or probe.expect_subscribed()


def _in_step(stand: PublisherStand) -> bool:
    """Returns whether all had their Subscription before anything was asked for, and ask on for as much.

    Who is let in a while after subscribe was called may be so when the others have begun.
    """
    trace = stand.trace
    kinds = [e.kind for e in trace if e.phase == "enter" and e.kind in {"on_subscribe", "request"}]
    facts = [_Facts.of(stand.trace.link(probe.link)) for probe in stand.probes]
    return (
        kinds[: kinds.index("request") if "request" in kinds else None].count("on_subscribe")
        == len(stand.probes)
        and not any(each.over or each.bad or each.inside for each in facts)
        and len({each.asked for each in facts}) == 1
    )


def _expect(stand: PublisherStand, probe: Probe, several: bool, unawaited: Collection[str]) -> None:
    recorder, link = stand.recorder, probe.link
    while True:
        facts = _Facts.of(stand.trace.link(link))
        if facts.over:
            return
        if facts.bad:
            # Where all was asked for, the stream may have ended before the bad request came.
            known = "3.9/python" if facts.odd else "3.9"
            if facts.asked < stand.elements and not several and known not in unawaited:
                probe.expect_error("3.9")
            return
        due = min(facts.asked, stand.elements)
        rule = _rule(facts, several)
        if recorder.returned(link, "on_next") >= due:
            break
        if rule in unawaited:
            return
        arrived = stand.wait(
            link,
            lambda due=due: _reached(stand, probe, due),  # type: ignore[misc]
            rule,
            came=lambda: recorder.returned(link, "on_next"),
        )
        facts = _Facts.of(stand.trace.link(link))
        if facts.over or (facts.bad and arrived):
            continue
        if probe.ended or not arrived:
            probe.expect_elements(due, rule)
            return
    if facts.asked > stand.elements and stand.settings.completes and "1.5" not in unawaited:
        probe.expect_complete()


def _reached(stand: PublisherStand, probe: Probe, due: int) -> bool:
    recorder, link = stand.recorder, probe.link
    return (
        recorder.returned(link, "on_next") >= due
        or probe.ended
        or recorder.count(link, "cancel") > 0
        or probe.raised
    )


def _rule(facts: _Facts, several: bool) -> str:
    if several:
        return "1.11"
    if facts.asked >= UNBOUNDED:
        return "3.17"
    return "3.2" if facts.inside else "3.8"
