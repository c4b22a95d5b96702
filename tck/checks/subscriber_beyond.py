"""The checks of a Subscriber that go beyond the official kit's."""

from __future__ import annotations

from tck.checks.ends import end_and_listen, need_interest
from tck.checks.model import Checks, Skip
from tck.checks.subscriber_kit import SubscriberKit
from tck.driving.feed import End
from tck.driving.subscriber_stand import SubscriberStand

SUBSCRIBER_BEYOND = Checks()
WHITEBOX_BEYOND = Checks()
"""Those that need a probe."""

_ENDS: tuple[End, End] = ("complete", "error")


def _asking(kit: SubscriberKit) -> SubscriberStand:
    """Returns a stand whose Subscriber has asked for something."""
    stand = kit.stand()
    stand.on_subscribe()
    stand.ready()
    need_interest(stand)
    stand.expect_request(1, "2.1")
    return stand


@SUBSCRIBER_BEYOND.beyond("2.13")
def spec213_elements_are_taken(kit: SubscriberKit) -> None:
    """Up to 100 elements, as it asks for them, and then an error: nothing raises."""
    stand = _asking(kit)
    stand.deliver(100)
    stand.settle()
    if not stand.cancelled:
        stand.on_error()
        stand.settle()


@SUBSCRIBER_BEYOND.beyond("2.13")
def spec310_elements_may_come_inside_request(kit: SubscriberKit) -> None:
    """A synchronous Publisher delivers 1, 3 and 40 elements inside request, and completes."""
    for elements in (1, 3, 40):
        stand = kit.stand()
        stand.on_subscribe(elements)
        stand.ready()
        stand.expect_request(1, "2.1")
        stand.settle()


@SUBSCRIBER_BEYOND.beyond("2.13")
def spec311_the_end_may_come_inside_request(kit: SubscriberKit) -> None:
    """A synchronous Publisher completes or fails inside request, or right after on_subscribe."""
    for elements in (0, 1, 2):
        for end in _ENDS:
            stand = kit.stand()
            stand.on_subscribe(elements, end)
            if elements:
                stand.ready()
            stand.settle()


@SUBSCRIBER_BEYOND.beyond("2.4")
def spec204_after_the_end_nothing_is_called(kit: SubscriberKit) -> None:
    """After on_complete and on_error it calls neither request nor cancel, from no thread."""

    def ready(elements: int) -> SubscriberStand:
        stand = _asking(kit)
        stand.settle()
        stand.deliver(elements)
        stand.settle()
        if stand.cancelled:
            raise Skip("it cancels its Subscription before there is an end")
        # What comes now is no answer to anything that came before.
        stand.quiet_moment()
        return stand

    for elements in (0, 1):
        for end in ("on_complete", "on_error"):
            if not end_and_listen(lambda elements=elements: ready(elements), end):  # type: ignore[misc]
                return


@SUBSCRIBER_BEYOND.beyond("2.5")
def spec205_the_first_subscription_goes_on(kit: SubscriberKit) -> None:
    """A second Subscription is cancelled, while the first goes on to deliver."""
    stand = _asking(kit)
    stand.settle()
    if stand.cancelled:
        return
    stand.on_subscribe()
    stand.expect_cancel("2.5", 2)
    stand.settle()
    stand.deliver(3)
    stand.settle()


@SUBSCRIBER_BEYOND.beyond("2.7")
def spec207_calls_do_not_overlap(kit: SubscriberKit) -> None:
    """While a request or cancel is held open for a moment, no other begins on another thread."""
    stand = kit.stand()
    stand.linger()
    stand.on_subscribe()
    stand.ready()
    stand.deliver(20)
    stand.settle()


@SUBSCRIBER_BEYOND.beyond("2.8")
def spec208_elements_after_its_own_cancel_do_no_harm(kit: SubscriberKit) -> None:
    """Where it cancels by itself, the elements that it had asked for may still come."""
    stand = _asking(kit)
    stand.deliver(20)
    if not stand.cancelled:
        raise Skip("it did not cancel within 20 elements")
    for _ in range(min(3, stand.asked - len(stand.sent))):
        stand.on_next()
    stand.settle()


@SUBSCRIBER_BEYOND.beyond("3.9")
def spec309_it_asks_for_positive_numbers(kit: SubscriberKit) -> None:
    """Each request, while ten elements come and then the end, is for an int of 1 or more."""
    stand = _asking(kit)
    stand.deliver(10)
    if not stand.cancelled:
        stand.on_complete()
        stand.settle()


@WHITEBOX_BEYOND.beyond("3.8")
def spec308_no_element_is_dropped(kit: SubscriberKit) -> None:
    """Fifty elements, asked for by 1, 2, 3, ... at a time, all arrive inside it, in their order."""
    stand = kit.whitebox()
    stand.on_subscribe()
    stand.ready()
    for n in (1, 2, 3, 4, 10, 30):
        stand.trigger(n)
        while len(stand.sent) < stand.triggered and stand.live:
            if not stand.expect_request(len(stand.sent) + 1, "3.8"):
                return
            stand.on_next()
        if not stand.expect_received("3.8"):
            return


@WHITEBOX_BEYOND.beyond("2.5")
def spec205_the_first_subscription_is_still_the_one_in_use(kit: SubscriberKit) -> None:
    """After a second Subscription, what it asks for is asked for on the first."""
    stand = kit.whitebox()
    stand.on_subscribe()
    stand.trigger(1)
    if not stand.expect_request(1):
        return
    stand.on_subscribe()
    stand.expect_cancel("2.5", 2)
    stand.settle()
    if stand.cancelled:
        return
    stand.on_next()
    if stand.expect_received("3.8"):
        stand.trigger(1)
        stand.expect_request(2, "2.5")


@WHITEBOX_BEYOND.beyond("2.4")
def spec204_a_probed_one_calls_nothing_after_the_end(kit: SubscriberKit) -> None:
    """After on_complete and on_error it calls neither request nor cancel, from no thread."""

    def ready() -> SubscriberStand:
        stand = kit.whitebox()
        stand.on_subscribe()
        stand.trigger(1)
        if not stand.expect_request(1):
            raise Skip("it does not ask, though it is made to")
        stand.settle()
        stand.quiet_moment()
        return stand

    for end in ("on_complete", "on_error"):
        if not end_and_listen(ready, end):
            return


@WHITEBOX_BEYOND.beyond("2.13")
def spec310_probed_elements_may_come_inside_request(kit: SubscriberKit) -> None:
    """A synchronous Publisher delivers inside request: all of it arrives, and the end."""
    stand = kit.whitebox()
    stand.on_subscribe(5)
    for n in (2, 3):
        stand.trigger(n)
    if stand.expect_request(stand.triggered, "3.8") and stand.expect_received("3.8"):
        if stand.mode == "processor":
            stand.trigger(1)  # it may know of its end only when more is asked for
        stand.expect_completed(kit.rule("2.9"))
