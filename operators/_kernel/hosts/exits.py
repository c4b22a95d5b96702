"""Exits: what still runs when the program ends is stopped, and its cleanup waited for, a while.

The interpreter waits for threads that are no daemons and for the pools of concurrent.futures; after
that every other thread stops wherever it is. Ours are daemons, or run on the pools of others. So:

1. As soon as the main thread has ended, what runs on others' pools is stopped, since the interpreter
   would wait for it for ever; and what cleans up already is waited for.
2. Once all threads that are no daemons have ended too, everything else is stopped and waited for.

Both together wait for `SECONDS` at most; what takes longer is given up.
"""

from __future__ import annotations

import atexit
import importlib
import os
import threading
import time
from contextlib import suppress
from typing import Protocol

SECONDS = 10.0
"""How long the end of the program waits for cleanups, all of them together."""


class Carrier(Protocol):
    """What work runs on: a background loop, a worker."""

    forked: bool

    @property
    def closing(self) -> bool:
        """Whether it ends by itself, as soon as what runs on it has ended."""
        ...

    def stop(self) -> None:
        """Have what runs on it end as soon as it can; called on any thread, returns at once."""
        ...

    def join(self, seconds: float) -> bool:
        """Wait until nothing runs on it any more; False: not in time."""
        ...


_carriers: dict[int, Carrier] = {}
_pooled: dict[int, Carrier] = {}
_left = SECONDS
_main_thread_is_over = False
_exiting = False


def enlist(carrier: Carrier, *, pooled: bool = False) -> None:
    """Have the end of the program stop and wait for it; `pooled`: it runs on somebody's pool."""
    (_pooled if pooled else _carriers)[id(carrier)] = carrier


def discharge(carrier: Carrier) -> None:
    """Nothing runs on it any more; a second call has no effect."""
    _carriers.pop(id(carrier), None)
    _pooled.pop(id(carrier), None)


class ProgramEnded(RuntimeError):
    """What runs was stopped, since the program has ended; where nobody receives it, it is no news."""


def ended() -> ProgramEnded:
    """Return the error for what is stopped because the program has ended."""
    return ProgramEnded("the program has ended, and with it what this flow runs on")


def of_the_end(error: BaseException) -> bool:
    """Whether the error comes of the program's end: of what we have stopped, or pools refuse by then."""
    return isinstance(error, ProgramEnded) or (
        isinstance(error, RuntimeError) and _main_thread_is_over
    )


_ENDS_ALL = "_ends_all"


def ending_all(error: Exception) -> Exception:
    """Return the error, marked: it tells of what has ended all, so that no try helps, and it is no news."""
    vars(error)[_ENDS_ALL] = True  # its type is to be one that everybody knows
    return error


def ends_all(error: BaseException) -> bool:
    """Whether it only tells of what has ended all, such as what was raised at whoever had called."""
    return _ENDS_ALL in vars(error)


_LOOP_GONE = "_loop_gone"


def loop_gone(text: str) -> RuntimeError:
    """Return the error for what was left to an event loop that is closed.

    All of a flow that had left it something say so, from threads of their own. The first ends the flow; to
    one that is over it is no news (`is_loop_gone`).
    """
    error = RuntimeError(text)
    vars(error)[_LOOP_GONE] = True  # its type is to be one that everybody knows
    return error


def is_loop_gone(error: BaseException) -> bool:
    """Whether it says that an event loop has gone, and with it what was left to it."""
    return _LOOP_GONE in vars(error)


def no_news(error: BaseException) -> bool:
    """Whether nobody needs to be told of it: it is what stops when all threads have ended."""
    return isinstance(error, ProgramEnded) or (isinstance(error, RuntimeError) and _exiting)


def spend(seconds: float) -> None:
    """Take off what somebody has waited for cleanups already."""
    global _left
    _left = max(0.0, _left - seconds)


def _main_thread_ended() -> None:
    global _main_thread_is_over
    _main_thread_is_over = True
    for carrier in list(_pooled.values()):
        carrier.stop()
    _join([carrier for carrier in list(_carriers.values()) if carrier.closing])


def _all_ended() -> None:
    global _exiting
    _exiting = True
    left = list(_carriers.values())
    for carrier in left:
        if not carrier.closing:
            carrier.stop()
    _join(left)


def _join(carriers: list[Carrier]) -> None:
    begun = time.monotonic()
    for carrier in carriers:
        carrier.join(max(0.0, _left - (time.monotonic() - begun)))
    spend(time.monotonic() - begun)


def _in_child() -> None:
    # The threads are the parent's.
    for carrier in [*_carriers.values(), *_pooled.values()]:
        carrier.forked = True
    _carriers.clear()
    _pooled.clear()


# The hook that waits for the pools is put in when their module is first imported: before ours, that is,
# and so it runs after it.
importlib.import_module("concurrent.futures.thread")
with suppress(RuntimeError):  # it is too late already
    getattr(threading, "_register_atexit", atexit.register)(_main_thread_ended)
atexit.register(_all_ended)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
