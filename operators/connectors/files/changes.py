"""Changes: what says that a file may have changed, notifications of the system or time alone."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

from operators._kernel.hosts.blocking import Blocking
from operators.connectors.extras import need

_TOGETHER = 10
"""Milliseconds in which changes are told together."""
_ROUND = 50
"""Milliseconds after which it is seen whether to go on waiting."""


class _Over:
    """Whether nothing more is waited for; the event that watchfiles looks at."""

    def __init__(self) -> None:
        self.said = False

    def say(self) -> None:
        self.said = True

    def is_set(self) -> bool:
        return self.said


class Changes:
    """Waits for changes of one path, with the package watchfiles where it is installed."""

    def __init__(self, path: Path, poll: float, blocking: Blocking) -> None:
        self._path = path
        self._poll = poll
        self._blocking = blocking
        self._told = find_spec("watchfiles") is not None
        self._rounds: Any = None
        self._over = _Over()

    async def wait(self) -> None:
        """Return when it may have changed, and after `poll` seconds at the latest: not all is told."""
        if not self._told or not await self._blocking.call(self._changed, stop=self._over.say):
            await asyncio.sleep(self._poll)

    def _changed(self) -> bool:
        """Wait for a change, on the thread; False: there is nobody who tells."""
        rounds, begins = self._rounds, self._rounds is None
        if rounds is None:
            rounds = self._rounds = need("watchfiles", "watch").watch(
                self._path.parent,
                watch_filter=None, debounce=_TOGETHER, step=_TOGETHER, stop_event=self._over,
                rust_timeout=max(1, min(_ROUND, int(self._poll * 1_000))), yield_on_timeout=True,
                raise_interrupt=False, recursive=False,
            )  # fmt: skip
        deadline = monotonic() + self._poll
        try:
            for changes in rounds:
                # What has changed before it began to watch is to be looked at once more.
                if begins or monotonic() >= deadline:
                    return True
                if any(Path(name).name == self._path.name for _, name in changes):
                    return True
        except OSError:  # there is no such folder, or there are no notifications left
            pass
        self._rounds = None
        return self._over.said

    def close(self) -> None:
        """Let go of what watches, on the thread."""
        if self._rounds is not None:
            self._rounds.close()
