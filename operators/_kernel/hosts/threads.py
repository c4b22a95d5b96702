"""Threads: to begin them, whatever Ctrl-C does, and to wait at the end of a program."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures.thread import BrokenThreadPool
from importlib import import_module
from types import FrameType
from typing import Any, TypeVar

R = TypeVar("R")
_signal: Any = import_module("_signal")  # what `signal` wraps: there each call makes three enums
_INTERRUPT = (int(signal.SIGINT),)


def begin(thread: threading.Thread) -> None:
    """Start the thread; a Ctrl-C that comes meanwhile is raised afterwards, not half way through.

    Raises RuntimeError where no thread can be had.
    """
    undisturbed(thread.start)


def handled() -> tuple[int, ...]:
    """Return the signals with a handler of Python's, which may raise here: none but on the main thread."""
    if threading.get_ident() != _main_thread():
        return ()
    return tuple(n for n in map(int, signal.valid_signals()) if callable(_signal.getsignal(n)))


def undisturbed(
    call: Callable[[], R],
    hurry: Callable[[], object] | None = None,
    signals: Iterable[int] = _INTERRUPT,
) -> R:
    """Return what the call returns; what handlers of these signals raise meanwhile is raised afterwards.

    `hurry` is called when a signal comes, on this thread, to have the call return soon; then a second one is
    raised at once.
    """
    if threading.get_ident() != _main_thread():
        return call()
    came: list[tuple[int, FrameType | None]] = []
    handlers: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        if hurry is not None:
            hurry()
            if len(came) > 1:
                handlers[number](number, frame)

    for number in signals:
        handler = _signal.getsignal(number)
        if callable(handler):
            handlers[number] = handler
            _signal.signal(number, note)
    try:
        made = call()
    finally:
        for number, handler in handlers.items():
            if _signal.getsignal(number) is note:  # else it was replaced meanwhile
                _signal.signal(number, handler)
    for number, frame in came:
        handlers[number](number, frame)
    return made


def _main_thread() -> int | None:
    return threading.main_thread().ident


def aside(function: Callable[[], object]) -> None:
    """Call the function on a thread of its own: here it could find locks that this thread holds."""
    try:
        threading.Thread(target=function, name="operators-aside", daemon=True).start()
    except RuntimeError:  # there is none to be had; the interpreter ends, perhaps
        function()


def unlocked(future: Future[Any], function: Callable[[], object]) -> None:
    """Call the function, since the future is done; aside where its pool has given it up.

    A pool does that with its locks held, which are not reentrant: what hears of it may submit again.
    """
    if future.cancelled() or isinstance(future.exception(), BrokenThreadPool):
        aside(function)
    else:
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
