"""What an item costs by each way across threads, processes and machines: the model of docs/scale.md.

Processor time of this process ("here") and of the workers ("there"), microseconds an item, the best of
several rounds: a busy machine does little harm to it. Where threads help is told by the clock on the wall.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

from operators import Flow
from operators.schedulers import thread

ROUNDS = 5
DEEP = 10
"""Operators of the flow whose memory is measured."""


def add_one(n: int) -> int:
    return n + 1


def is_odd(n: int) -> bool:
    return n % 2 == 1


async def at_once(n: int) -> int:
    return n


def processor_time(_: Any = None) -> float:
    return time.process_time()


def best(run: Callable[[], object], items: int, clock: Callable[[], float]) -> float:
    """Return the fewest microseconds for each item."""
    fewest = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        before = clock()
        run()
        fewest = min(fewest, clock() - before)
    return fewest / items * 1e6


def _drain(flow: Flow[Any]) -> None:
    for _ in flow:
        pass


async def _adrain(flow: Flow[Any]) -> None:
    async for _ in flow:
        pass


def _plainly(items: int) -> None:
    for n in range(items):
        made = n + 1
        if made % 2 == 1:
            made = made + 1


def inside() -> dict[str, float]:
    """Return what an item costs within one process."""
    many, few = 50_000, 4_000

    def three(n: int) -> Flow[int]:
        return Flow.range(n).map(add_one).filter(is_odd).map(add_one)

    with ThreadPoolExecutor(2) as pool:
        runs: dict[str, tuple[Callable[[], object], int]] = {
            "a loop of the language": (lambda: _plainly(many), many),
            "map, filter, map by `for`": (lambda: _drain(three(many)), many),
            "map, filter, map by `async for`": (lambda: asyncio.run(_adrain(three(many))), many),
            "`publish_on(thread())`": (
                lambda: _drain(Flow.range(many).publish_on(thread())),
                many,
            ),
            "`parallel(2).run_on(thread(), prefetch=64)`": (
                lambda: _drain(
                    Flow.range(few).parallel(2).run_on(thread(), prefetch=64).sequential()
                ),
                few,
            ),
            "`map_async` of a coroutine": (
                lambda: asyncio.run(_adrain(Flow.range(few).map_async(at_once))),
                few,
            ),
            "`map_async` on threads": (
                lambda: _drain(Flow.range(few).map_async(add_one, executor=pool)),
                few,
            ),
            '`map_async` on threads, `chunk="auto"`': (
                lambda: _drain(Flow.range(few).map_async(add_one, executor=pool, chunk="auto")),
                few,
            ),
        }
        return {name: best(run, n, time.process_time) for name, (run, n) in runs.items()}


def _far(executor: Executor, clock_there: Callable[[], float], chunk: int | None) -> Any:
    items = 500 if chunk is None else 4_000
    here = there = float("inf")
    for _ in range(ROUNDS):
        began, began_there = time.process_time(), clock_there()
        _drain(Flow.range(items).map_async(add_one, executor=executor, chunk=chunk, concurrency=8))
        here = min(here, time.process_time() - began)
        there = min(there, clock_there() - began_there)
    return {"here": here / items * 1e6, "there": there / items * 1e6}


CHUNKS = (None, 16, 256)


def on_processes() -> dict[str, Any]:
    """Return what an item costs on a worker process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return {
            str(chunk): _far(pool, lambda: pool.submit(processor_time).result(), chunk)
            for chunk in CHUNKS
        }


def on_dask() -> dict[str, Any]:
    """Return what an item costs on a cluster of Dask; here are its client and its scheduler, too."""
    import distributed

    dask: Any = distributed  # its types are partial
    settings: dict[str, Any] = {
        "n_workers": 1,
        "threads_per_worker": 1,
        "dashboard_address": None,
    }
    with dask.Client(**settings) as client:
        executor = client.get_executor()

        def there() -> float:
            times: dict[str, float] = client.run(processor_time)
            return sum(times.values())

        return {str(chunk): _far(executor, there, chunk) for chunk in CHUNKS}


