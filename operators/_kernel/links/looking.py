"""Looking at a queue that other threads change."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

T = TypeVar("T")


def snapshot(queue: deque[T]) -> list[T]:
    """Return what is in a deque at some moment; none of it is taken.

    Without the GIL a deque may not be copied while another thread changes it, so that it is looked at again.
    """
    while True:
        try:
            return list(queue)
        except RuntimeError:
            continue
