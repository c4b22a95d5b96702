"""A real model behind map_batches, on a GPU where there is one: throughput, latency, goodput under overload.

    python -m benchmarks.gpu_inference [seconds of each run]

Needs torch; without it, or without a GPU, a smaller model runs on the CPU (numpy in the place of torch),
which tells whether this works, and nothing about a GPU. It ends within three minutes. A plain text table is
printed.

What a batcher is held to is a loop over lists that are full already: more than that the model cannot do.
"""

from __future__ import annotations

import asyncio
import importlib
import platform
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any, NamedTuple

from operators import Flow, adaptive

LARGEST = 64
"""Items in a batch, at most."""
DEADLINE = 0.5
"""Seconds within which an answer is of use, under overload."""
SAMPLES = 512
"""Different questions."""

Model = Callable[[list[Any]], list[float]]


class Question(NamedTuple):
    """What is asked, and when it came."""

    tokens: Any
    came: float


def torch_model(torch: Any) -> tuple[str, Model, list[Any]]:
    """Return what it is, an encoder of texts, and texts."""
    gpu = bool(torch.cuda.is_available())
    device = torch.device("cuda" if gpu else "cpu")
    # As large as BERT, on a GPU; on a CPU, what answers within milliseconds.
    layers, width, heads, length = (24, 1024, 16, 256) if gpu else (2, 128, 4, 32)
    kind = torch.bfloat16 if gpu else torch.float32
    torch.manual_seed(1)
    made = torch.nn.TransformerEncoderLayer(
        width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True
    )
    encoder = torch.nn.TransformerEncoder(made, layers, enable_nested_tensor=False)
    net = torch.nn.ModuleDict(
        {
            "embed": torch.nn.Embedding(1_000, width),
            "encoder": encoder,
            "head": torch.nn.Linear(width, 1),
        }
    )
    net = net.to(device=device, dtype=kind).eval()

    def model(texts: list[Any]) -> list[float]:
        with torch.inference_mode():
            tokens = torch.stack(texts).to(device, non_blocking=True)
            hidden = net["encoder"](net["embed"](tokens)).mean(dim=1)
            answers: list[float] = net["head"](hidden).squeeze(1).float().tolist()
            return answers

    texts = list(torch.randint(0, 1_000, (SAMPLES, length)))
    name = torch.cuda.get_device_name(device) if gpu else platform.processor() or "a CPU"
    return (
        f"{layers} layers of {width}, {length} tokens, torch {torch.__version__}, {name}",
        model,
        texts,
    )


def numpy_model(np: Any) -> tuple[str, Model, list[Any]]:
    """Return what it is, a network of two layers, and what it is asked."""
    chance = np.random.default_rng(1)
    first, second = chance.normal(size=(256, 2_048)), chance.normal(size=(2_048, 2_048))

    def model(rows: list[Any]) -> list[float]:
        hidden = np.tanh(np.stack(rows) @ first) @ second
        answers: list[float] = hidden.mean(axis=1).tolist()
        return answers

    return (
        f"2 layers of 2048, numpy {np.__version__}, a CPU",
        model,
        list(chance.normal(size=(SAMPLES, 256))),
    )


def some_model() -> tuple[str, Model, list[Any]]:
    """Return the model that can be had here."""
    try:
        return torch_model(importlib.import_module("torch"))
    except ImportError:
        return numpy_model(importlib.import_module("numpy"))


class Bench:
    """The model, the threads that call it, and what it is asked."""

    def __init__(self, model: Model, texts: list[Any], seconds: float) -> None:
        self._model = model
        self.texts = texts
        self.seconds = seconds
        self.pool = ThreadPoolExecutor(8)
        for size in (1, 2, 3, 5, 8, 13, 21, 32, 48, LARGEST, LARGEST):
            model(texts[:size])

    def answer(self, batch: list[Question]) -> list[tuple[Question, float]]:
        """Return the questions of a batch with their answers."""
        return list(zip(batch, self._model([each.tokens for each in batch]), strict=True))

    def one_by_one(self) -> float:
        """Return the items a second of a loop that asks for each by itself."""
        return self._loop(1)

    def full_batches(self) -> float:
        """Return the items a second of a loop over lists that are full already."""
        return self._loop(LARGEST)

    def _loop(self, size: int) -> float:
        source, done, now, began = cycle(self.texts), 0, 0.0, time.monotonic()
        while (now := time.monotonic() - began) < self.seconds:
            done += len(self._model(list(islice(source, size))))
        return done / now

    def endless(self) -> Flow[Question]:
        """Return questions of which there are always more."""
        return Flow.from_iterable([Question(text, 0.0) for text in self.texts]).repeat()

    async def asked(self, rate: float, seconds: float) -> AsyncIterator[Question]:
        """Give questions at that rate, whatever becomes of them."""
        texts, given, began = cycle(self.texts), 0, time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            while given < now * rate:
                yield Question(next(texts), began + given / rate)
                given += 1
            await asyncio.sleep(0.001)

    async def by_hand(self, questions: AsyncIterator[Question], most: int) -> AsyncIterator[Any]:
        """As many write it: a task that fills a queue, and a loop that takes what is there."""
        queue: asyncio.Queue[Question | None] = asyncio.Queue(most)
        loop = asyncio.get_running_loop()

        async def fill() -> None:
            async for question in questions:
                await queue.put(question)
            await queue.put(None)

        filling = asyncio.create_task(fill())
        try:
            batch: list[Question | None] = []
            while None not in batch:
                batch = [await queue.get()]
                while len(batch) < LARGEST and not queue.empty():
                    batch.append(queue.get_nowait())
                there = [each for each in batch if each is not None]
                for answered in await loop.run_in_executor(self.pool, self.answer, there):
                    yield answered
        finally:
            filling.cancel()

    async def without_end(self) -> AsyncIterator[Question]:
        """Give questions of which there are always more, to the one that is written by hand."""
        for text in cycle(self.texts):
            yield Question(text, 0.0)

    async def throughput(self, answers: Any) -> float:
        """Return the answers a second, after the first tenth of the time."""
        done, now, since, began = 0, 0.0, 0.0, time.monotonic()
        async for _ in answers:
            now = time.monotonic() - began
            if since:
                done += 1
            elif now > self.seconds / 10:
                since = now
            if now > self.seconds:
                break
        return done / (now - since)

    async def latencies(self, answers: Any) -> list[float]:
        """Return how long each answer took since its question came, in order of size."""
        took: list[float] = []
        async for question, _ in answers:
            took.append(time.monotonic() - question.came)
        return sorted(took)

    async def in_time(self, answers: Any) -> tuple[float, float]:
        """Return the answers a second, and those of them that came before the deadline."""
        done, good, began = 0, 0, time.monotonic()
        async for question, _ in answers:
            now = time.monotonic()
            if now - began > self.seconds:
                break
            done += 1
            good += now - question.came <= DEADLINE
        return done / self.seconds, good / self.seconds

    def batched(self, questions: Flow[Question], **how: Any) -> Flow[tuple[Question, float]]:
        """Return the answers by map_batches."""
        return questions.map_batches(self.answer, max_size=LARGEST, executor=self.pool, **how)


