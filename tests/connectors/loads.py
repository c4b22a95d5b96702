"""A source at full speed and a consumer of a millisecond an item: what is in flight, and the memory.

`make load` does so with 200,000 items of 1 KB for each system, and prints a line for each; the faults of each
system do so with fewer and larger ones, of which more than may be held is there from the beginning.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from operators import Flow
from tests.connectors.kit import memory

GROWTH = 20_000_000
"""Bytes that the memory of this process may grow by."""
_WARM = 200
"""Items after which the memory is what the growth is counted from."""
_LOOKS = 20
"""How often it is asked how many are in flight, while the consumer stands still."""
SYSTEMS = ("redis", "nats", "amqp", "kafka", "rsocket")


@dataclass(frozen=True)
class Load:
    """How one system is loaded."""

    make: Callable[[int, int], Flow[Any]]
    """Gives the flow of so many items of so many bytes, all of which are there."""
    in_flight: Callable[[int], int]
    """The items that are out of the system and not dealt with, of which so many are by now."""
    promise: int
    """How many they are at most."""


@dataclass(frozen=True)
class Seen:
    """What was seen of one run."""

    in_flight: int
    """The most at a time."""
    growth: int
    """Bytes that the memory has grown by, at most."""
    seconds: float


def loaded(load: Load, items: int, size: int, taken: int) -> Seen:
    """Take so many of the items, a millisecond for each, and look on meanwhile."""
    flow = load.make(items, size)
    stop = threading.Event()
    done = 0
    grown = flying = base = 0
    each = taken // _LOOKS - 1  # in the midst of what comes together, too

    def look() -> None:
        nonlocal grown
        while not stop.wait(0.02):
            if base:
                grown = max(grown, _resident() - base)

    watching = threading.Thread(target=look)
    watching.start()
    begun = time.monotonic()
    try:
        for message in flow:
            time.sleep(0.001)
            message.ack()
            done += 1
            if done == _WARM:
                base = memory()
            if done % each == 0:
                flying = max(flying, load.in_flight(done))
            if done == taken:
                break
    finally:
        stop.set()
        watching.join()
    assert done == taken
    return Seen(flying, grown, time.monotonic() - begun)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bounded(made: Callable[[], AbstractContextManager[Load]]) -> str:
    """The fault of a system: 3,000 items of 10 KB are there, and a third of them is taken."""
    with made() as load:
        seen = loaded(load, 3_000, 10_000, 1_000)
    assert seen.in_flight <= load.promise, seen
    assert seen.growth < GROWTH, seen
    return (
        f"{load.promise} in flight at most; memory grows by less than 20 MB, and 30 MB were there"
    )


# Systems --------------------------------------------------------------------------------------------


@contextmanager
def of_broker(
    broker: Any,
    item: Callable[[int], Any] = lambda size: b"x" * size,
    ready: Callable[..., int] | None = None,
) -> Iterator[Load]:
    """The load of a Broker of `tests.connectors.brokers`: what it has given out and nobody has answered for.

    `ready` says how many nobody has been given, where the broker does not say how many it has given.
    """
    place: Any = broker.new(broker.server())
    there = 0

    def make(items: int, size: int) -> Flow[Any]:
        nonlocal there
        there = items
        made = Flow.range(items).map(lambda _: item(size))
        made.apply(broker.sink(*place, batch=500)).run()
        return broker.source(*place)

    def in_flight(done: int) -> int:
        return broker.given(*place) if ready is None else there - ready(*place) - done

    # Answers are on their way while the next ones are fetched.
    yield Load(make, in_flight, 2 * broker.prefetch)


def main(systems: list[str]) -> int:
    """Print a line for each system; 1 where one is off."""
    from tests.connectors.servers.base import end_all

    off = 0
    print(f"{'':<10} {'in flight':>10} {'promised':>10} {'growth':>10} {'seconds':>8}")
    try:
        for system in systems or SYSTEMS:
            with import_module(f"tests.connectors.faults.{system}").load() as load:
                seen = loaded(load, 200_000, 1_000, 200_000)
            well = seen.in_flight <= load.promise and seen.growth < GROWTH
            off += not well
            print(
                f"{system:<10} {seen.in_flight:>10,} {load.promise:>10,} {seen.growth / 1e6:>7.1f} MB "
                f"{seen.seconds:>8.0f} {'ok' if well else 'OFF'}",
                flush=True,
            )
    finally:
        end_all()
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
