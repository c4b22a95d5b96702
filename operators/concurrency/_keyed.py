"""Keyed: calls of map_async that wait for the one before with the same key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_result
from operators._kernel.links.rows import Rows
from operators.concurrency._call import Call


class Keyed:
    """Starts each call when the one before it with the same key is over."""

    __slots__ = ("_key", "_rows", "_start")

    def __init__(self, key: Callable[[Any], Any], start: Callable[[Call], object]) -> None:
        self._key = key
        self._rows = Rows()
        self._start = start

    def begin(self, call: Call) -> None:
        """Start the call, or have it wait; raises what `key` and its result's hash and comparison do."""
        call.key = key = self._key(call.item)
        need_result("map_async", "key", key)
        call.keyed = self
        try:
            ahead = self._rows.enter(key, call)
        except BaseException:
            call.keyed = None
            raise
        if ahead:
            self._start(call)

    def ended(self, call: Call) -> None:
        """Start the call that has waited for this one."""
        after = self._rows.leave(call.key)
        if after is not None:
            self._start(after)

    def give_up(self) -> list[Call]:
        """Remove and return the calls that wait: there will be none."""
        return self._rows.clear()
