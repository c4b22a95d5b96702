"""The gallery: at least one wrong implementation for every rule that can be checked."""

from tck.gallery.broken._demand import DEMAND
from tck.gallery.broken._exhibit import Exhibit
from tck.gallery.broken._processors import PROCESSORS
from tck.gallery.broken._publishers import PUBLISHERS
from tck.gallery.broken._subscribers import SUBSCRIBERS
from tck.gallery.broken._subscribing import SUBSCRIBING
from tck.gallery.broken._subscriptions import SUBSCRIPTIONS

__all__ = ["GALLERY", "Exhibit"]


def _place(exhibit: Exhibit) -> tuple[int, ...]:
    return tuple(map(int, exhibit.rule.split(".")))


GALLERY: tuple[Exhibit, ...] = (
    *sorted((*PUBLISHERS, *SUBSCRIBING, *SUBSCRIPTIONS, *DEMAND), key=_place),
    *sorted(SUBSCRIBERS, key=_place),
    *sorted(PROCESSORS, key=_place),
)
"""Publishers, Subscribers, Processors; within each, in the order of the rules."""
