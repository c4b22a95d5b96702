"""Whatever is to carry the work on may refuse: the stream then ends with an error that says where."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import Scheduler, event_loop, executor, thread
from tests.operators.kit import DEADLINE, eventually, line_of, notes, probe


class NoWorker(RuntimeError):
    pass


class Workerless:
    """A scheduler that has no worker to give."""

    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        raise NoWorker


def bad() -> Flow[int]:
    return Flow.of(9).publish_on(Workerless())  # there is none


def divided() -> Flow[int]:
    return Flow.of(1, 0).map(lambda n: 1 // n)


@pytest.mark.parametrize(
    "flow",
    [
        bad(),
        bad().map(str),
        bad().publish_on(thread()),
        Flow.of(1).flat_map(lambda _: bad()),
        Flow.of(1).concat_map(lambda _: bad()),
        Flow.of(1).merge(bad()),
        bad().merge(Flow.of(1)),
        Flow.of(1).concat(bad()),
        Flow.of(1).zip(bad()),
        divided().on_error_resume(lambda _: bad()),
        Flow.defer(bad),
        Flow.from_publisher(bad()),
        bad().retry(2),
    ],
    ids=range(13),
)
def test_a_scheduler_that_has_no_worker(flow: Flow[Any]):
    seen = probe(flow, 9).until_end()
    assert isinstance(seen.error, NoWorker)
    assert f"in publish_on, written at {line_of('# there is none', __file__)}" in notes(seen.error)
    assert seen.violations == []
    with pytest.raises(NoWorker):
        list(flow)


def test_a_source_that_gets_no_loop_to_run_on(monkeypatch: pytest.MonkeyPatch):
    async def one() -> AsyncIterator[int]:
        yield 1

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        flow = Flow.of(1).concat(Flow.from_async_iterable(one()))  # no thread for it
        seen = probe(flow, 9).until_end()
    assert "can't start new thread" in str(seen.error)
    assert line_of("# no thread for it", __file__) in notes(seen.error)
    assert seen.items == [1]


# The n-th hand-over raises, for every n, of everything that hands over. -------------------------------

MOST = 60  # hand-overs that are tried


class Refused(Exception):
    """What is no RuntimeError."""


class Faults:
    """Raises the error at the n-th hand-over, once, and does everything else."""

    def __init__(self, at: int, error: Exception) -> None:
        self._left = at
        self._lock = threading.Lock()
        self.error = error
        self.raised = False

    def strikes(self) -> bool:
        with self._lock:
            self._left -= 1
            if not self._left:
                self.raised = True
            return not self._left

    def pass_one(self) -> None:
        if self.strikes():
            raise self.error


class FaultyScheduler:
    """A scheduler that refuses at the n-th `worker()` or `schedule()`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._threads = thread()

    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        self._faults.pass_one()
        return FaultyWorker(self._faults, self._threads.worker())


class FaultyWorker:
    def __init__(self, faults: Faults, worker: Any) -> None:
        self._faults = faults
        self._worker = worker

    def schedule(self, fn: Any, delay: float = 0.0) -> None:
        self._faults.pass_one()
        self._worker.schedule(fn, delay)

    def close(self) -> None:
        self._worker.close()


class FaultyPool(Executor):
    """A pool that refuses at the n-th `submit`."""

    def __init__(self, faults: Faults, pool: Executor, *, drops: bool = False) -> None:
        self._faults = faults
        self._pool = pool
        self._drops = drops

    def submit(self, fn: Any, /, *args: Any, **more: Any) -> Future[Any]:
        if self._drops and self._faults.strikes():
            return Future()  # and nobody will ever hear of it
        if not self._drops:
            self._faults.pass_one()
        return self._pool.submit(fn, *args, **more)


async def few() -> AsyncIterator[int]:
    for n in range(5):
        yield n


def push(emitter: Any) -> None:
    for n in range(5):
        emitter.emit(n)
    emitter.complete()


async def apush(emitter: Any) -> None:
    for n in range(5):
        await emitter.emit(n)
    emitter.complete()


