"""Relay: what keeps a long chain of stages from becoming a deep stack.

A signal that passes a thousand stages would need a thousand frames. Every so many stages assembly puts
a Relay, which does not call on but leaves the call to the trampoline of its thread: the frames above
return first. A Relay keeps the order of its signals and one at a time, like every link.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.demand import Demand, demand_error, plain, take_both
from operators._kernel.drain import Drain

EVERY = 32
"""Stages between two relays; each takes up to seven frames of the thousand that Python allows."""
_BATCH = 64


class _Trampoline(threading.local):
    pending: deque[Callable[[], None]] | None = None


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
    finally:
        _trampoline.pending = None


def uncoupled(run: Callable[[], None]) -> None:
    """Run what may wait for its own signals: on a trampoline of its own, not after the one under way."""
    outer, _trampoline.pending = _trampoline.pending, None
    try:
        run()
    finally:
        _trampoline.pending = outer


class Relay:
    """Passes signals down and demand up, each through the trampoline of the thread.

    It asks upstream for at most a batch at a time, so that what waits here is bounded, and never for
    more than was asked of it.
    """

    __slots__ = (
        "_delivered", "_down", "_downstream", "_drain_down", "_drain_up", "_room", "_unasked", "_up",
        "_upstream",
    )  # fmt: skip

    def __init__(self, downstream: Any) -> None:
        self._downstream = downstream
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
        self._ask(self._cancel, None)

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
        self._upstream.cancel()

    def _signal(self, call: Callable[[Any], None], argument: Any) -> None:
        self._down.append((call, argument))
        if self._drain_down.enter():
            bounce(self._run_down)

    def _ask(self, call: Callable[[Any], None], argument: Any) -> None:
        self._up.append((call, argument))
        if self._drain_up.enter():
            bounce(self._run_up)

    def _run_down(self) -> None:
        _run(self._down, self._drain_down)

    def _run_up(self) -> None:
        _run(self._up, self._drain_up)


def _run(calls: deque[tuple[Callable[[Any], None], Any]], drain: Drain) -> None:
    while True:
        while calls:
            call, argument = calls.popleft()
            call(argument)
        if not drain.again():
            return
