"""A fast producer and a slow consumer: what piles up between the two, ours and others'.

`python -m benchmarks.memory` runs the experiment and writes docs/memory.md. The producer makes 200,000 items
of 1 KB as fast as it is let; the consumer takes a millisecond for each. That would be 200 seconds, of which
the first two are run: a producer that nobody holds back is done by then.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.memory_subjects import OURS, PEERS, SHOWN

ITEMS = 200_000
SECONDS = 2.0
PAUSE = 0.001
MOST_GROWTH = 5.0
PAGE = Path(__file__).parent.parent / "docs" / "memory.md"
_TEXT = """# What piles up

A producer makes 200,000 items of 1 KB as fast as it is let, and a consumer takes a millisecond for each.
What has been made and not yet been consumed is in flight; *promised* is what `describe().in_flight` says of
it beforehand, and what is in the producer's and the consumer's own hands comes on top, one item each.
*Growth* is that of the resident memory of the process, at its most.

All 200,000 would take 200 seconds: what is run are the first two of them, in a process of its own for each
row. One that nobody holds back is done with all its items by then, or on its way there; one that is held
back goes on like that for as long as it runs. Made by `make bench-memory`, both sides in the same run,
which fails where one of ours holds more than promised or grows by more than 5 MB.
"""


def resident() -> float:
    """Return the resident memory of this process, in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:  # another system tells its highest mark only
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1 << 20) if sys.platform == "darwin" else most / 1024
    return pages * resource.getpagesize() / (1 << 20)


class Experiment:
    """Makes items, consumes them, and knows how many there are between."""

    def __init__(self) -> None:
        self.items = ITEMS
        self.made = 0
        self.consumed = 0
        self.most = 0
        self.promised: int | None = None
        self.over = False
        self._before = self._peak = self._end = 0.0

    def make(self) -> bytes:
        """Make an item; to be called by one thread."""
        if not self.made:  # what had to be imported is there by now
            self._before = self._peak = resident()
            self._end = time.monotonic() + SECONDS
        self.made += 1
        self.most = max(self.most, self.made - self.consumed)
        return bytes(1024)

    def make_all(self) -> Iterator[bytes]:
        """Make all of them, one by one."""
        while self.made < self.items and not self.over:
            yield self.make()

    async def amake_all(self) -> AsyncIterator[bytes]:
        """Make all of them, for an event loop."""
        for item in self.make_all():
            yield item

    def note(self, weight: int = 1) -> bool:
        """Take note of an item that was consumed; return whether there is time for more."""
        self.consumed += weight
        if not self.consumed % 20 or self.consumed < 20:
            self._peak = max(self._peak, resident())
        self.over = time.monotonic() > self._end
        return not self.over

    def consume(self, weight: int = 1) -> bool:
        """Take a millisecond for an item; return whether there is time for more."""
        time.sleep(PAUSE * weight)
        return self.note(weight)

    def result(self) -> dict[str, Any]:
        """Return what was found."""
        self._peak = max(self._peak, resident())
        growth = round(self._peak - self._before, 1)
        return {"promised": self.promised, "most": self.most, "growth": growth, "made": self.made}


@dataclass(frozen=True)
class Row:
    """What was found for one subject."""

    name: str
    promised: int | None
    most: int
    growth: float
    made: int

    @property
    def holds(self) -> bool:
        """Whether it keeps what it promises: one item more each for the two at its ends."""
        return self.promised is None or (
            self.most <= self.promised + 2 and self.growth <= MOST_GROWTH
        )

    def __str__(self) -> str:
        promised = "" if self.promised is None else f"{self.promised:,}"
        return (
            f"| {self.name} | {promised} | {self.most:,} | {self.growth:.1f} MB | {self.made:,} |"
        )


def run_here(name: str) -> dict[str, Any]:
    """Run the experiment with one subject, in this process."""
    subject: Callable[[Any], object] = {**OURS, **PEERS}[name]
    experiment = Experiment()
    subject(experiment)
    return experiment.result()


def run(name: str) -> Row:
    """Run it in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return Row(name=SHOWN.get(name, name), **json.loads(done.stdout.splitlines()[-1]))


def page(rows: list[Row]) -> str:
    """Return the page that tells of the rows."""
    head = "| | promised | most in flight | growth | made in 2 s |\n| --- | --: | --: | --: | --: |"
    ours, peers = rows[: len(OURS)], rows[len(OURS) :]
    parts = [_TEXT, "## Ours\n", head, *map(str, ours), "\n## Others\n", head, *map(str, peers)]
    return (
        "\n".join(parts) + f"\n\n{platform.python_implementation()} {platform.python_version()}\n"
    )


def main() -> int:
    """Run all, print the table and write the page; return 1 where one of ours does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--one", choices=[*OURS, *PEERS], help="one subject, here; prints JSON")
    one = parser.parse_args().one
    if one is not None:
        print(json.dumps(run_here(one)), flush=True)
        return 0
    rows = []
    for name in [*OURS, *PEERS]:
        rows.append(run(name))
        print(rows[-1], "" if rows[-1].holds else "OFF", flush=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
