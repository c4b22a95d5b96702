"""What stands between the fast producer and the slow consumer: operators of ours that queue, and peers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from operators import Flow
from operators.schedulers import thread

PAUSE = 0.001
Subject = Callable[[Any], object]


def _loop(build: Callable[[Flow[Any]], Flow[Any]], weight: int = 1) -> Subject:
    def run(experiment: Any) -> None:
        flow = build(Flow.from_iterable(experiment.make_all()))
        experiment.promised = flow.describe().in_flight + weight - 1  # what is in hand is a list
        for _ in flow:
            if not experiment.consume(weight):
                break

    return run


def _aloop(build: Callable[[Flow[Any]], Flow[Any]]) -> Subject:
    def run(experiment: Any) -> None:
        async def main() -> None:
            flow = build(Flow.from_async_iterable(experiment.amake_all()))
            experiment.promised = flow.describe().in_flight
            async for _ in flow:
                await asyncio.sleep(PAUSE)
                if not experiment.note():
                    break

        asyncio.run(main())

    return run


def _merged(experiment: Any) -> None:
    lock = threading.Lock()

    def make() -> Any:
        while not experiment.over:
            with lock:
                item = experiment.make()
            yield item

    first, second = (Flow.from_iterable(make()).publish_on(thread(), prefetch=64) for _ in range(2))
    flow = first.merge(second)
    experiment.promised = flow.describe().in_flight
    for _ in flow:
        if not experiment.consume():
            break


def _created(experiment: Any) -> None:
    def produce(emitter: Any) -> None:
        for item in experiment.make_all():
            if not emitter.emit(item):
                return

    flow: Flow[bytes] = Flow.create(produce, overflow="block", capacity=256)
    experiment.promised = flow.describe().in_flight
    for _ in flow:
        if not experiment.consume():
            break


def _same(item: Any) -> Any:
    return item


async def _asame(item: Any) -> Any:
    return item


async def _asames(items: list[Any]) -> list[Any]:
    return items


def _on_a_pool(experiment: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        _loop(lambda flow: flow.map_async(_same, concurrency=16, executor=pool))(experiment)


OURS: dict[str, Subject] = {
    "publish_on": _loop(lambda flow: flow.publish_on(thread(), prefetch=256)),
    "subscribe_on": _loop(lambda flow: flow.subscribe_on(thread())),
    "delay": _loop(lambda flow: flow.delay(0.001, prefetch=256)),
    "merge": _merged,
    "flat_map": _loop(lambda flow: flow.flat_map(Flow.of, concurrency=16, prefetch=32)),
    "map_async, threads": _loop(lambda flow: flow.map_async(_same, concurrency=16)),
    "map_async, executor": _on_a_pool,
    "map_async, coroutines": _aloop(lambda flow: flow.map_async(_asame, concurrency=16)),
    "map_batches": _aloop(lambda flow: flow.map_batches(_asames, max_size=32)),
    "create": _created,
    "on_backpressure_buffer": _loop(
        lambda flow: flow.publish_on(thread()).on_backpressure_buffer(256, overflow="block")
    ),
    "buffer": _loop(lambda flow: flow.publish_on(thread()).buffer(10), weight=10),
    "share": _loop(lambda flow: flow.publish_on(thread()).share()),
    "from_async_iterable": _aloop(lambda flow: flow),
}


# Others ------------------------------------------------------------------------------------------


def _observe_on(experiment: Any) -> None:
    import reactivex
    from reactivex import operators as rx
    from reactivex.scheduler import NewThreadScheduler

    over = threading.Event()

    def consume(_: Any) -> None:
        if not over.is_set() and not experiment.consume():
            over.set()

    source = reactivex.from_iterable(experiment.make_all())
    source.pipe(rx.observe_on(NewThreadScheduler())).subscribe(consume, on_completed=over.set)
    over.wait(30)


def _asyncio_queue(experiment: Any) -> None:
    async def main() -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue()

        async def produce() -> None:
            for item in experiment.make_all():
                await queue.put(item)
                if not experiment.made % 100:
                    await asyncio.sleep(0)  # put alone would give nobody else a turn

        task = asyncio.create_task(produce())
        while True:
            await queue.get()
            await asyncio.sleep(PAUSE)
            if not experiment.note():
                break
        task.cancel()

    asyncio.run(main())


def _aiostream(experiment: Any) -> None:
    from aiostream import pipe, stream

    async def main() -> None:
        source = stream.iterate(experiment.make_all()) | pipe.map(_asame, task_limit=16)
        async with source.stream() as items:
            async for _ in items:
                await asyncio.sleep(PAUSE)
                if not experiment.note():
                    break

    asyncio.run(main())


def _streamz(build: Callable[[Any], Any]) -> Subject:
    def run(experiment: Any) -> None:
        from streamz import Stream

        async def main() -> None:
            source = Stream(asynchronous=True)

            async def consume(_: Any) -> None:
                await asyncio.sleep(PAUSE)
                experiment.note()

            build(source).sink(consume)
            for item in experiment.make_all():
                await source.emit(item)
                if not experiment.made % 100:
                    await asyncio.sleep(0)
            while not experiment.over and experiment.consumed < experiment.made:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        asyncio.run(main())

    return run


PEERS: dict[str, Subject] = {
    "reactivex observe_on": _observe_on,
    "asyncio.Queue()": _asyncio_queue,
    "streamz buffer": _streamz(lambda source: source.buffer(256)),
    "streamz delay": _streamz(lambda source: source.delay(0.001)),
    "aiostream map": _aiostream,
}
SHOWN: dict[str, str] = {
    "asyncio.Queue()": "asyncio, `Queue()`",
    "reactivex observe_on": "reactivex, `observe_on`",
    "streamz buffer": "streamz, `buffer(256)`",
    "streamz delay": "streamz, `delay(0.001)`",
    "aiostream map": "aiostream, `map(task_limit=16)`",
}
