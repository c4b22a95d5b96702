"""Relay: what keeps a long chain of stages from becoming a deep stack.

A signal that passes a thousand stages would need a thousand frames. Every so many stages assembly puts
a Relay, which does not call on but leaves the call to the trampoline of its thread: the frames above
return first. A Relay keeps the order of its signals and one at a time, like every link.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from operators._kernel.failures.failure import ended_by
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.waiting import below
from operators._kernel.subscription.demand import Demand, demand_error, plain, take_both
from operators._kernel.subscription.drain import Drain

EVERY = 32
"""Stages between two relays; each takes up to seven frames of the thousand that Python allows."""
_BATCH = 64
_OVER: Any = object()

T = TypeVar("T")
R = TypeVar("R")


class _Trampoline(threading.local):
    pending: deque[Callable[[], None]] | None = None
    following: deque[Callable[[], None]] | None = None


_trampoline = _Trampoline()


def bounce(call: Callable[[], None]) -> None:
    """Run the call now, or after the calls of this thread's trampoline that are under way."""
    pending = _trampoline.pending
    if pending is not None:
        pending.append(call)
        return
    _trampoline.pending = pending = deque([call])
    try:
        while pending:
            pending.popleft()()
    except BaseException:
        _go_on(pending)
        raise
    finally:
        _trampoline.pending = None


def _go_on(pending: deque[Callable[[], None]]) -> None:
    """Run the calls that are left after one that raised: others wait for them, the end of a flow perhaps."""
    while pending:
        with suppress(BaseException):  # the first one says it
            pending.popleft()()


def end_with(signal: Callable[[], None], cleanup: Callable[[], None]) -> None:
    """Signal an end, and clean up; what is to follow that end (another try) does so after both."""
    if _trampoline.following is not None:
        signal()
        cleanup()
        return
    following: deque[Callable[[], None]] = deque()
    _trampoline.following = following
    try:
        signal()
        cleanup()
        _trampoline.following = None
        while following:
            following.popleft()()
    except BaseException:
        _trampoline.following = None
        _go_on(following)
        raise


def follow(call: Callable[[], None]) -> None:
    """Run what follows an end: now, or when what is upstream has cleaned up."""
    following = _trampoline.following
    if following is None:
        bounce(call)
    else:
        following.append(partial(bounce, call))


def is_coupled() -> bool:
    """Whether signals are under way in this thread that others wait for: `uncoupled` makes a difference."""
    return _trampoline.pending is not None or _trampoline.following is not None


def uncoupled(run: Callable[[], R]) -> R:
    """Run what may wait for its own signals: on a trampoline of its own, not after the one under way."""
    pending, _trampoline.pending = _trampoline.pending, None
    following, _trampoline.following = _trampoline.following, None
    try:
        return run()
    finally:
        _trampoline.pending, _trampoline.following = pending, following


def pulled_uncoupled(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """Return the same items, each of them pulled `uncoupled`."""
    pull = partial(next, items, _OVER)
    try:
        while (item := uncoupled(pull)) is not _OVER:
            yield item
    finally:
        items.close()


def forsake(downstream: Any, raised: BaseException) -> None:
    """End what is downstream of where something was raised that no signal may carry: Ctrl-C, SystemExit.

    It goes on to whoever has called. Who waits elsewhere, or on an event loop, is told by an error; a
    Subscriber of that very caller is taken for gone: all is cancelled, as if by that.
    """
    stages = list(below(downstream))
    if not stages:
        return
    last = stages[-1]
    across = next((each for each in stages if getattr(each, "crosses", False)), None)
    if across is not None:
        uncoupled(lambda: across.abort(ended_by(raised)))  # what it holds does not keep it
    elif running_loop() is not None or getattr(last, "downstream", None) is None:
        # The last one is our own consumer.
        uncoupled(lambda: downstream.on_error(ended_by(raised)))
    else:
        uncoupled(last.cancel)


class Relay:
    """Passes signals down and demand up, each through the trampoline of the thread.

    It asks upstream for at most a batch at a time, so that what waits here is bounded, and never for
    more than was asked of it. A cancel that is under way here is something to clean up in its scope.
    """

    __slots__ = (
        "_delivered", "_down", "_downstream", "_drain_down", "_drain_up", "_pending", "_room",
        "_unasked", "_up", "_upstream",
    )  # fmt: skip

    def __init__(self, downstream: Any, scope: Any) -> None:
        self._downstream = downstream
        self._pending: Any = scope.pending
        self._upstream: Any = None
        self._down: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._up: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._drain_down = Drain()
        self._drain_up = Drain()
        self._unasked = Demand()
        self._room = Demand()
        self._room.add(_BATCH)
        self._delivered = 0

    def on_subscribe(self, subscription: Any) -> None:
        self._upstream = subscription
        self._signal(self._downstream.on_subscribe, self)

    def on_next(self, item: Any) -> None:
        self._signal(self._next, item)

    def on_error(self, error: Exception) -> None:
        self._signal(self._downstream.on_error, error)

    def on_complete(self) -> None:
        self._signal(self._complete, None)

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is not None:
            self._ask(self._upstream.request, n)
            return
        self._unasked.add(n)
        self._ask_for_more()

    def cancel(self) -> None:
        # What it leads to upstream is to be waited for, and may be in a run that nobody waits for yet.
        self._pending.begin(self)
        self._ask(self._cancel, None)

    def trouble(self) -> None:
        """Return None: a cancel that has begun arrives."""

    def _next(self, item: Any) -> None:
        self._downstream.on_next(item)
        self._delivered += 1
        if self._delivered >= _BATCH // 2:
            self._room.add(self._delivered)
            self._delivered = 0
            self._ask_for_more()

    def _ask_for_more(self) -> None:
        n = take_both(self._unasked, self._room)
        if n:
            self._ask(self._upstream.request, n)

    def _complete(self, _: None) -> None:
        self._downstream.on_complete()

    def _cancel(self, _: None) -> None:
        try:
            self._upstream.cancel()
        finally:
            self._pending.end(self)

    def _signal(self, call: Callable[[Any], None], argument: Any) -> None:
        self._down.append((call, argument))
        if self._drain_down.enter():
            bounce(self._run_down)

    def _ask(self, call: Callable[[Any], None], argument: Any) -> None:
        self._up.append((call, argument))
        if self._drain_up.enter():
            bounce(self._run_up)

    def _run_down(self) -> None:
        self._run(self._down, self._drain_down)

    def _run_up(self) -> None:
        self._run(self._up, self._drain_up)

    def _run(self, calls: deque[tuple[Callable[[Any], None], Any]], drain: Drain) -> None:
        first: BaseException | None = None
        while True:
            while calls:
                call, argument = calls.popleft()
                try:
                    call(argument)
                except BaseException as raised:
                    # What else waits goes on all the same: an end, or a cancel, which comes of this perhaps.
                    if first is None:
                        first = raised
                        if not isinstance(raised, Exception):
                            forsake(self._downstream, raised)
            if not drain.again():
                break
        if first is not None:
            raise first
