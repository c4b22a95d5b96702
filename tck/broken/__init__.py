"""The gallery: at least one wrong implementation for every rule that can be checked."""

from tck.broken._demand import DEMAND
from tck.broken._exhibit import Exhibit
from tck.broken._processors import PROCESSORS
from tck.broken._publishers import PUBLISHERS
from tck.broken._subscribers import SUBSCRIBERS
from tck.broken._subscribing import SUBSCRIBING
from tck.broken._subscriptions import SUBSCRIPTIONS

__all__ = ["GALLERY", "Exhibit"]


def _place(exhibit: Exhibit) -> tuple[int, ...]:
    return tuple(map(int, exhibit.rule.split(".")))


GALLERY: tuple[Exhibit, ...] = (
    *sorted((*PUBLISHERS, *SUBSCRIBING, *SUBSCRIPTIONS, *DEMAND), key=_place),
    *sorted(SUBSCRIBERS, key=_place),
    *sorted(PROCESSORS, key=_place),
)
"""Publishers, Subscribers, Processors; within each, in the order of the rules."""