async def same(n: int) -> int:
    await asyncio.sleep(0)
    return n


ON_SCHEDULER: dict[str, Callable[[Scheduler], Flow[Any]]] = {
    "publish_on": lambda s: Flow.range(5).publish_on(s, prefetch=2),
    "subscribe_on": lambda s: Flow.range(5).subscribe_on(s),
    "create": lambda s: Flow.create(push, scheduler=s),
    "publish_on twice": lambda s: Flow.range(5).publish_on(s, prefetch=2).publish_on(s, prefetch=1),
    "both": lambda s: Flow.range(5).subscribe_on(s).map(abs).publish_on(s, prefetch=2),
    "flat_map": lambda s: Flow.range(5).flat_map(lambda n: Flow.of(n).publish_on(s)),
    "concat_map": lambda s: Flow.range(5).concat_map(lambda n: Flow.of(n).publish_on(s)),
    "concat": lambda s: Flow.range(3).publish_on(s).concat(Flow.range(3, 5).subscribe_on(s)),
    "merge": lambda s: Flow.range(3).publish_on(s).merge(Flow.range(3, 5).publish_on(s)),
    "zip": lambda s: Flow.zip(Flow.range(5), Flow.range(5).publish_on(s)).map(lambda it: it[0]),
    "retry": lambda s: Flow.range(5).publish_on(s).retry(0),
    "limit_rate": lambda s: Flow.range(5).publish_on(s).limit_rate(2),
    "on_backpressure_buffer": lambda s: Flow.range(5).publish_on(s).on_backpressure_buffer(9),
}  # fmt: skip
ON_THREADS: dict[str, Callable[[], Flow[Any]]] = {
    **{name: (lambda build=build: build(thread())) for name, build in ON_SCHEDULER.items()},
    "from_async_iterable": lambda: Flow.from_async_iterable(few()),
    "create, a coroutine": lambda: Flow.create(apush),
    "map_async": lambda: Flow.range(5).map_async(same, concurrency=2),
    "map_async, a plain function": lambda: Flow.range(5).map_async(abs, concurrency=2),
    "event_loop": lambda: Flow.range(5).publish_on(event_loop()),
    "flat_map, async": lambda: Flow.range(1).flat_map(lambda _: Flow.from_async_iterable(few())),
}
ON_POOLS: dict[str, Callable[[Executor], Flow[Any]]] = {
    **{
        name: (lambda pool, build=build: build(executor(pool)))
        for name, build in ON_SCHEDULER.items()
    },
    "map_async": lambda pool: Flow.range(5).map_async(abs, concurrency=2, executor=pool),
}
ERRORS = [RuntimeError("it is full"), queue.Full("it is full"), Refused("it is full")]


def check(flow: Flow[Any], faults: Faults) -> None:
    """Run it pushed: it ends, either with all the items or with the error."""
    seen = probe(flow, 1, each=1).until_end()
    assert seen.violations == []
    if seen.error is None:
        assert sorted(seen.items) == list(range(5))
        return
    assert faults.raised
    told = [seen.error, seen.error.__cause__]
    assert any(str(faults.error) in str(error) for error in told), seen.error
    assert "written at" in notes(seen.error)
    assert line_of("def check", __file__).split(":")[0] in notes(seen.error)


def in_turn(make: Callable[[Faults], Any], error: Exception) -> None:
    """Have the first hand-over fail, then the second, and so on while there are any."""
    for at in range(1, MOST):
        faults = Faults(at, error.with_traceback(None))
        error.__cause__ = error.__context__ = None
        error.__notes__ = []
        make(faults)
        if not faults.raised:
            return
    pytest.fail("there is no end to its hand-overs")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ON_SCHEDULER)
def test_a_scheduler_that_refuses(name: str, error: Exception):
    in_turn(lambda faults: check(ON_SCHEDULER[name](FaultyScheduler(faults)), faults), error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ON_POOLS)