HOW: dict[str, dict[str, Any]] = {
    "map_batches": {},
    "map_batches, 2 at once": {"concurrency": 2},
    "map_batches, max_wait 5 ms": {"max_wait": 0.005},
    "map_batches, adaptive(1, 8)": {"concurrency": adaptive(1, 8, target_latency=0.2)},
}


async def throughputs(bench: Bench) -> float:
    """Print what each way does when there is always more to do, and return the most."""
    loop = asyncio.get_running_loop()
    alone = await loop.run_in_executor(None, bench.one_by_one)
    full = await loop.run_in_executor(None, bench.full_batches)
    print(f"\n{'always more to do':34} items/s   of full batches")

    def row(name: str, rate: float) -> None:
        print(f"{name:34} {rate:7,.0f}   {rate / full:6.1%}")

    row("one by one", alone)
    row(f"a loop over full batches of {LARGEST}", full)
    answers = bench.by_hand(bench.without_end(), 2 * LARGEST)
    row("a batcher written by hand", await bench.throughput(answers))
    await answers.aclose()  # type: ignore[attr-defined]
    for name, how in HOW.items():
        row(name, await bench.throughput(bench.batched(bench.endless(), **how)))
    return full


async def waits(bench: Bench, most: float) -> None:
    """Print how long an answer takes when half as much is asked as can be done."""
    rate = most / 2
    print(f"\n{f'asked {rate:,.0f} a second':34}  median      p99, ms")

    def row(name: str, took: list[float]) -> None:
        shown = [1000 * took[int(len(took) * share)] for share in (0.5, 0.99)]
        print(f"{name:34} {shown[0]:7.1f}  {shown[1]:7.1f}")

    row(
        "a batcher written by hand",
        await bench.latencies(bench.by_hand(bench.asked(rate, bench.seconds), 1_000_000)),
    )
    for name, how in HOW.items():
        asked = Flow.from_async_iterable(bench.asked(rate, bench.seconds))
        row(name, await bench.latencies(bench.batched(asked, **how)))


async def goodput(bench: Bench) -> None:
    """Print what is answered in time when three times as much is asked as can be done."""

    def waiting(asked: Flow[Question]) -> Flow[Question]:
        return asked.on_backpressure_buffer(1_000_000)

    def shed(asked: Flow[Question]) -> Flow[Question]:
        return asked.shed(10_000, age=DEADLINE / 2)

    async def capacity() -> float:
        return await bench.throughput(bench.batched(bench.endless(), concurrency=2))

    def by_hand(rate: float) -> Any:
        return bench.by_hand(bench.asked(rate, bench.seconds), 1_000_000)

    def flow(
        guard: Callable[[Flow[Question]], Flow[Question]], **how: Any
    ) -> Callable[[float], Any]:
        def run(rate: float) -> Any:
            asked = Flow.from_async_iterable(bench.asked(rate, bench.seconds))
            return bench.batched(guard(asked), **how)

        return run

    runs: dict[str, Callable[[float], Any]] = {
        "by hand, an unbounded queue": by_hand,
        "map_batches, all wait": flow(waiting, concurrency=2),
        "shed by age, map_batches": flow(shed, concurrency=2),
        "shed by age, adaptive(1, 8)": flow(shed, **HOW["map_batches, adaptive(1, 8)"]),
    }
    head = f"asked 3 times as much; {DEADLINE} s"
    print(f"\n{head:34} answers/s   in time/s   of capacity (measured before and after)")
    before = await capacity()
    for name, run in runs.items():
        answers = run(3 * before)
        done, good = await bench.in_time(answers)
        if hasattr(answers, "aclose"):
            await answers.aclose()
        after = await capacity()
        able = (before + after) / 2
        print(f"{name:34} {done:9,.0f}   {good:9,.0f}   {good / able:6.1%}")
        before = after


async def main(seconds: float = 4.0) -> None:
    """Print the tables."""
    began = time.monotonic()
    what, model, texts = some_model()
    bench = Bench(model, texts, seconds)
    print(f"{what}; Python {platform.python_version()}")
    most = await throughputs(bench)
    await waits(bench, most)
    await goodput(bench)
    bench.pool.shutdown()
    print(f"\n{time.monotonic() - began:.0f} seconds in all")


if __name__ == "__main__":
    asyncio.run(main(*map(float, sys.argv[1:2])))
