"""The checks of a Processor: a Publisher's, a Subscriber's, and those that only it can be put to."""

from __future__ import annotations

from typing import Final

from tck.checks.model import Checks, Skip
from tck.checks.processor_kit import ProcessorKit
from tck.checks.publisher import PUBLISHER
from tck.checks.publisher_beyond import PUBLISHER_BEYOND
from tck.checks.subscriber_beyond import WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX
from tck.driving.feed import Feed
from tck.driving.probe import Probe
from tck.driving.processor_stand import ProcessorStand

PROCESSOR = Checks()
"""The official kit's."""
PROCESSOR_BEYOND = Checks()
"""Our own."""

# Its many signals are not taken down, which those of the upstream would be.
_LEFT_OUT: Final = frozenset({"spec317_a_hundred_thousand_requests_are_served"})

_ONE_ONLY: Final = "it takes one Subscriber only"

PROCESSOR.all.extend(PUBLISHER.all)


def _two(kit: ProcessorKit) -> tuple[ProcessorStand, Feed, Probe, Probe]:
    """Returns a stand with an upstream, and two probes that ask for nothing yet.

    Errors: `Skip` where the second is turned away.
    """
    stand = kit.by_hand()
    up = stand.connect()
    up.on_subscribe()
    a = stand.subscribe()
    b = stand.subscribe()
    stand.settle()
    _both_taken(stand, a, b)
    return stand, up, a, b


def _both_taken(stand: ProcessorStand, *probes: Probe) -> None:
    if any(stand.count(probe.link, "on_error") for probe in probes):
        raise Skip(_ONE_ONLY)


@PROCESSOR.required("1.4")
def required_spec104_must_call_on_error_on_all_its_subscribers_if_it_encounters_a_non_recoverable_error(
    kit: ProcessorKit,
) -> None:
    """What fails upstream fails for each of two Subscribers, one of whom may not have asked."""
    kit.need_errors()
    stand, up, a, b = _two(kit)
    a.request(1)
    # The slowest of them may set the pace.
    slowest = kit.settings.multicast or not up.asks(1)
    if slowest:
        b.request(1)
    if not up.expect_request(1):
        return
    up.on_next()
    if not slowest and not a.arrive(1):
        b.request(1)
    if not a.expect_elements(1):
        return
    up.on_error()
    if a.expect_error("1.4"):
        stand.expect_same_error(a.link)
    if b.expect_error("1.4"):
        if stand.turned_away(b):
            raise Skip(_ONE_ONLY)
        stand.expect_same_error(b.link)


@PROCESSOR.required("4.2")
def must_immediately_pass_on_on_error_events_received_from_its_upstream_to_its_downstream(
    kit: ProcessorKit,
) -> None:
    """An error reaches a Subscriber that has asked for nothing, and it is the one that was sent."""
    kit.need_errors()
    stand = kit.by_hand()
    up = stand.connect()
    up.on_subscribe()
    a = stand.subscribe()
    if a.expect_subscribed():
        up.on_error()
        if a.expect_error("4.2"):
            stand.expect_same_error("a")


PROCESSOR.all.extend(WHITEBOX.all)


@PROCESSOR.required("2.1")
def required_must_request_from_upstream_for_elements_that_have_been_requested_long_ago(
    kit: ProcessorKit,
) -> None:
    """Asked for 20, it goes on asking upstream, also when a second Subscriber has come."""
    stand = kit.by_hand()
    up = stand.connect()
    up.on_subscribe()
    a = stand.subscribe()
    a.request(20)
    for total in (1, 2):
        if not up.expect_request(total):
            return
        up.on_next()
        if not a.expect_elements(total):
            return
    b = stand.subscribe()
    stand.settle()
    _both_taken(stand, b)
    b.request(1)
    if up.expect_request(3):
        up.on_next()
        if a.expect_elements(3):
            up.on_complete()
            a.expect_complete()


def _one(kit: ProcessorKit) -> tuple[ProcessorStand, Feed, Probe]:
    stand = kit.by_hand()
    up = stand.connect()
    up.on_subscribe()
    return stand, up, stand.subscribe()


@PROCESSOR_BEYOND.beyond("2.1")
def spec201_demand_is_passed_on(kit: ProcessorKit) -> None:
    """What a Subscriber asks for, by 1, 2, 7, 40, is asked for upstream, and comes."""
    _stand, up, a = _one(kit)
    total = 0
    for n in (1, 2, 7, 40):
        a.request(n)
        total += n
        while len(up.sent) < total and up.live:
            if not up.expect_request(len(up.sent) + 1):
                return
            up.on_next()
        if not a.expect_elements(total, "3.8"):
            return


@PROCESSOR_BEYOND.beyond("2.1")
def spec201_demand_that_comes_before_upstream_is_passed_on(kit: ProcessorKit) -> None:
    """Who asks before there is an upstream is served once there is one."""
    stand = kit.by_hand()
    up = stand.connect()
    a = stand.subscribe()
    stand.settle()
    if not a.subscribed:
        raise Skip("it gives no Subscription before it has one")
    a.request(3)
    up.on_subscribe()
    for total in (1, 2, 3):
        if not up.expect_request(total):
            return
        up.on_next()
        if not a.expect_elements(total):
            return


