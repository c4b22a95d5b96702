"""Rows: of those that have the same key one at a time goes ahead, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from typing import Any


class Rows:
    """A row for each key of which one is ahead, and the others wait; a key without any is kept nowhere.

    Every thread may come, and leave.
    """

    __slots__ = ("_lock", "_rows")

    def __init__(self) -> None:
        # Re-entrant: to compare keys is somebody's code, and the collector may run any.
        self._lock = threading.RLock()
        self._rows: dict[Hashable, deque[Any]] = {}

    def enter(self, key: Hashable, what: Any) -> bool:
        """Return True where nobody is ahead, so that `what` is; else it waits for its turn."""
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                self._rows[key] = deque()
                return True
            row.append(what)
            return False

    def leave(self, key: Hashable) -> Any:
        """Have the one that is ahead leave, and return the next one; None: there is none."""
        with self._lock:
            row = self._rows.get(key)
            if row:
                return row.popleft()
            self._rows.pop(key, None)
            return None

    def clear(self) -> list[Any]:
        """Remove and return all that wait."""
        with self._lock:
            rows, self._rows = self._rows, {}
        return [what for row in rows.values() for what in row]
