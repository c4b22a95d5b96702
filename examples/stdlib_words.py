"""The words of Python: which identifiers does the source of the standard library use most?

    python -m operators run examples/stdlib_words.py:pipeline

Items flow down, from the list of files to the sink. Demand flows up, and it comes first: a stage
emits only what the stage below has asked for. So the slowest one, here the sink, sets the pace of
all, and nothing piles up above it.
"""

from __future__ import annotations

import io
import keyword
import multiprocessing
import os
import signal
import sysconfig
import time
import tokenize
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from operators import Flow
from operators.schedulers import thread

STDLIB = Path(sysconfig.get_path("stdlib"))
PROCESSES = min(4, os.cpu_count() or 1)
PAUSE = 0.01  # seconds that the sink takes for each file, as a database far away would


class Source(NamedTuple):
    """What is in a file."""

    package: str
    code: bytes


class Words(NamedTuple):
    """What was found in a file."""

    package: str
    lines: int
    counts: Counter[str] | None  # None: not valid Python, as some files are that tests are made of


def pipeline_over(root: Path, pause: float, executor: Executor | None = None) -> Flow[Report]:
    """Returns the pipeline; its hard work is done on `executor`, or on processes that end with it."""
    pool = None
    if executor is None:
        executor = pool = Pool(PROCESSES, mp_context=multiprocessing.get_context("spawn"))
    return (
        # A generator is run as far as it is asked to: no file is looked up ahead of demand.
        Flow.from_iterable(python_files(root)).named("list")
        # One path in, one source out: the demand from below goes straight up to the list.
        .map(partial(read, root=root)).named("read")
        # Asks for as many sources as calls may be in flight, and for one more with each result that
        # is taken off its hands. Results that nobody takes keep their places: reading stops.
        .map_async(tokenise, concurrency=2 * PROCESSES, executor=executor).named("tokenise")
        # A pool starts its processes with the first call; ours ends with the pipeline, however that ends.
        .on_finally(partial(end, pool)).named("pool")
        # A queue of 16 places between two threads: asks for 16, and for 12 more when 12 have been
        # taken. What is below runs on the thread of the sink, what is above does not wait for it.
        .publish_on(thread("sink"), prefetch=16).named("queue")
        .scan(Report.add, Report()).named("count")
        .tap(lambda report: time.sleep(pause)).named("sink")
    )  # fmt: skip


# Made anew for each run, with a pool and a report of its own.
pipeline = Flow.defer(lambda: pipeline_over(STDLIB, PAUSE))


def python_files(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name != "site-packages")
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def read(path: Path, root: Path) -> Source:
    return Source(path.relative_to(root).parts[0].removesuffix(".py"), path.read_bytes())


def tokenise(source: Source) -> Words:
    """Hard work, which runs in a process of the pool."""
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(source.code).readline))
    except (SyntaxError, UnicodeError, tokenize.TokenError):
        return Words(source.package, 0, None)
    names = [token.string for token in tokens if token.type == tokenize.NAME]
    counts = Counter(name for name in names if not keyword.iskeyword(name))
    return Words(source.package, source.code.count(b"\n"), counts)


def end(pool: Pool | None) -> None:
    if pool is not None:
        pool.shutdown(cancel_futures=True)


@dataclass
class Report:
    """What was counted so far. The command line prints the last one that comes out."""

    files: int = 0
    lines: int = 0
    skipped: int = 0
    packages: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, words: Words) -> Report:
        """Returns itself, for the next words to be added to."""
        self.files += 1
        self.lines += words.lines
        if words.counts is None:
            self.skipped += 1
        else:
            self.packages[words.package].update(words.counts)
        return self

    def totals(self) -> Counter[str]:
        """Returns the uses of each identifier in all packages."""
        total: Counter[str] = Counter()
        for counts in self.packages.values():
            total.update(counts)
        return total

    def __str__(self) -> str:
        text = f"{self.files:,} files, {self.lines:,} lines, {len(self.packages)} packages"
        text += f"; {self.skipped} files that are not valid Python were skipped\n"
        for place, (name, uses) in enumerate(self.totals().most_common(20), 1):
            users = sum(name in counts for counts in self.packages.values())
            text += f"\n{place:4}. {name:<14} {uses:>8,} uses, in {users:3} packages"
        return text


class Pool(ProcessPoolExecutor):
    """Processes that never see a Ctrl-C: it is the pipeline that ends them."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Returns the future of the call; the processes are started here, with the first calls."""
        # What a process may not receive is handed down to those that it starts, from their birth on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
