"""Correct implementations of every style, which the kit has to let pass."""

from tck.broken._exhibit import Exhibit
from tck.correct._loops import LOOPS
from tck.correct._processors import PROCESSORS
from tck.correct._publishers import PUBLISHERS
from tck.correct._sharing import SHARING
from tck.correct._subscribers import SUBSCRIBERS
from tck.correct._threads import THREADS

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
