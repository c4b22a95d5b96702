"""Inside: to call something on the event loop of a clock, from a plain function."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from operators._kernel.hosts.loops import running_loop

if TYPE_CHECKING:
    from operators.testing.clock import VirtualClock

Run = Callable[[Callable[[], object]], None]


def call_inside(clock: VirtualClock, fn: Callable[[], object]) -> None:
    """Call the function on the clock's loop; no time passes."""
    clock.loop().run_until_complete(_call(fn))


@contextmanager
def inside(clock: VirtualClock, what: str) -> Generator[Run]:
    """Give what calls functions on the clock's loop, which is closed afterwards if it was opened for it."""
    if running_loop() is not None:
        raise RuntimeError(
            f"{what}: moves a clock on; it is for a plain function, not for a coroutine"
        )
    opens = not clock.has_loop
    loop = clock.loop()
    try:
        yield lambda fn: call_inside(clock, fn)
    finally:
        if opens:
            loop.wind_up()


async def _call(fn: Callable[[], object]) -> None:
    fn()
