"""What the tests of the connectors share."""

from __future__ import annotations

import gc
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from operators import Handle
from tests.operators.kit import DEADLINE, eventually

__all__ = [
    "DEADLINE", "EACH", "MANY", "cancelled_after", "eventually", "memory", "outcome", "settled",
]  # fmt: skip

# What a connector declares to the conformance kit: a run of its own for each Subscriber, and so many items.
EACH: dict[str, Any] = {"per_subscriber": True}
MANY: dict[str, Any] = {**EACH, "max_elements": 1_000}


def cancelled_after(run: Handle, true: Callable[[], Any], what: str = "it") -> None:
    """Cancel a run once something is so, and wait for the end of its cleanup."""
    eventually(true, what)
    run.cancel()
    with suppress(Exception):
        run.result(DEADLINE)


def outcome(run: Callable[[], Any]) -> str:
    """Run it, and return what it raises, as a line of a table: without what differs from run to run."""
    try:
        result = run()
    except Exception as error:
        text = re.sub(r"/(?:tmp|var)/\S*/", "", str(error)).replace("|", "\\|")
        return f"{type(error).__name__}: {text}"
    raise AssertionError(f"it went well, and gave {result!r}")


def settled(count: Callable[[], int]) -> int:
    """Wait until a number has stopped growing for a while, and return it.

    What is too early on a slow machine is a smaller number, which breaks no bound.
    """
    deadline = time.monotonic() + DEADLINE
    before = -1
    while (now := count()) != before or now == 0:
        assert time.monotonic() < deadline, f"it has not stopped at {now}"
        before = now
        time.sleep(0.25)
    return now


def memory() -> int:
    """The bytes of this process that are in memory, after what is garbage is gone."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
