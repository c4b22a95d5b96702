"""Writes the tables of docs/scale.md: from a model that was measured, and from a simulation that is run.

    python tools/scale_docs.py              simulates, and writes the tables
    python tools/scale_docs.py --check      says whether they are up to date
    python tools/scale_docs.py measure      measures the model anew first, which needs Dask and two minutes
    python tools/scale_docs.py measure threads    or one part of it

The model is tools/scale.json. The simulation is of that model: real flows, in virtual time, on clusters that
are nothing but a sleep; its figures are the same on every machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from operators import Flow  # noqa: E402
from operators.testing import VirtualClock  # noqa: E402
from tools.inference_docs import page  # noqa: E402

PAGE = ROOT / "docs" / "scale.md"
MODEL = ROOT / "tools" / "scale.json"
WORKERS = (4, 16, 64, 256)
WORK = (0.000_1, 0.001, 0.01, 0.1)
"""Seconds of work in an item, on average."""
MEMBERS = (1, 4, 16, 64)
PARTITIONS = 64
BULKS = 6_400
BULK = 1_000
"""Messages that are worked off at one go, so that the simulation takes no longer than it has to."""
HOT = 0.1
"""The share of the messages that have one and the same key, where there is such a key."""
A_SESSION = 45.0
"""Seconds after which Kafka's own clients take a member for dead, unless told otherwise."""

Model = dict[str, Any]


# The simulation ----------------------------------------------------------------------------------


def rate(here: float, there: float, chunk: int, work: float, workers: int) -> tuple[float, float]:
    """Return the items a second of one process that sends chunks to workers, and their share of time at work.

    Costs are in seconds an item.

    Work differs from item to item (exponentially); a chunk goes to a worker that is free, and results come
    in order, from at most two chunks in flight for each worker.
    """
    chance = random.Random(workers * chunk)
    chunks = 8 * workers + 60
    busy: list[float] = []
    free = asyncio.Semaphore(workers)

    async def send(_: int) -> int:
        await asyncio.sleep(here * chunk)
        return chunk

    async def make(items: int) -> int:
        async with free:
            busy.append(chance.gammavariate(items, work))
            await asyncio.sleep(items * there + busy[-1])
        return items

    async def run() -> tuple[float, float]:
        flow = Flow.range(chunks).map_async(send, concurrency=1)
        began = asyncio.get_running_loop().time()
        total = await flow.map_async(make, concurrency=2 * workers).sum() or 0
        seconds = asyncio.get_running_loop().time() - began
        return total / seconds, sum(busy) / seconds / workers

    return VirtualClock().run(run())


