"""Turnstile: somebody else's Subscription, called by one thread at a time."""

from __future__ import annotations

import threading
from threading import get_ident
from typing import Any

from operators._kernel.failures.failure import brief, drop_error
from operators._kernel.subscription.ends import NOWHERE
from reactive_streams import UNBOUNDED

_AWAITED: Any = object()


class Turnstile:
    """Calls request and cancel serially (§2.7), and keeps what is asked for until there is a Subscription.

    Nobody waits: who finds another thread inside of a request leaves to it what is to be asked for, or
    the cancel. A request that gives items for as long as nobody cancels is cancelled from inside of one
    of its items, by `heed`.
    """

    __slots__ = ("_inside", "_leaving", "_lock", "_owed", "subscription")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed = 0  # asked for, and not yet passed on
        self._inside = 0  # the thread that is inside of the Subscription's request; 0: none
        self._leaving = False  # whether that thread is to cancel
        self.subscription: Any = _AWAITED

    def attach(self, subscription: Any) -> bool:
        """Take over the Subscription, or cancel it if nobody waits for one; return whether it is kept."""
        with self._lock:
            kept = self.subscription is _AWAITED
            if kept:
                self.subscription = subscription
        if not kept:
            _cancel(subscription)
        return kept

    def owe(self, n: int) -> None:
        """Take note of what is to be asked for: by whoever is inside of a request now, or enters next."""
        with self._lock:
            self._owed = min(self._owed + n, UNBOUNDED)

    def enter(self, n: int = 0) -> int:
        """Return how many to ask for now, as the one who does, `n` more than are owed; 0: somebody else does.

        None are to be asked for as long as there is no Subscription.
        """
        with self._lock:
            n += self._owed
            if self._inside or not n or self.subscription is _AWAITED:
                self._owed = min(n, UNBOUNDED)
                return 0
            self._owed = 0
            self._inside = get_ident()
        return min(n, UNBOUNDED)

    def again(self) -> int:
        """Return how many to ask for after a request; 0: none, and be outside again."""
        with self._lock:
            n = self._owed
            if n and not self._leaving:
                self._owed = 0
                return n
            self._inside = 0
            if not self._leaving:
                return 0
            left = self._let_go()
        _cancel(left)
        return 0

    def exit(self) -> None:
        """Be outside again, as the one who was inside; a cancel that was left to it is made."""
        with self._lock:
            self._inside = 0
            left = self._let_go() if self._leaving else NOWHERE
        _cancel(left)

    def request(self, n: int) -> None:
        """Ask for n, or leave it to whoever is asking."""
        n = self.enter(n)
        while n:
            try:
                self.subscription.request(n)
            except BaseException:
                self.exit()
                raise
            n = self.again()

    def cancel(self) -> None:
        """Cancel, here or by whoever is inside of a request; what it raises goes to the hook (§3.15)."""
        with self._lock:
            self._owed = 0
            if self._inside not in (0, get_ident()):
                self._leaving = True
                return
            left = self._let_go()
        _cancel(left)

    def heed(self) -> None:
        """Make a cancel that waits for a request, where that is what this call comes from."""
        if self._leaving and self._inside == get_ident():
            with self._lock:
                left = self._let_go()
            _cancel(left)

    def _let_go(self) -> Any:
        # Under the same lock as it is decided: a late request finds nobody to ask.
        self._leaving = False
        left, self.subscription = self.subscription, NOWHERE
        return NOWHERE if left is _AWAITED else left

    def close(self) -> None:
        """Call no more: the Publisher has ended it (§2.4)."""
        with self._lock:
            self._owed = 0
            self._leaving = False
            self.subscription = NOWHERE


def _cancel(subscription: Any) -> None:
    try:
        subscription.cancel()
    except Exception as error:
        drop_error(error, f"raised by cancel of {brief(subscription)} (§3.15)")
