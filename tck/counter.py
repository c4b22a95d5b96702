"""A Subscriber for a great many elements: it counts them, and keeps no record."""

from __future__ import annotations

import threading
from typing import Any, Final

from tck.own_time import Allowance

_MOST: Final = 2.0


def counting(deadline: float) -> float:
    """Returns how many seconds a great many elements may take, where each has a deadline.

    Even where none is late they take their time: it is the number of them that is to be reached.
    """
    return max(deadline, min(_MOST, 4 * deadline))


class Counter:
    """A Subscriber that asks for one more in each on_next, or for all ahead; it keeps no record."""

    def __init__(self, total: int, ahead: int, seconds: float) -> None:
        self.total = total
        self._ahead = ahead
        self._allowance = Allowance(seconds)
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
        self.count += 1
        if self._subscription is None:
            return
        if self.count >= self.total or self._allowance.left <= 0:
            self.enough = True
            outer, self.calling = self.calling, "cancel()"
            try:
                self._subscription.cancel()
            finally:
                self.over.set()
            self.calling = outer
        elif self._ahead == 1:
            self._request()

    def _request(self) -> None:
        outer, self.calling = self.calling, f"request({self._ahead})"
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