def test_an_executor_that_refuses(name: str, error: Exception):
    with ThreadPoolExecutor(4) as pool:
        in_turn(lambda faults: check(ON_POOLS[name](FaultyPool(faults, pool)), faults), error)


@pytest.mark.parametrize("name", [name for name in ON_POOLS if name != "map_async"])
def test_an_executor_that_drops_work_in_silence(name: str):
    error = RuntimeError("the executor dropped its work")
    with ThreadPoolExecutor(4) as pool:
        in_turn(
            lambda faults: check(ON_POOLS[name](FaultyPool(faults, pool, drops=True)), faults),
            error,
        )


@contextmanager
def refused_threads(faults: Faults) -> Iterator[None]:
    start = threading.Thread.start

    def begin(it: threading.Thread) -> None:
        faults.pass_one()
        start(it)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", begin)
        yield


def told(flow: Flow[Any], consume: str) -> list[int] | str:
    """Return the items, or what the error says."""
    items: list[int] = []
    try:
        if consume == "for":
            items.extend(flow)
        else:
            flow.for_each(items.append).result(DEADLINE)
    except RuntimeError as error:
        return str(error)
    return sorted(items)


@pytest.mark.parametrize("consume", ["pushed", "for", "for_each"])
@pytest.mark.parametrize("name", ON_THREADS)
def test_threads_that_cannot_start(name: str, consume: str):
    def run(faults: Faults) -> None:
        build = ON_THREADS[name]
        with refused_threads(faults):
            if consume == "pushed":
                check(build(), faults)
            else:
                assert told(build(), consume) in (list(range(5)), "can't start new thread")
        assert sorted(build()) == list(range(5)), "the next one is none the worse"

    in_turn(run, RuntimeError("can't start new thread"))


@pytest.mark.parametrize("name", ON_SCHEDULER)
def test_a_loop_that_takes_no_more(name: str):
    def run(faults: Faults) -> None:
        loop = asyncio.new_event_loop()
        post = loop.call_soon_threadsafe

        def refusing(*args: Any, **more: Any) -> Any:
            faults.pass_one()
            return post(*args, **more)

        loop.call_soon_threadsafe = refusing  # type: ignore[method-assign]
        serving = threading.Thread(target=loop.run_forever)
        serving.start()
        try:
            check(ON_SCHEDULER[name](event_loop(loop)), faults)
        finally:
            post(loop.stop)
            serving.join()
            loop.close()

    in_turn(run, RuntimeError("it takes no more"))


@pytest.mark.parametrize("name", ON_SCHEDULER)
def test_a_loop_that_is_closed_after_a_while(name: str, dropped: Any):
    for turns in range(12):
        loop = asyncio.new_event_loop()
        seen = probe(ON_SCHEDULER[name](event_loop(loop)), 1, each=1)
        for _ in range(turns):
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        seen.until_end()
        assert seen.violations == []
        if seen.error is None:
            assert sorted(seen.items) == list(range(5))
        else:
            assert isinstance(seen.error, RuntimeError)
            assert "closed" in str(seen.error)
            assert "written at" in notes(seen.error)
    for it in threading.enumerate():  # those that tell
        if it.name == "operators-aside":
            it.join(DEADLINE)
    # Where two stages have lost their worker the consumer can be told of one.
    assert all("closed" in str(error) for error, _ in dropped.errors)
    dropped.errors.clear()


@pytest.mark.parametrize("name", ON_SCHEDULER)
def test_a_loop_over_what_runs_on_a_loop_that_is_closed(name: str):
    loop = asyncio.new_event_loop()
    ends: list[list[int] | str] = []

    def consume() -> None:
        ends.append(told(ON_SCHEDULER[name](event_loop(loop)), "for"))

    consumer = threading.Thread(target=consume)
    consumer.start()
    # A loop that takes from the queues by itself may need no worker.
    eventually(lambda: loop._ready or ends, "what was posted")  # type: ignore[attr-defined]
    loop.close()
    consumer.join(DEADLINE)
    assert not consumer.is_alive()
    assert ends[0] == list(range(5)) or "closed" in str(ends[0])
