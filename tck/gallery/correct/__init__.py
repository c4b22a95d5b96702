"""Correct implementations of every style, which the kit has to let pass."""

from tck.gallery.broken._exhibit import Exhibit
from tck.gallery.correct._loops import LOOPS
from tck.gallery.correct._processors import PROCESSORS
from tck.gallery.correct._publishers import PUBLISHERS
from tck.gallery.correct._sharing import SHARING
from tck.gallery.correct._subscribers import SUBSCRIBERS
from tck.gallery.correct._threads import THREADS

__all__ = ["CORRECT", "Exhibit"]

CORRECT: tuple[Exhibit, ...] = (
    *PUBLISHERS,
    *SHARING,
    *THREADS,
    *LOOPS,
    *SUBSCRIBERS,
    *PROCESSORS,
)
"""Publishers, Subscribers, Processors; the `rule` of each is empty."""
