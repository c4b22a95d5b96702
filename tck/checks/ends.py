"""The end of a Subscriber's stream, and whether what it calls afterwards is an answer to it."""

from __future__ import annotations

from collections.abc import Callable

from tck.checks.model import Skip
from tck.driving.subscriber_stand import SubscriberStand


def end_and_listen(make: Callable[[], SubscriberStand], end: str) -> bool:
    """Returns whether nothing is called once the end was sent to the stand that was made.

    A call by another thread may have been under way, where that one takes its time. So it is looked
    at once more on a stand that has called nothing for as long as a call may be late; one that never
    comes to rest is left alone.
    """
    stand = make()
    getattr(stand, end)()
    stand.settle()
    stand.quiet_moment()

    def well() -> bool:
        return not stand.called_late or not _answered(make, end)

    return stand.look(well)


def _answered(make: Callable[[], SubscriberStand], end: str) -> bool:
    """Returns whether the end is answered by a call, also from one that was at rest when it came."""
    stand = make()
    if not stand.at_rest():
        return False
    getattr(stand, end)()
    return stand.calls_late()


def need_interest(stand: SubscriberStand) -> None:
    """Raises `Skip` where the Subscriber has cancelled before it asked for anything."""
    if stand.cancelled and not stand.asked:
        raise Skip("it cancels its Subscription at once")
