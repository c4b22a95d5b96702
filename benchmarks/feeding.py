"""Feeding a training loop from files, beside torch's DataLoader and a loop over a pool written by hand.

    python -m benchmarks.feeding [records]

The records, the files and what unpacks them are those of `examples/training.py`; two processes unpack. Each
way gives batches of 32, shuffled by a buffer of 500. They take turns, and of each the best of six rounds
counts. torch and torchdata are measured where they are installed.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
training: Any = importlib.import_module("training")

ROUNDS = 6
CHUNK = 64
STEP = 0.002
"""Seconds that a step takes on a device, meanwhile the processor is free."""

Feed = Callable[[], Iterable[Any]]


def shuffled(items: Iterator[str], buffer: int, seed: int) -> Iterator[str]:
    """Shuffle as everybody writes it."""
    pick, held = random.Random(seed), list(islice(items, buffer))
    for item in items:
        at = pick.randrange(buffer)
        held[at], item = item, held[at]
        yield item
    pick.shuffle(held)
    yield from held


def _unpack_all(lines: list[str]) -> list[Any]:
    return [training.unpack(line) for line in lines]


def by_hand(paths: list[Path], pool: Executor) -> Iterator[list[Any]]:
    """Give batches: chunks are sent to a pool, four of them in flight."""
    lines = shuffled((line for path in paths for line in training.lines(path)), training.BUFFER, 0)
    flying: deque[Future[list[Any]]] = deque()
    batch: list[Any] = []
    while True:
        while len(flying) < 4 and (chunk := list(islice(lines, CHUNK))):
            flying.append(pool.submit(_unpack_all, chunk))
        if not flying:
            break
        for record in flying.popleft().result():
            batch.append(record)
            if len(batch) == training.BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def loader(paths: list[Path], *, stateful: bool) -> Any:
    """Return torch's DataLoader over the files, which two workers share; raises ImportError."""
    data: Any = importlib.import_module("torch.utils.data")
    made: Any = data.DataLoader
    if stateful:
        made = importlib.import_module("torchdata.stateful_dataloader").StatefulDataLoader

    class Records(data.IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Iterator[Any]:
            worker = data.get_worker_info()
            mine = paths[worker.id :: worker.num_workers]
            lines = (line for path in mine for line in training.lines(path))
            return map(training.unpack, shuffled(lines, training.BUFFER // 2, 0))

    return made(Records(), batch_size=training.BATCH, num_workers=2, collate_fn=list)


def seconds(feed: Feed, records: int, step: float) -> float:
    """Return how long it takes to go through all records."""
    began, seen = time.perf_counter(), 0
    for batch in feed():
        seen += len(batch)
        if step:
            time.sleep(step)
    took = time.perf_counter() - began
    if seen != records:
        raise ValueError(f"{seen} records of {records}")
    return took


def resident() -> float:
    """Return how much memory this process has, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def growth(feed: Feed) -> float:
    """Return by how many MB this process grows, from the tenth batch on."""
    first = most = 0.0
    for n, _ in enumerate(feed()):
        if n == 10:
            first = most = resident()
        elif n > 10 and n % 20 == 0:
            most = max(most, resident())
    return most - first


def resumed(paths: list[Path], pool: Executor, share: float, batches: int) -> str:
    """Return how long the first batch takes when that share was given before, and what was saved."""
    state = training.feed(paths, 0, pool).checkpoint().state()
    state["given"] = int(batches * share)
    began = time.perf_counter()
    next(iter(training.feed(paths, 0, pool).checkpoint(state)))
    return f"{1000 * (time.perf_counter() - began):6.0f} ms   {len(json.dumps(state)):7,} bytes"


def resumed_by_torch(paths: list[Path], share: float, batches: int) -> str:
    """Return the same for torchdata's StatefulDataLoader."""
    before = iter(made := loader(paths, stateful=True))
    for _ in range(int(batches * share)):
        next(before)
    state = made.state_dict()
    del before
    again = loader(paths, stateful=True)
    again.load_state_dict(state)
    began = time.perf_counter()
    next(iter(again))
    return f"{1000 * (time.perf_counter() - began):6.0f} ms   {len(str(state)):7,} bytes"


def main(records: int = 24_000) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        paths = training.write(Path(folder), records)
        ways: dict[str, Feed] = {
            "a loop over a pool, by hand": lambda: by_hand(paths, pool),
            "a flow": lambda: training.feed(paths, 0, pool),
            "a flow with a checkpoint": lambda: training.feed(paths, 0, pool).checkpoint(),
        }
        try:
            loader(paths, stateful=False)
            ways["torch's DataLoader, 2 workers"] = lambda: loader(paths, stateful=False)
        except ImportError:
            print("torch is not installed")
        for step, what in ((0.0, "no steps"), (STEP, f"steps of {1000 * STEP:.0f} ms")):
            best = dict.fromkeys(ways, float("inf"))
            for _ in range(ROUNDS):
                for name, feed in ways.items():
                    best[name] = min(best[name], seconds(feed, records, step))
            peer = best["a loop over a pool, by hand"]
            print(f"\n{what:32} records/s   beside the loop by hand")
            for name, took in best.items():
                print(f"{name:32} {records / took:9,.0f}   {peer / took:5.2f}x")
        print(f"\nmemory: grows by {growth(ways['a flow']):.1f} MB over {records:,} records")
        batches = records // training.BATCH
        for share in (0.0, 0.5, 0.9):
            print(f"first batch after {share:4.0%}: {resumed(paths, pool, share, batches)}")
        try:
            print(f"torchdata's, after  90%: {resumed_by_torch(paths, 0.9, batches)}")
        except ImportError:
            print("torchdata is not installed")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
