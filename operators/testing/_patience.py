"""How long a test waits, and what for: real seconds, or those of a virtual clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from operators._kernel.hosts.loops import running_loop

if TYPE_CHECKING:
    from operators.testing._record import Record
    from operators.testing.clock import VirtualClock

SECONDS = 10.0
"""The deadline of whatever waits in real time, unless another one is given."""
VIRTUAL_SECONDS = 86_400.0
"""The same in virtual time, which passes in a moment."""


def seconds_for(clock: VirtualClock | None, given: float | None) -> float:
    """Return the deadline to be used."""
    if given is not None:
        return given
    return SECONDS if clock is None else VIRTUAL_SECONDS


def wait(
    record: Record, clock: VirtualClock | None, true: Callable[[], bool], seconds: float
) -> bool:
    """Wait until a signal makes it true, on this thread; return False where that was not in time."""
    if clock is not None:
        return _advance(clock, true, seconds)
    if running_loop() is not None:
        raise RuntimeError(
            "this would block the running event loop, and the flow with it: await it, or test it in a plain "
            "function with a VirtualClock"
        )
    with record.changed:
        return record.changed.wait_for(true, seconds)


def _advance(clock: VirtualClock, true: Callable[[], bool], seconds: float) -> bool:
    end = clock.now() + seconds
    given_up = time.monotonic() + clock.patience
    clock.advance(0)
    while not true():
        due = clock.next_due
        if due is None or due > end or time.monotonic() > given_up:
            clock.advance_to(end if due is None or due > end else clock.now())
            return true()
        clock.advance_to(due)
    return True


async def wait_on_loop(record: Record, true: Callable[[], bool], seconds: float) -> bool:
    """Wait until a signal makes it true, on the running loop, in its time."""
    loop = asyncio.get_running_loop()
    rung = asyncio.Event()

    def ring() -> None:
        loop.call_soon_threadsafe(rung.set)

    with record.changed:
        record.bells.append(ring)
    try:
        async with asyncio.timeout(seconds):
            while not true():
                await rung.wait()
                rung.clear()
    except TimeoutError:
        return true()
    finally:
        with record.changed:
            record.bells.remove(ring)
    return True