def shares(hot: bool) -> list[int]:
    """Return how many bulks of messages each partition has."""
    extra = int(BULKS * HOT) if hot else 0
    each = [(BULKS - extra) // PARTITIONS] * PARTITIONS
    each[0] += extra
    return each


def group_rate(members: int, cost: float, *, hot: bool = False, dies: bool = False) -> float:
    """Return the messages a second of a group that works off what is there, each member on one core.

    `dies`: one of them does when half of its part is done; the others hear of it a session later, and share
    the rest of it.
    """
    of_member = [sum(shares(hot)[n::members]) for n in range(members)]

    async def member(number: int) -> None:
        chance = random.Random(number)

        async def make(n: int) -> int:
            await asyncio.sleep(chance.gammavariate(BULK, cost))
            return n

        async def work(bulks: int) -> None:
            await Flow.range(bulks).map_async(make, concurrency=1).count()

        left = of_member[0] // 2 if dies else 0
        await work(of_member[number] - (left if number == 0 else 0))
        if left and number:
            due = of_member[0] / 2 * BULK * cost + A_SESSION
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await work(-(-left // (members - 1)))

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*map(member, range(members)))
        return BULKS * BULK / (asyncio.get_running_loop().time() - began)

    return VirtualClock().run(run())


# The tables --------------------------------------------------------------------------------------


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _short(number: float) -> str:
    """Return two digits of it, and as many zeros as it takes: no more of it is known."""
    return f"{float(f'{number:.2g}'):,.10g}"


def _seconds(work: float) -> str:
    return f"{work * 1e3:g} ms"


def inside_table(model: Model) -> str:
    """Return what an item costs within one process."""
    loop = next(iter(model["inside"].values()))
    rows = [
        [name, _short(cost), _short(cost / loop), _short(1e6 / cost)]
        for name, cost in model["inside"].items()
    ]
    rows.append(["a message of Kafka, acknowledged", *_of_kafka(model["kafka"], loop)])
    return _table(["", "µs an item", "times the loop", "items a second, one core"], rows)


def _of_kafka(cost: float, loop: float) -> list[str]:
    return [_short(cost), _short(cost / loop), _short(1e6 / cost)]


WHERE = {"processes": "`ProcessPoolExecutor`", "dask": "Dask"}
CORES = 16


def far_table(model: Model) -> str:
    """Return what an item costs where it is sent to another process."""
    rows: list[list[str]] = []
    for where, name in WHERE.items():
        for chunk, cost in model[where].items():
            here, there = cost["here"], cost["there"]
            size = "one by one" if chunk == "None" else f"`chunk={chunk}`"
            busy = _short(max(here, CORES * here - there) / 1e3)
            rows.append([f"{name}, {size}", _short(here), _short(there), _short(1e6 / here), busy])
    heads = ["", "µs here", "µs there", "items a second at most"]
    return _table([*heads, f"ms of work that keep {CORES} cores busy"], rows)


def threads_table(model: Model) -> str:
    """Return how many times as fast as a loop threads are."""
    first = next(iter(model["threads"].values()))
    ways = [way for way in first if way != "ms"]
    rows = [
        [f"{name}: {_short(took['ms'])} ms", *(f"{took[way]:.1f}x" for way in ways)]
        for name, took in model["threads"].items()
    ]
    return _table(["work of one item", *ways], rows)


def rates_table(model: Model, where: str, chunk: int, works: tuple[float, ...] = WORK) -> str:
    """Return the items a second by workers and work, and what of the workers that is."""
    cost = model[where][str(chunk)]
    here, there = cost["here"] / 1e6, cost["there"] / 1e6
    rows: list[list[str]] = []
    for work in works:
        cells = [_seconds(work)]
        for workers in WORKERS:
            made, busy = rate(here, there, chunk, work, workers)
            cells.append(f"{_short(made)} ({busy:.0%})")
        rows.append(cells)
    return _table(["work of an item", *(f"{n} workers" for n in WORKERS)], rows)


def group_table(model: Model) -> str:
    """Return the messages a second of groups."""
    cost = model["kafka"] / 1e6 + 0.001
    rows = [
        [
            f"{n}",
            _short(group_rate(n, cost)),
            _short(group_rate(n, cost, hot=True)),
            _short(group_rate(n, cost, dies=True)) if n > 1 else "",
        ]
        for n in MEMBERS
    ]
    heads = ["members", "all keys alike", f"one key has {HOT:.0%}", "one member dies"]
    return _table(heads, rows)


def memory_table(model: Model) -> str:
    """Return what flows take."""
    rows = [
        [f"{n:,}", f"{_short(model['memory'] * n / 1e6)} MB"]
        for n in (1, 1_000, 100_000, 1_000_000)
    ]
    return _table(["subscriptions of a flow of ten operators", "memory"], rows)


def made(model: Model) -> str:
    """Return what is to be in the page."""
    tables = {
        "inside": inside_table(model),
        "memory": memory_table(model),
        "threads": threads_table(model),
        "far": far_table(model),
        "processes": rates_table(model, "processes", 16),
        "dask": rates_table(model, "dask", 256),
        "group": group_table(model),
    }
    return page(PAGE.read_text(encoding="utf-8"), tables)


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return 1 where it is not up to date."""
    if arguments[:1] == ["measure"]:
        from benchmarks.scaling import measured

        model = json.loads(MODEL.read_text(encoding="utf-8")) if arguments[1:] else {}
        model.update(measured(arguments[1:]))
        MODEL.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    text = made(json.loads(MODEL.read_text(encoding="utf-8")))
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(ROOT)} is not up to date: python tools/scale_docs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
