"""The checks of a Publisher that go beyond the official kit's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from reactive_streams import UNBOUNDED
from tck.checks.model import Checks, Skip
from tck.checks.publisher_kit import PublisherKit
from tck.driving.probe import Probe
from tck.recording.trace import Event
from tck.scripts.script import Action, Cancel, Raise, Reactions, Request

PUBLISHER_BEYOND = Checks()


@PUBLISHER_BEYOND.beyond("1.1")
def spec101_larger_requests_bring_exactly_as_many(kit: PublisherKit) -> None:
    """request(n) brings n elements and no more, for n from 2 to 100."""
    probes: list[Probe] = []
    for n in (2, 7, 16, 33, 100):
        stand = kit.stand(n + 5, shorter=True)
        a = stand.subscribe()
        a.request(n)
        if not kit.expect_elements(a, n):
            return
        probes.append(a)
        if stand.elements < n:
            break
    # To all of them at once, the first of which have been silent, or not, for longer.
    kit.stands[-1].recorder.listen(kit.settings.quiet / 2, kit.settings.hang)
    for a in probes:
        a.cancel()


@PUBLISHER_BEYOND.beyond("1.1")
def spec101_a_long_stream_goes_on(kit: PublisherKit) -> None:
    """200 elements asked for one by one, and 300 asked for at once, all come."""
    stand = kit.stand(200, shorter=True)
    a = stand.subscribe(Reactions(on_subscribe=(Request(1),), each=(Request(1),)))
    if kit.expect_elements(a, 200, "3.2"):
        kit.end(a)
    if stand.elements == 200:
        stand = kit.stand(300, shorter=True)
        a = stand.subscribe()
        a.request(UNBOUNDED)
        if kit.expect_elements(a, 300):
            kit.end(a)


@PUBLISHER_BEYOND.beyond("1.1")
def spec101_demand_of_several_requests_adds_up(kit: PublisherKit) -> None:
    """Requests made inside on_subscribe, inside on_next and from outside add up."""
    stand = kit.stand(20, shorter=True)
    a = stand.subscribe(
        Reactions(on_subscribe=(Request(2), Request(3)), after={2: (Request(4), Request(1))})
    )
    a.request(1)
    if kit.expect_elements(a, 11, "3.2"):
        a.request(2)
        kit.expect_elements(a, 13)
        stand.settle()


@PUBLISHER_BEYOND.beyond("1.4")
def spec104_a_failed_publisher_says_so(kit: PublisherKit) -> None:
    """A publisher that fails signals on_error, at the latest when all that it has is asked for."""
    stand = kit.failed()
    a = stand.subscribe()
    stand.settle()
    if not a.ended:
        a.request(UNBOUNDED)
    a.expect_error("1.4")


@PUBLISHER_BEYOND.beyond("1.5")
def spec105_an_empty_stream_completes(kit: PublisherKit) -> None:
    """A publisher of no elements completes, at the latest when something is asked for."""
    stand = kit.stand(0)
    a = stand.subscribe()
    kit.expect_completion(a)


@PUBLISHER_BEYOND.beyond("1.6")
def spec106_after_the_end_nothing_has_an_effect(kit: PublisherKit) -> None:
    """After on_complete, request of anything and cancel bring nothing, late signals included."""
    stand = kit.stand(2, shorter=True)
    if not kit.settings.completes:
        raise Skip("the publishers do not complete (Settings.completes)")
    a = stand.subscribe()
    a.request(5)
    kit.expect_completion(a)
    stand.settle()
    for n in (1, 0, -1):
        a.request(n)
    a.cancel()
    stand.settle()
    a.expect_no_answers()
    stand.settle()


@PUBLISHER_BEYOND.beyond("1.7")
def spec107_after_on_error_comes_nothing(kit: PublisherKit) -> None:
    """After on_error, requests bring nothing, late signals included."""
    stand = kit.failed()
    a = stand.subscribe()
    stand.settle()
    a.request(10)
    a.expect_error("1.4")
    a.request(10)
    a.request(0)
    stand.settle()
    stand.settle()


@PUBLISHER_BEYOND.beyond("1.7")
def spec107_after_the_error_of_a_bad_request_comes_nothing(kit: PublisherKit) -> None:
    """on_error for request(0) is the end: with demand left over, and with more asked for."""
    stand = kit.stand(10, shorter=True)
    a = stand.subscribe()
    if a.ended:
        raise Skip("the stream is over before anything can be asked for")
    a.request(1)
    if not kit.expect_elements(a, 1) or a.ended:
        return
    if stand.elements < 2:
        return
    a.request(0)
    a.expect_error("3.9")
    a.request(5)
    a.request(-1)
    stand.settle()


@PUBLISHER_BEYOND.beyond("1.7")
def spec107_nothing_comes_late(kit: PublisherKit) -> None:
    """A publisher of no elements, or of four, is silent for a while after its end."""
    for elements in (0, 4):
        stand = kit.stand(elements, shorter=True)
        a = stand.subscribe()
        if stand.elements:
            a.request(stand.elements)
            if not kit.expect_elements(a, stand.elements):
                return
        kit.expect_completion(a)
        for _ in range(3):
            stand.settle()


@PUBLISHER_BEYOND.beyond("3.12")
def spec108_cancel_inside_on_next_stops_a_synchronous_loop(kit: PublisherKit) -> None:
    """Cancelled in its third on_next, with endless demand, a stream of 1,000 stops."""
    stand = kit.stand(1_000, shorter=True)
    if stand.elements < 4:
        raise Skip("the publishers are too short to go on after a cancel")
    a = stand.subscribe(Reactions(after={3: (Cancel(),)}))
    a.request(UNBOUNDED)
    kit.expect_elements(a, 3)
    a.expect_silence()


@PUBLISHER_BEYOND.beyond("3.12")
def spec108_cancel_inside_on_subscribe_stops_everything(kit: PublisherKit) -> None:
    """Asked for and cancelled inside on_subscribe, nothing has to come, and nothing goes on."""
    stand = kit.stand(100, shorter=True)
    stand.subscribe(Reactions(on_subscribe=(Cancel(), Request(50))))
    stand.settle()


@PUBLISHER_BEYOND.beyond("3.12")
def spec312_cancel_from_outside_stops_an_unbounded_stream(kit: PublisherKit) -> None:
    """A stream without end, asked for without bound, stops after a cancel."""
    stand = kit.stand(10_000, shorter=True)
    if stand.elements < 10_000:
        raise Skip("the publishers have no long streams")
    a = stand.subscribe(Reactions(after={50: (Cancel(),)}))
    a.request(UNBOUNDED)
    kit.expect_elements(a, 50)
    a.cancel()
    a.expect_silence()


@PUBLISHER_BEYOND.beyond("3.4")
def spec304_request_returns_soon(kit: PublisherKit) -> None:
    """Each request takes no longer than Settings.responsive, what it delivers left out."""
    stand = kit.stand(3, shorter=True)
    a = stand.subscribe()
    a.request(1)
    kit.expect_elements(a, 1)
    a.request(2)
    kit.expect_elements(a, 3)


@PUBLISHER_BEYOND.beyond("3.5")
def spec305_cancel_returns_soon(kit: PublisherKit) -> None:
    """Cancel takes no longer than Settings.responsive, at rest and with demand left over."""
    stand = kit.stand(3, shorter=True)
    stand.subscribe().cancel()
    stand = kit.stand(100, shorter=True)
    a = stand.subscribe()
    a.request(2)
    kit.expect_elements(a, 2)
    a.cancel()


@PUBLISHER_BEYOND.beyond("3.15")
def spec315_cancel_never_raises(kit: PublisherKit) -> None:
    """Right after request, twice, and after the end."""
    stand = kit.stand(5, shorter=True)
    a = stand.subscribe()
    a.request(1)
    a.cancel()
    a.cancel()
    stand = kit.stand(1, shorter=True)
    a = stand.subscribe()
    a.request(5)
    kit.end(a)
    a.cancel()
    stand = kit.stand(5, shorter=True)
    stand.subscribe(Reactions(on_subscribe=(Request(3),), after={1: (Cancel(), Cancel())}))
    stand.settle()


@PUBLISHER_BEYOND.beyond("3.16")
def spec316_request_never_raises(kit: PublisherKit) -> None:
    """Of a good number, a bad one, and no number at all; alive, cancelled and ended."""
    for bad in (0, -1, *_what_is_no_int(kit)):
        stand = kit.stand(5, shorter=True)
        a = stand.subscribe()
        if a.ended:
            raise Skip("the stream is over before anything can be asked for")
        a.request(bad)
        if type(bad) is int:
            a.expect_error("3.9")
    stand = kit.stand(2, shorter=True)
    a = stand.subscribe()
    a.request(5)
    kit.end(a)
    a.request(1)
    a.request(-1)


@PUBLISHER_BEYOND.beyond("3.9")
def spec309_what_is_no_int_is_answered_by_an_error(kit: PublisherKit) -> None:
    """Request of a float, a str, None or a bool is answered by on_error with a TypeError."""
    if not _what_is_no_int(kit):
        raise Skip("what is no int cannot cross to it (Settings.non_int)")
    for bad in _what_is_no_int(kit):
        stand = kit.stand(5, shorter=True)
        a = stand.subscribe()
        if a.ended:
            raise Skip("the stream is over before anything can be asked for")
        a.request(bad)
        if not any(event.phase == "raise" for event in stand.trace.link(a.link)):
            a.expect_error("3.9")


def _what_is_no_int(kit: PublisherKit) -> tuple[Any, ...]:
    return () if kit.settings.non_int == "cannot cross" else (1.5, "2", None, True)


@PUBLISHER_BEYOND.beyond("3.9")
def spec309_a_bad_request_inside_a_signal_is_answered_too(kit: PublisherKit) -> None:
    """request(0) inside on_next, and inside on_subscribe."""
    stand = kit.stand(5, shorter=True)
    if stand.elements < 2:
        raise Skip("the publishers are too short")
    a = stand.subscribe(Reactions(on_subscribe=(Request(2),), after={1: (Request(0),)}))
    kit.reached(a, 1)
    a.expect_error("3.9")
    stand = kit.stand(5, shorter=True)
    a = stand.subscribe(Reactions(on_subscribe=(Request(-1),)))
    a.expect_error("3.9")


@PUBLISHER_BEYOND.beyond("2.13")
def spec213_a_subscriber_that_raises_is_taken_for_cancelled(kit: PublisherKit) -> None:
    """After the Subscriber has raised, in on_next or on_subscribe, it is sent nothing."""
    # Longer than what may have been under way.
    many = 2 * kit.settings.after_cancel + 20
    stand = kit.stand(many, shorter=True)
    a = stand.subscribe(Reactions(after={1: (Raise(),)}))
    a.request(UNBOUNDED)
    if stand.elements:
        kit.reached(a, 1)
    a.expect_silence()
    stand = kit.stand(many, shorter=True)
    a = stand.subscribe(Reactions(on_subscribe=(Request(UNBOUNDED), Raise())))
    a.expect_silence()


@PUBLISHER_BEYOND.beyond("3.8")
def spec308_concurrent_requests_add_up(kit: PublisherKit) -> None:
    """Four threads that ask for 25 elements each, one by one, get 100."""
    if not kit.settings.concurrent_requests:
        raise Skip("requests are not made from several threads (Settings.concurrent_requests)")
    # On a busy machine the threads may run one after another, which shows nothing.
    met = 0
    for _ in range(12):
        stand = kit.stand(110, shorter=True)
        if stand.elements < 100:
            raise Skip("the publishers are too short to count")
        a = stand.subscribe()
        stand.shake()
        stand.together(*[[Action("request", a.link, (1,))] * 25 for _ in range(4)])
        if not a.expect_elements(100, "3.8"):
            return
        a.cancel()
        met += stand.on_loop or _calls_met(stand.trace.link(a.link))
        if met == 3:
            return


@PUBLISHER_BEYOND.beyond("3.5")
def spec305_concurrent_cancels_and_requests_are_safe(kit: PublisherKit) -> None:
    """Two threads that cancel while two others ask: nothing raises, and the stream stops."""
    hands = [[Action("cancel", "a")], [Action("request", "a", (1,))] * 10]
    stand = kit.stand(1_000, shorter=True)
    a = stand.subscribe()
    a.request(1)
    a.cancel()
    a.cancel()
    if any(event.phase == "raise" for event in stand.trace):
        return  # it needs no threads to go wrong
    for _ in range(3):
        stand = kit.stand(1_000, shorter=True)
        a = stand.subscribe()
        a.request(1)
        stand.shake()
        stand.together(*hands, *hands)
        stand.settle()
        if not a.expect_cancels_return():
            return


@PUBLISHER_BEYOND.beyond("1.11")
def spec111_a_second_subscriber_takes_nothing_from_the_first(kit: PublisherKit) -> None:
    """Two Subscribers do not divide one stream among them; declared so, both are sent all of it."""
    declared = kit.settings.multicast or kit.settings.per_subscriber
    stand = kit.stand(6, shorter=True)
    a, b = stand.subscribe(), stand.subscribe()
    for probe in (a, b):
        probe.ready()
        if not declared and (not probe.subscribed or stand.count(probe.link, "on_error")):
            raise Skip("it takes one Subscriber only")
    for _ in range(stand.elements):
        for probe in (a, b):
            probe.request(1)
    if declared:
        for probe in (a, b):
            probe.expect_elements(stand.elements, "1.11")
        stand.expect_same()
        return
    a.expect_silence()
    b.expect_silence()
    stand.look(stand.expect_undivided)


@PUBLISHER_BEYOND.beyond("3.17")
def spec317_demand_beyond_the_bound_is_not_lost(kit: PublisherKit) -> None:
    """request(2**63-1), then 2**63, then 2**64 + 1: it is endless demand, and no error."""
    stand = kit.stand(30, shorter=True)
    if stand.elements < 2:
        raise Skip("the publishers are too short")
    a = stand.subscribe(
        Reactions(on_subscribe=(Request(UNBOUNDED), Request(UNBOUNDED), Request(5)))
    )
    if not kit.expect_elements(a, 30, "3.17"):
        return
    kit.end(a)
    stand = kit.stand(30, shorter=True)
    a = stand.subscribe(Reactions(after={1: (Request(UNBOUNDED), Request(1))}))
    a.request(1)
    kit.expect_elements(a, 30, "3.17")


@PUBLISHER_BEYOND.beyond("3.17")
def spec317_a_hundred_thousand_requests_are_served(kit: PublisherKit) -> None:
    """100,000 calls of request(1) from inside on_next, then one for as many, as far as 0.4 seconds reach."""
    elements = 100_000
    stand = kit.stand(elements, shorter=True)
    if stand.elements < 1_000:
        raise Skip("the publishers have no long streams")
    stand.count_elements(stand.elements)
    stand = kit.stand(elements, shorter=True)
    stand.count_elements(stand.elements, stand.elements)


def _calls_met(events: Iterable[Event]) -> bool:
    """Returns whether a request began on one thread while one on another had not returned."""
    inside: Counter[str] = Counter()
    for event in events:
        if event.kind == "request":
            inside[event.thread] += 1 if event.phase == "enter" else -1
            if sum(1 for calls in inside.values() if calls > 0) > 1:
                return True
    return False
