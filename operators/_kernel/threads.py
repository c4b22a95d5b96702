"""Threads: to begin them, whatever Ctrl-C does, and to wait at the end of a program."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType


def begin(thread: threading.Thread) -> None:
    """Start the thread; a Ctrl-C that comes meanwhile is raised afterwards, not half way through.

    Raises RuntimeError where no thread can be had.
    """
    handler = None
    if threading.current_thread() is threading.main_thread():
        handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        thread.start()
        return
    came: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))

    signal.signal(signal.SIGINT, note)
    try:
        thread.start()
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])


def aside(function: Callable[[], object]) -> None:
    """Call the function on a thread of its own: here it could find locks that this thread holds."""
    try:
        threading.Thread(target=function, name="operators-aside", daemon=True).start()
    except RuntimeError:  # there is none to be had; the interpreter ends, perhaps
        function()


def report() -> None:
    """Show the exception that is being handled as one that ends a thread is shown; a SystemExit is not."""
    kind, value, traceback = sys.exc_info()
    if kind is not None and kind is not SystemExit:
        thread = threading.current_thread()
        threading.excepthook(threading.ExceptHookArgs((kind, value, traceback, thread)))


def ended(thread: threading.Thread, seconds: float) -> bool:
    """Wait until the thread has ended, or was never begun; False: not within `seconds`."""
    if thread.is_alive():
        thread.join(seconds)
    return not thread.is_alive()


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