def of_kafka() -> float:
    """Return what a message costs that is read from Kafka and acknowledged, mock broker included."""
    from operators.connectors import kafka
    from tests.connectors.mock_kafka import fresh, mock_cluster

    many = 5_000
    with mock_cluster() as cluster:
        topic = fresh("topic")
        cluster.create(topic)
        Flow.range(many).map(str).apply(kafka.sink(cluster.servers, topic)).run()

        def read() -> None:
            settings = kafka.SourceSettings(config={"session.timeout.ms": 6_000})
            source = kafka.source(cluster.servers, topic, fresh("group"), settings)
            source.tap(lambda message: message.ack()).take(many).run()

        return best(read, many, time.process_time)


class _Idle:
    """A Subscriber that has asked for nothing yet."""

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = subscription

    def on_next(self, item: Any) -> None: ...
    def on_error(self, error: Exception) -> None: ...
    def on_complete(self) -> None: ...


def memory() -> float:
    """Return how many bytes an idle subscription of a flow of ten operators takes."""
    many = 2_000
    flow: Flow[int] = Flow.range(10)
    for _ in range(DEEP // 2):
        flow = flow.map(add_one).filter(is_odd)
    held: list[_Idle] = []
    flow.subscribe(_Idle())  # what is made once is made
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(many):
        held.append(_Idle())
        flow.subscribe(held[-1])
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return taken / many


# Where threads help ------------------------------------------------------------------------------

_BLOCK = bytes(range(256)) * 40_000
_TEXT = json.dumps([{"id": n, "name": f"name {n}"} for n in range(20_000)])


def counts(_: int) -> int:
    return sum(n * n for n in range(60_000))


def parses(_: int) -> int:
    return len(json.loads(_TEXT))


def hashes(_: int) -> int:
    return len(hashlib.sha256(_BLOCK).digest())


def packs(_: int) -> int:
    return len(zlib.compress(_BLOCK[:1_500_000], 6))


def waits(_: int) -> int:
    time.sleep(0.005)
    return 1


WORK: dict[str, Callable[[int], int]] = {
    "counts in Python": counts,
    "`json.loads`": parses,
    "`hashlib.sha256` of 10 MB": hashes,
    "`zlib.compress` of 1.5 MB": packs,
    "waits 5 ms (`time.sleep`, a socket, a disk)": waits,
}


def help_of_threads(items: int = 16) -> dict[str, dict[str, float]]:
    """Return how many times as fast as a plain loop each work is, by the clock on the wall."""
    made: dict[str, dict[str, float]] = {}
    spawn = get_context("spawn")
    with ThreadPoolExecutor(4) as threads, ProcessPoolExecutor(2, mp_context=spawn) as processes:
        list(processes.map(counts, range(4)))
        for name, fn in WORK.items():
            ways: dict[str, Callable[[], object]] = {
                "loop": lambda fn=fn: [fn(n) for n in range(items)],  # type: ignore[misc]
                "2 threads": lambda fn=fn: _drain(  # type: ignore[misc]
                    Flow.range(items).map_async(fn, executor=threads, concurrency=2)
                ),
                "4 threads": lambda fn=fn: _drain(  # type: ignore[misc]
                    Flow.range(items).map_async(fn, executor=threads, concurrency=4)
                ),
                "`parallel(2)`": lambda fn=fn: _drain(  # type: ignore[misc]
                    Flow.range(items).parallel(2).run_on(thread()).map(fn).sequential()
                ),
                "2 processes": lambda fn=fn: _drain(  # type: ignore[misc]
                    Flow.range(items).map_async(fn, executor=processes, concurrency=4, chunk=4)
                ),
            }
            took = dict.fromkeys(ways, float("inf"))
            for _ in range(6 * ROUNDS):  # by turns, so that all have the same machine
                for way, run in ways.items():
                    began = time.perf_counter()
                    run()
                    took[way] = min(took[way], time.perf_counter() - began)
            made[name] = {way: took["loop"] / took[way] for way in ways if way != "loop"}
            made[name]["ms"] = took["loop"] / items * 1e3
    return made


PARTS: dict[str, Callable[[], Any]] = {
    "inside": inside,
    "processes": on_processes,
    "dask": on_dask,
    "kafka": of_kafka,
    "memory": memory,
    "threads": help_of_threads,
}


def measured(parts: list[str]) -> dict[str, Any]:
    """Return these parts of the model, or all of it."""
    return {name: PARTS[name]() for name in parts or PARTS}
