"""Demand: how many items a Subscriber has asked for and not yet received."""

from __future__ import annotations

import threading
from typing import Any

from operators._kernel.failures.failure import brief
from reactive_streams import UNBOUNDED


def plain(n: Any) -> Any:
    """Return the int that an object of a subclass of int is (an IntEnum, say); else `n` as it is.

    Whatever its class makes of comparing and adding, it counts as the number that it is. To be called
    wherever a number comes in by `request`, before it is looked at.
    """
    if type(n) is int or type(n) is bool or not issubclass(type(n), int):
        return n
    return int.__index__(n)


def demand_error(n: Any) -> Exception | None:
    """Return what is wrong with the argument of `request(n)`, or None where it is sound (§3.9).

    The error is to be signalled by `on_error`; it is never raised at the caller (§3.16).
    """
    if type(n) is int and n > 0:
        return None
    number = plain(n)
    if type(number) is not int:
        return TypeError(
            f"§3.9: request(n) needs an int of at least 1, got {brief(n)} ({type(n).__name__})"
        )
    if number > 0:
        return None
    return ValueError(f"§3.9: request(n) needs an int of at least 1, got {number}")


class Demand:
    """A counter of outstanding demand that many threads may raise; it saturates at UNBOUNDED (§3.17)."""

    __slots__ = ("_lock", "value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value: int = 0
        """The items asked for and not yet settled; others only read it."""

    def add(self, n: int) -> int:
        """Add `n` items and return what was outstanding before."""
        with self._lock:
            before = self.value
            self.value = min(before + n, UNBOUNDED)
            return before

    def settle(self, n: int) -> int:
        """Take `n` delivered items off and return what is still outstanding; UNBOUNDED stays so."""
        with self._lock:
            if self.value != UNBOUNDED:
                self.value -= n
            return self.value

    def take(self, most: int) -> int:
        """Take up to `most` items off and return how many were taken; UNBOUNDED stays so."""
        with self._lock:
            n = min(self.value, most)
            if self.value != UNBOUNDED:
                self.value -= n
            return n


class Tally(Demand):
    """A demand that keeps the account of what was asked for, and given, in all.

    One without bound is a very large one here, so that what is given is told of all the same.
    """

    __slots__ = ("_endless", "asked", "given")

    def __init__(self) -> None:
        super().__init__()
        self._endless = False
        self.asked: int = 0
        self.given: int = 0

    def add(self, n: int) -> int:
        with self._lock:
            before = self.value
            self.asked = min(self.asked + n, UNBOUNDED)
            self._endless = self._endless or self.asked >= UNBOUNDED
            self.value = UNBOUNDED - 1 if self._endless else before + n
            return before

    def settle(self, n: int) -> int:
        with self._lock:
            self.given += n
            if not self._endless:
                self.value -= n
            return self.value

    def take(self, most: int) -> int:
        with self._lock:
            n = min(self.value, most)
            self.given += n
            if not self._endless:
                self.value -= n
            return n


def take_both(wanted: Demand, room: Demand) -> int:
    """Take as much as both have, and return it; what one thread puts back, it looks at again."""
    taken = 0
    while True:
        granted = room.take(UNBOUNDED)
        n = wanted.take(granted)
        taken += n
        if n == granted:
            return taken
        room.add(granted - n)
        if not wanted.value:
            return taken


class Allowance:
    """A fixed number of items that may be asked for in total; what is granted is used up."""

    __slots__ = ("_left", "_lock")

    def __init__(self, items: int) -> None:
        self._lock = threading.Lock()
        self._left = items

    def grant(self, n: int) -> int:
        """Return how many of the `n` items asked for may still be passed on."""
        with self._lock:
            granted = min(n, self._left)
            self._left -= granted
            return granted


class Surcharge:
    """A number of items added once, to the first request."""

    __slots__ = ("_items", "_lock")

    def __init__(self, items: int) -> None:
        self._lock = threading.Lock()
        self._items = items

    def grant(self, n: int) -> int:
        """Return `n`, at the first call raised by the surcharge."""
        with self._lock:
            extra, self._items = self._items, 0
        return min(n + extra, UNBOUNDED)


class Once:
    """A fixed number of items, asked for at the first request, whatever that is for."""

    __slots__ = ("_items", "_lock")

    def __init__(self, items: int) -> None:
        self._lock = threading.Lock()
        self._items = items

    def grant(self, n: int) -> int:
        """Return the number at the first call, then 0."""
        with self._lock:
            items, self._items = self._items, 0
            return items


class Stride:
    """Each item asked for stands for a step of items upstream, the first one for another number of them."""

    __slots__ = ("_first", "_lock", "_step")

    def __init__(self, first: int, step: int) -> None:
        self._lock = threading.Lock()
        self._first = first
        self._step = step

    def grant(self, n: int) -> int:
        """Return what `n` items, after those before, stand for, at most UNBOUNDED."""
        with self._lock:
            first, self._first = self._first, self._step
        return min(first + self._step * (n - 1), UNBOUNDED)


class Multiple:
    """Each item asked for stands for a fixed number of items upstream."""

    __slots__ = ("_factor",)

    def __init__(self, factor: int) -> None:
        self._factor = factor

    def grant(self, n: int) -> int:
        """Return `n` times the factor, at most UNBOUNDED."""
        return min(n * self._factor, UNBOUNDED)


class Claim:
    """Something that only one taker may have: the first call of `take` gets it."""

    __slots__ = ("_lock", "_taken")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False

    @property
    def taken(self) -> bool:
        """Whether somebody has it."""
        return self._taken

    def take(self) -> bool:
        """Return True to the first caller only."""
        with self._lock:
            taken, self._taken = self._taken, True
            return not taken