@PROCESSOR_BEYOND.beyond("2.6")
def spec206_a_cancel_is_passed_on(kit: ProcessorKit) -> None:
    """Its Subscriber gone, with demand left over or without, it cancels its upstream."""
    for n in (0, 3):
        _stand, up, a = _one(kit)
        if n:
            a.request(n)
            if not up.expect_request(1):
                return
            up.on_next()
            a.expect_elements(1)
        elif not a.expect_subscribed():
            return
        a.cancel()
        up.expect_cancel("2.6")


@PROCESSOR_BEYOND.beyond("2.7")
def spec207_upstream_is_called_by_one_thread_at_a_time(kit: ProcessorKit) -> None:
    """Asked by a Subscriber on one thread while elements come on another, it does not overlap."""
    stand, up, a = _one(kit)
    if stand.on_loop:
        raise Skip("it is used on the one thread of an event loop")
    a.request(4)
    if not up.expect_request(1):
        return
    up.linger()
    stand.deliver_while_asked(10, 8)
    stand.settle()


@PROCESSOR_BEYOND.beyond("2.7")
def spec207_a_cancel_waits_until_a_request_is_over(kit: ProcessorKit) -> None:
    """Left while another thread is inside of its request upstream, it cancels when that is over."""
    asked = False
    for early in (True, False):
        stand = kit.by_hand()
        if stand.on_loop:
            raise Skip("it is used on the one thread of an event loop")
        up = stand.connect()
        if not early:
            up.on_subscribe()
        a = stand.subscribe()
        stand.settle()
        if early and not a.subscribed:
            continue
        a.request(4)
        if not early and not up.expect_request(1):
            return
        # What the Subscriber asks for itself is over by then: else its cancel would not be in order.
        if early:
            met = stand.cancel_while_asking("on_subscribe")
        else:
            met = stand.cancel_while_asking("on_next", 10)
        if met:
            up.expect_cancel("2.6")
        asked = asked or met
    if not asked:
        raise Skip("it asks upstream for nothing but inside of its Subscriber's request")


@PROCESSOR_BEYOND.beyond("1.5")
def spec105_the_end_comes_behind_the_elements(kit: ProcessorKit) -> None:
    """Elements that nobody has asked for yet are not lost when upstream completes."""
    stand, up, a = _one(kit)
    if not a.expect_subscribed():
        return
    stand.settle()
    ahead = min(up.asked, 20)
    if not ahead:
        a.request(1)
        if not up.expect_request(1):
            return
        ahead = 1
    for _ in range(ahead):
        up.on_next()
    up.on_complete()
    stand.settle()
    a.request(ahead + 1)
    if a.expect_elements(ahead, "3.8"):
        a.expect_complete("1.5")


@PROCESSOR_BEYOND.beyond("1.7")
def spec107_one_terminal_signal_comes_out(kit: ProcessorKit) -> None:
    """After the end or the failure of its upstream one terminal signal comes, and silence."""
    for end in ("on_complete", "on_error"):
        if end == "on_error" and kit.settings.recovers:
            continue
        stand, up, a = _one(kit)
        a.request(2)
        if not up.expect_request(1):
            return
        up.on_next()
        if not a.expect_elements(1):
            return
        getattr(up, end)()
        a.expect_end("1.5" if end == "on_complete" else "4.2")
        stand.settle()
        up.quiet_moment()


@PROCESSOR_BEYOND.beyond("4.2")
def spec402_upstream_is_over_after_its_error(kit: ProcessorKit) -> None:
    """After on_error, recovered or not, it calls nothing on its upstream any more."""
    stand, up, a = _one(kit)
    a.request(3)
    if not up.expect_request(1):
        return
    up.on_next()
    if not a.expect_elements(1):
        return
    stand.settle()
    up.on_error()
    if kit.settings.recovers:
        stand.settle()
        a.request(1)
    else:
        a.expect_error("4.2")
    stand.settle()
    up.quiet_moment()


@PROCESSOR_BEYOND.beyond("4.1")
def spec401_it_asks_for_no_more_than_its_buffer(kit: ProcessorKit) -> None:
    """Upstream is never asked for more than its Subscriber and Settings.buffer come to."""
    buffer = kit.settings.buffer
    if buffer is None:
        raise Skip("no buffer was declared (Settings.buffer)")
    stand, up, a = _one(kit)
    asked = 0
    for n in (0, 1, 3, 5):
        if n:
            a.request(n)
            asked += n
        stand.settle()
        # What was delivered has left the buffer only when it has arrived.
        most = asked + buffer
        if not up.expect_bound(most):
            return
        up.deliver(asked - len(up.sent))
        stand.settle()


@PROCESSOR_BEYOND.beyond("4.1")
def spec401_it_keeps_the_rules_of_a_publisher_for_none(kit: ProcessorKit) -> None:
    """subscribe(None) raises a TypeError, as for any Publisher."""
    stand = kit.by_hand()
    stand.expect_none_refused()


@PROCESSOR_BEYOND.beyond("3.8")
def spec308_a_long_stream_passes_through(kit: ProcessorKit) -> None:
    """300 elements, asked for by seven at a time, come out as they went in, and the end."""
    stand = kit.stand(300, shorter=True)
    a = stand.subscribe()
    total = 0
    while total < stand.elements:
        a.request(7)
        total = min(total + 7, stand.elements)
        if not a.expect_elements(total, "3.8"):
            return
    stand.expect_passed_on()
    kit.expect_completion(a)


PROCESSOR_BEYOND.all.extend(check for check in PUBLISHER_BEYOND.all if check.name not in _LEFT_OUT)
PROCESSOR_BEYOND.all.extend(WHITEBOX_BEYOND.all)
