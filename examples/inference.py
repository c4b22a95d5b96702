"""A model that is asked three times as much as it can answer: with load shedding in front of it, and without.

    python examples/inference.py [seconds]

A model learns, right here, whether a point lies in a ring: a forest of scikit-learn's where that is
installed, else a small network. It then answers on a process of its own, in batches. Points come three times
as fast as it can answer, and an answer counts only within half a second. The runs take turns, and before and
after each it is measured how many the model can answer: a machine that others use is not always as fast.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any, NamedTuple

from operators import Flow

HIDDEN = 600
DEADLINE = 0.5
"""Seconds within which an answer is of use."""
LARGEST = 16
"""Points in a batch, at most."""
ROUNDS = 3
"""Times that each way is run, in turn."""


class Point(NamedTuple):
    """A question, and when it came."""

    x: float
    y: float
    came: float

    @property
    def in_ring(self) -> bool:
        """What the model is to say of it."""
        return 0.5 < math.hypot(self.x, self.y) < 1.0


class Model:
    """A network with one layer of fixed random features, of which it learns the weights."""

    def __init__(self, seed: int = 1) -> None:
        chance = random.Random(seed)
        self._layer = [
            (chance.gauss(0, 2), chance.gauss(0, 2), chance.uniform(-3, 3)) for _ in range(HIDDEN)
        ]
        self._weights = [0.0] * HIDDEN

    def _features(self, point: Point) -> list[float]:
        return [math.tanh(a * point.x + b * point.y + c) for a, b, c in self._layer]

    def learn(self, points: list[Point], rate: float = 0.003) -> None:
        """Learn from points by one step for each."""
        for point in points:
            features = self._features(point)
            wrong = (1.0 if point.in_ring else -1.0) - sum(
                map(float.__mul__, self._weights, features)
            )
            step = rate * wrong
            self._weights = [w + step * f for w, f in zip(self._weights, features, strict=True)]

    def __call__(self, batch: list[Point]) -> list[bool]:
        """Say of each point whether it lies in the ring."""
        return [
            sum(map(float.__mul__, self._weights, self._features(point))) > 0 for point in batch
        ]


class Forest:
    """A forest of scikit-learn's, large enough to take its time; raises ImportError."""

    def __init__(self) -> None:
        ensemble: Any = importlib.import_module("sklearn.ensemble")
        self._trees = ensemble.RandomForestClassifier(40, random_state=1, n_jobs=1)

    def learn(self, points: list[Point]) -> None:
        """Learn from points."""
        self._trees.fit([point[:2] for point in points], [point.in_ring for point in points])

    def __call__(self, batch: list[Point]) -> list[bool]:
        """Say of each point whether it lies in the ring."""
        return [bool(answer) for answer in self._trees.predict([point[:2] for point in batch])]


Answers = Callable[[list[Point]], list[bool]]


def some_model() -> Answers:
    """Return a model that has learnt."""
    model: Forest | Model
    try:
        model = Forest()
    except ImportError:
        model = Model()
    model.learn(some(3_000, 4))
    return model


def some(n: int, seed: int) -> list[Point]:
    """Return random points."""
    chance = random.Random(seed)
    return [Point(chance.uniform(-1.2, 1.2), chance.uniform(-1.2, 1.2), 0.0) for _ in range(n)]


async def asked(rate: float, seconds: float) -> AsyncIterator[Point]:
    """Give points at that rate, whatever becomes of them."""
    points = some(1_000, 2)
    began = time.monotonic()
    given = 0
    while (now := time.monotonic() - began) < seconds:
        while given < now * rate:
            yield points[given % 1_000]._replace(came=began + given / rate)
            given += 1
        await asyncio.sleep(0.002)


Guard = Callable[[Flow[Point]], Flow[Point]]


class Came(NamedTuple):
    """What came of a run."""

    answers: float
    """Answers a second."""
    good: float
    """The share of them that came within the deadline."""
    able: float = 0.0
    """Answers a second that were possible, before and after."""

    @property
    def goodput(self) -> float:
        """The answers within the deadline, as a share of those that were possible."""
        return self.answers * self.good / self.able if self.able else 0.0


async def ask(model: Answers, pool: Executor, rate: float, seconds: float, guard: Guard) -> Came:
    """Return what comes of so many points a second."""
    began, good, late = time.monotonic(), 0, 0
    points = guard(Flow.from_async_iterable(asked(rate, seconds)))
    # The question goes along with its answer.
    answers = points.map_batches(Both(model), max_size=LARGEST, concurrency=1, executor=pool)
    async for point, _ in answers:
        now = time.monotonic()
        if now - point.came <= DEADLINE:
            good += 1
        else:
            late += 1
        if now - began > seconds:
            break
    return Came((good + late) / seconds, good / max(1, good + late))


class Both:
    """The points of a batch, each with its answer; it can be sent to a process."""

    def __init__(self, model: Answers) -> None:
        self._model = model

    def __call__(self, batch: list[Point]) -> list[tuple[Point, bool]]:
        """Return each point with its answer."""
        return list(zip(batch, self._model(batch), strict=True))


async def capacity(model: Answers, pool: Executor, seconds: float) -> float:
    """Return how many points a second it can answer."""
    points = some(1_000, 3)
    answers = Flow.from_iterable(points).repeat().map_batches(
        model, max_size=LARGEST, concurrency=1, executor=pool
    )  # fmt: skip
    began, done = time.monotonic(), 0
    async for _ in answers:
        done += 1
        if time.monotonic() - began > seconds:
            break
    return done / seconds


def queued(flow: Flow[Point]) -> Flow[Point]:
    """Have all wait, however long."""
    return flow.on_backpressure_buffer(1_000_000)


def shed(flow: Flow[Point]) -> Flow[Point]:
    """Have none wait for longer than leaves time for its answer."""
    return flow.shed(10_000, age=DEADLINE / 2)


def together(parts: list[Came]) -> Came:
    """Return what came of several runs of the same length."""
    answers, good = sum(it.answers for it in parts), sum(it.answers * it.good for it in parts)
    able = sum(it.able for it in parts)
    return Came(answers / len(parts), good / max(1, answers), able / len(parts))


async def main(seconds: float = 2.0, *, model: Answers | None = None) -> dict[str, Came]:
    """Print, and return, what comes of three times as many points as can be answered."""
    answering = some_model() if model is None else model
    with ProcessPoolExecutor(1) as pool:
        held_out = some(500, 5)
        answers = await Flow.from_iterable(held_out).map_batches(answering, executor=pool).to_list()
        right = sum(a == point.in_ring for a, point in zip(answers or [], held_out, strict=True))
        print(f"the model is right of {right / 500:.0%} of the points that it has not seen")
        before = await capacity(answering, pool, seconds / 2)
        print(f"it can answer {before:,.0f} points a second; asked are three times as many")
        parts: dict[str, list[Came]] = {"all wait": [], "shed in front": []}
        for _ in range(ROUNDS):
            for name, guard in {"all wait": queued, "shed in front": shed}.items():
                came = await ask(answering, pool, 3 * before, seconds, guard)
                after = await capacity(answering, pool, seconds / 2)
                parts[name].append(came._replace(able=(before + after) / 2))
                before = after
        runs = {name: together(each) for name, each in parts.items()}
        for name, came in runs.items():
            print(
                f"{name:14} {came.answers:6,.0f} answers a second, {came.good:4.0%} within {DEADLINE} s: "
                f"{came.goodput:4.0%} of the {came.able:,.0f} that it can answer"
            )
    return runs


if __name__ == "__main__":
    asyncio.run(main(*map(float, sys.argv[1:2])))
