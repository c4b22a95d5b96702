"""Threads: to wait, at the end of a program, for those that still clean up."""

from __future__ import annotations

import threading
import time


def running() -> set[threading.Thread]:
    """Return the threads that run now."""
    return set(threading.enumerate())


def wait_for_new(before: set[threading.Thread], seconds: float, *, daemons_only: bool) -> bool:
    """Wait until the threads begun since `before` was taken have ended; False: not within `seconds`.

    With `daemons_only`, for those that the interpreter will not wait for by itself.
    """
    deadline = time.monotonic() + seconds
    while True:
        left = [each for each in running() - before if each.daemon or not daemons_only]
        if not left or time.monotonic() > deadline:
            return not left
        for thread in left:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
            else:  # it is about to begin, and cannot be joined yet
                time.sleep(0.001)
