"""A Subscriber for a great many elements: it counts them, and keeps no record."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from tck.recording.own_time import Allowance
from tck.recording.recorder import Brake

_MORE: Final = 1_000
"""Elements beyond what was asked for after which somebody must be emitting without end."""
LONG: Final = 0.4
"""Seconds that a great many elements may take. Whoever is slow has shown by then that it goes on."""


class Counter:
    """A Subscriber that asks for one more in each on_next, or for all ahead; it keeps no record."""

    def __init__(self, total: int, ahead: int, seconds: float) -> None:
        self.total = total
        self._most = total + _MORE
        self._ahead = ahead
        self._request_made = f"request({ahead})"
        self._allowance = Allowance(seconds)
        self._look = 0.0
        self._brake = Brake()
        self.count: int = 0
        self.enough: bool = False
        self.raised: BaseException | None = None
        self.error: Any = None
        self.over: threading.Event = threading.Event()
        self.calling: str = ""
        self._subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        """Asks for the first element, or for all."""
        self._subscription = subscription
        self._request()

    def on_next(self, item: Any) -> None:
        """Counts, and asks for the next one or cancels."""
        count = self.count = self.count + 1
        if count > self._most:
            self._brake.pull()
        if self._subscription is None:
            return
        if count >= self.total or (time.perf_counter() >= self._look and self._used_up()):
            self.enough = True
            outer, self.calling = self.calling, "cancel()"
            try:
                self._subscription.cancel()
            finally:
                self.over.set()
            self.calling = outer
        elif self._ahead == 1:
            self._request()

    def _used_up(self) -> bool:
        # Asked seldom: for each of 100,000 elements it would take longer than most of them do.
        left = self._allowance.left
        self._look = time.perf_counter() + left
        return left <= 0

    def _request(self) -> None:
        outer, self.calling = self.calling, self._request_made
        try:
            self._subscription.request(self._ahead)
            self.calling = outer
        except BaseException as error:
            self.raised = self.raised or error
            self.over.set()
            raise

    def on_error(self, error: Any) -> None:
        """Is over."""
        self.error = error
        self.over.set()

    def on_complete(self) -> None:
        """Is over."""
        self.over.set()
