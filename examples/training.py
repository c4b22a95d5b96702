"""Training that is fed from files, stopped in the middle, and resumed just where it was.

    python examples/training.py [records]

Records lie packed in several files. They are read, shuffled, unpacked on processes, put into batches, and are
there when the next step wants them. After a third of the steps the program "dies"; what it had saved is a few
numbers, and what goes on from them ends with the very same weights as a training that was never stopped.
Nothing has to be installed.
"""

from __future__ import annotations

import base64
import json
import math
import random
import sys
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from operators import Flow, ResumableFlow
from operators.schedulers import thread

FILES = 8
FEATURES = 64
BATCH = 32
BUFFER = 500
"""Records of which the next one is drawn."""
AHEAD = 8
"""Batches that wait for the next step."""


class Record(NamedTuple):
    """What is learnt from."""

    features: list[float]
    label: int


def write(folder: Path, records: int) -> list[Path]:
    """Write files of packed records, and return their paths."""
    chance = random.Random(1)
    rule = [chance.gauss(0, 1) for _ in range(FEATURES)]
    paths = [folder / f"part-{n}.txt" for n in range(FILES)]
    for path in paths:
        with path.open("w", encoding="ascii") as file:
            for _ in range(records // FILES):
                features = [round(chance.gauss(0, 1), 3) for _ in range(FEATURES)]
                label = int(sum(map(float.__mul__, rule, features)) > 0)
                packed = zlib.compress(json.dumps([features, label]).encode())
                file.write(base64.b64encode(packed).decode() + "\n")
    return paths


def lines(path: Path) -> Iterator[str]:
    """Give the lines of a file, which is open as long as somebody wants more."""
    with path.open(encoding="ascii") as file:
        yield from file


def unpack(line: str) -> Record:
    """Return the record of a line; it is called on processes."""
    features, label = json.loads(zlib.decompress(base64.b64decode(line)))
    return Record(features, label)


def feed(paths: list[Path], epoch: int, pool: Executor) -> Flow[list[Record]]:
    """Return the batches of an epoch, each of which has an order of its own."""
    return (
        Flow.from_iterable(paths)
        .flat_map_iterable(lines)
        .shuffle(BUFFER, seed=epoch)
        .map_async(unpack, executor=pool, concurrency=4, chunk=64)
        .buffer(BATCH)
        .publish_on(thread(), prefetch=AHEAD)
    )


class Model:
    """A logistic regression, and where its training is."""

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        saved = saved or {}
        self.weights: list[float] = saved.get("weights", [0.0] * FEATURES)
        self.epoch: int = saved.get("epoch", 0)
        self.position: dict[str, Any] | None = saved.get("position")

    def save(self, path: Path, feed: ResumableFlow[Any]) -> None:
        """Write down all that a training goes on from."""
        state = {"weights": self.weights, "epoch": self.epoch, "position": feed.state()}
        path.write_text(json.dumps(state), encoding="ascii")

    def says(self, features: list[float]) -> float:
        """Return how likely its label is 1."""
        return 1 / (1 + math.exp(-sum(map(float.__mul__, self.weights, features))))

    def step(self, batch: list[Record], rate: float = 0.2) -> None:
        """Learn from a batch."""
        wrong = [record.label - self.says(record.features) for record in batch]
        for at in range(FEATURES):
            slope = sum(
                w * record.features[at] for w, record in zip(wrong, batch, strict=True)
            ) / len(batch)
            self.weights[at] += rate * slope


class Stopped(Exception):
    """The machine was taken away."""


def train(
    paths: list[Path], saved: Path, pool: Executor, epochs: int = 2, stop_at: int | None = None
) -> Model:
    """Return the trained model; it goes on from what is saved, and saves after each tenth step."""
    model = Model(json.loads(saved.read_text(encoding="ascii")) if saved.exists() else None)
    steps = 0
    while model.epoch < epochs:
        batches = feed(paths, model.epoch, pool).checkpoint(model.position)
        for batch in batches:
            model.step(batch)
            steps += 1
            if steps % 10 == 0:
                model.save(saved, batches)
            if steps == stop_at:
                raise Stopped
        model.epoch, model.position = model.epoch + 1, None
    return model


def right(model: Model, paths: list[Path]) -> float:
    """Return the share of the records of which it is right."""
    records = [unpack(line) for line in lines(paths[0])]
    return sum((model.says(it.features) > 0.5) == it.label for it in records) / len(records)


def main(records: int = 8_000) -> tuple[Model, Model]:
    """Print, and return, what comes of a training that was stopped, and of one that was not."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        paths = write(Path(folder), records)
        whole = train(paths, Path(folder) / "whole.json", pool)
        saved = Path(folder) / "saved.json"
        try:
            train(paths, saved, pool, stop_at=2 * records // BATCH // 3)
        except Stopped:
            position = json.loads(saved.read_text(encoding="ascii"))["position"]
            print(f"stopped; saved is {position['given']} batches of an epoch: {position['flow']}")
        resumed = train(paths, saved, pool)
        print(f"right of {right(resumed, paths):.1%} of the records")
        print(f"the same weights as without the stop: {resumed.weights == whole.weights}")
    return whole, resumed


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
