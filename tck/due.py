"""What is due from a Publisher after a script, whatever the script was; it is waited for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reactive_streams import UNBOUNDED
from tck._rules.model import complaint
from tck.publisher_stand import Probe, PublisherStand
from tck.trace import SIGNALS, Trace


@dataclass(frozen=True, slots=True)
class _Facts:
    asked: int
    inside: bool
    """Whether some of it was asked for from inside a signal."""
    bad: bool
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
        return
    # Who has broken a rule on a link may be confused about it: that is no second breach.
    broken = {breach.event.link for breach in stand.breaches()}
    for probe in stand.probes:
        if probe.link in broken:
            continue
        if "1.9" in unawaited and not probe.subscribed:
            continue
        if not _has(probe, stand) and not probe.expect_subscribed():
            continue
        _expect(stand, probe, several, unawaited)
    if several and not any(_Facts.of(stand.trace.link(p.link)).bad for p in stand.probes):
        _compare(stand)


def _has(probe: Probe, stand: PublisherStand) -> bool:
    return stand.recorder.returned(probe.link, "on_subscribe") > 0 or probe.ended


def _in_step(stand: PublisherStand) -> bool:
    """Returns whether all subscribed before anything was asked for, and ask on for as much."""
    kinds = [
        e.kind for e in stand.trace if e.phase == "enter" and e.kind in {"subscribe", "request"}
    ]
    facts = [_Facts.of(stand.trace.link(probe.link)) for probe in stand.probes]
    return (
        "subscribe" not in kinds[kinds.index("request") if "request" in kinds else len(kinds) :]
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
            if facts.asked < stand.elements and not several and "3.9" not in unawaited:
                probe.expect_error("3.9")
            return
        due = min(facts.asked, stand.elements)
        rule = _rule(facts, several)
        if recorder.returned(link, "on_next") >= due:
            break
        if rule in unawaited:
            return
        arrived = recorder.wait(
            lambda due=due: _reached(stand, probe, due),  # type: ignore[misc]
            stand.settings.deadline,
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


def _compare(stand: PublisherStand) -> None:
    """Each Subscriber is sent the same, as far as it goes."""
    longest = max(stand.probes, key=lambda probe: probe.count)
    for probe in stand.probes:
        elements = probe.elements
        if elements != longest.elements[: len(elements)]:
            stand.note(
                probe.link, "1.11",
                f"{probe.link} was sent {elements!r:.60}, and {longest.link} {longest.elements!r:.60}",
            )  # fmt: skip
            return
