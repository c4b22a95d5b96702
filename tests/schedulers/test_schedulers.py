"""Schedulers: each gives serial workers, which run nothing after they were closed."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from operators.hooks import set_error_hook
from operators.schedulers import (
    ExecutorScheduler,
    ImmediateScheduler,
    LoopScheduler,
    LossyWorker,
    Scheduler,
    ThreadScheduler,
    Worker,
    event_loop,
    executor,
    immediate,
    thread,
)
from tests.operators.kit import DEADLINE, eventually, in_turn


@contextmanager
def _executor() -> Iterator[Scheduler]:
    with ThreadPoolExecutor(4) as pool:
        yield executor(pool)


@contextmanager
def _loop() -> Iterator[Scheduler]:
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_forever)
    serving.start()
    try:
        yield event_loop(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        loop.close()


@contextmanager
def _given(scheduler: Scheduler) -> Iterator[Scheduler]:
    yield scheduler


MAKERS: dict[str, Callable[[], Any]] = {
    "immediate": lambda: _given(immediate()),
    "thread": lambda: _given(thread("mine")),
    "executor": _executor,
    "loop": _loop,
    "the library's loop": lambda: _given(event_loop()),
}
FAR = [name for name in MAKERS if name != "immediate"]


@pytest.fixture(params=MAKERS)
def scheduler(request: pytest.FixtureRequest) -> Iterator[Scheduler]:
    with MAKERS[request.param]() as made:
        yield made


@pytest.fixture(params=FAR)
def far(request: pytest.FixtureRequest) -> Iterator[Scheduler]:
    with MAKERS[request.param]() as made:
        yield made


@pytest.fixture
def dropped() -> Iterator[list[BaseException]]:
    errors: list[BaseException] = []
    before = set_error_hook(lambda error, where: errors.append(error))
    try:
        yield errors
    finally:
        set_error_hook(before)


def run_all(worker: Worker) -> None:
    """Wait until what was scheduled so far has run."""
    done = threading.Event()
    worker.schedule(done.set)
    assert done.wait(20)


def test_each_keeps_the_protocol(scheduler: Scheduler):
    worker = scheduler.worker()
    try:
        assert isinstance(scheduler, Scheduler)
        assert isinstance(worker, Worker)
    finally:
        worker.close()


def test_the_public_names_make_what_they_say():
    with ThreadPoolExecutor(1) as pool:
        made = [immediate(), thread(), executor(pool), event_loop()]
    kinds = [ImmediateScheduler, ThreadScheduler, ExecutorScheduler, LoopScheduler]
    assert [type(it) for it in made] == kinds


def test_time_goes_on(scheduler: Scheduler):
    first = scheduler.now()
    assert scheduler.now() >= first


def test_tasks_run_in_order_one_at_a_time(scheduler: Scheduler):
    worker = scheduler.worker()
    ran: list[int] = []
    inside: list[int] = []
    most: list[int] = []

    def task(n: int) -> None:
        inside.append(n)
        most.append(len(inside))
        ran.append(n)
        inside.pop()

    for n in range(300):
        worker.schedule(partial(task, n))
    run_all(worker)
    worker.close()

    assert ran == list(range(300))
    assert max(most) == 1


def test_tasks_of_several_threads_run_one_at_a_time(far: Scheduler):
    worker = far.worker()
    count = 0
    overlaps: list[int] = []
    busy = threading.Lock()

    def task() -> None:
        nonlocal count
        if not busy.acquire(blocking=False):
            overlaps.append(count)
            return
        count += 1
        busy.release()

    def schedule() -> None:
        for _ in range(200):
            worker.schedule(task)

    threads = [threading.Thread(target=schedule) for _ in range(4)]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    run_all(worker)
    worker.close()

    assert (count, overlaps) == (800, [])


def test_what_a_task_schedules_runs_after_it(scheduler: Scheduler):
    worker = scheduler.worker()
    ran: list[str] = []
    over = threading.Event()

    def outer() -> None:
        worker.schedule(in_turn(lambda: ran.append("inner"), over.set))
        ran.append("outer")

    worker.schedule(outer)
    assert over.wait(20)
    worker.close()
    assert ran == ["outer", "inner"]


def test_nothing_runs_after_close(scheduler: Scheduler):
    worker = scheduler.worker()
    ran: list[str] = []
    worker.schedule(lambda: ran.append("before"))
    run_all(worker)
    worker.close()
    worker.schedule(lambda: ran.append("after"))
    worker.close()

    other = scheduler.worker()
    run_all(other)
    other.close()
    assert ran == ["before"]


def test_what_waits_at_a_close_does_not_run(far: Scheduler):
    worker = far.worker()
    entered, leave = threading.Event(), threading.Event()
    ran: list[str] = []
    worker.schedule(in_turn(entered.set, lambda: leave.wait(20)))
    worker.schedule(lambda: ran.append("waiting"))
    worker.schedule(lambda: ran.append("later"), 0.001)
    assert entered.wait(20)
    worker.close()
    leave.set()

    other = far.worker()
    run_all(other)
    other.close()
    assert ran == []


def test_a_close_from_inside_a_task(scheduler: Scheduler):
    worker = scheduler.worker()
    ran: list[str] = []
    over = threading.Event()

    def task() -> None:
        worker.schedule(lambda: ran.append("too late"))
        worker.close()
        over.set()

    worker.schedule(task)
    assert over.wait(20)
    other = scheduler.worker()
    run_all(other)
    other.close()
    assert ran == []


def test_a_task_that_raises_goes_to_the_hook_and_the_next_one_runs(
    scheduler: Scheduler, dropped: list[BaseException]
):
    worker = scheduler.worker()
    worker.schedule(lambda: 1 // 0)
    run_all(worker)
    worker.close()

    assert [type(it) for it in dropped] == [ZeroDivisionError]


def test_a_delay_is_kept_and_orders_the_tasks(scheduler: Scheduler):
    worker = scheduler.worker()
    ran: list[str] = []
    over = threading.Event()
    begun = time.monotonic()
    if isinstance(scheduler, ImmediateScheduler):  # which has the caller wait
        worker.schedule(lambda: ran.append("second"), 0.02)
        worker.schedule(over.set)
        ran.insert(0, "first")
    else:
        worker.schedule(in_turn(lambda: ran.append("second"), over.set), 0.02)
        worker.schedule(lambda: ran.append("first"))
    assert over.wait(20)
    worker.close()

    assert ran == ["first", "second"]
    assert time.monotonic() - begun >= 0.02


def test_a_thread_is_begun_with_the_first_task_and_ends_at_close():
    def names() -> list[str]:
        return sorted(it.name for it in threading.enumerate() if it.name.startswith("mine"))

    scheduler = thread("mine")
    first, second = scheduler.worker(), scheduler.worker()
    assert names() == []
    run_all(first)
    run_all(second)
    assert names() == ["mine-1", "mine-2"]
    threads = [it for it in threading.enumerate() if it.name.startswith("mine")]
    assert all(it.daemon for it in threads)
    first.close()
    second.close()
    for it in threads:
        it.join(20)
    assert names() == []


def test_a_worker_takes_one_thread_of_the_pool_at_a_time():
    with ThreadPoolExecutor(1) as pool:
        workers = [executor(pool).worker() for _ in range(3)]
        for worker in workers:
            run_all(worker)
            worker.close()


def test_a_pool_that_was_shut_down_says_so():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        executor(pool).worker().schedule(print)


def test_the_running_loop_is_taken():
    async def run() -> None:
        worker = event_loop().worker()
        ran = asyncio.Event()
        order: list[str] = []
        worker.schedule(in_turn(lambda: order.append("task"), ran.set))
        order.append("caller")
        await ran.wait()
        assert order == ["caller", "task"]
        worker.close()

    asyncio.run(run())


def test_a_loop_that_is_closed_says_so():
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="is closed"):
        event_loop(loop).worker()


def test_a_loop_that_is_closed_meanwhile_takes_no_more():
    loop = asyncio.new_event_loop()
    worker = event_loop(loop).worker()
    loop.close()
    with pytest.raises(RuntimeError, match="was closed"):
        worker.schedule(print)
    worker.close()
    worker.schedule(print)


@pytest.mark.parametrize("delay", [0.0, 10.0])
def test_a_loop_that_is_closed_tells_of_what_it_will_not_run(
    dropped: list[BaseException], delay: float
):
    loop = asyncio.new_event_loop()
    worker, unheard, closed = [event_loop(loop).worker() for _ in range(3)]
    assert isinstance(worker, LossyWorker)
    told: list[Exception] = []
    heard = threading.Event()
    worker.on_lost(in_turn_with(told.append, heard.set))
    ran: list[int] = []
    for it in (worker, worker, unheard, closed):
        it.schedule(partial(ran.append, 1), delay)
    closed.close()
    if delay:
        loop.run_until_complete(asyncio.sleep(0))  # so that they wait for their time
    loop.close()

    assert heard.wait(20)
    eventually(lambda: len(dropped) == 1, "the hook")
    assert [str(it) for it in [*told, *dropped]] == [
        "the event loop was closed before it came to this"
    ] * 2
    worker.close()
    unheard.close()
    assert ran == []


def test_immediate_runs_on_the_thread_of_the_caller():
    here: list[str] = []
    immediate().worker().schedule(lambda: here.append(threading.current_thread().name))
    assert here == [threading.current_thread().name]


def test_immediate_runs_delayed_tasks_in_the_order_in_which_they_are_due():
    worker = immediate().worker()
    ran: list[str] = []

    def outer() -> None:
        worker.schedule(lambda: ran.append("late"), 0.03)
        worker.schedule(lambda: ran.append("soon"), 0.01)
        worker.schedule(lambda: ran.append("now"))

    worker.schedule(outer)
    assert ran == ["now", "soon", "late"]


def test_a_pool_that_cancels_its_work_tells_once_and_takes_no_more(
    dropped: list[BaseException],
):
    pool = ThreadPoolExecutor(1)
    leave = threading.Event()
    pool.submit(leave.wait, 20)
    worker, unheard = executor(pool).worker(), executor(pool).worker()
    assert isinstance(worker, LossyWorker)
    told: list[Exception] = []
    heard = threading.Event()
    worker.on_lost(in_turn_with(told.append, heard.set))
    ran: list[int] = []
    for n in range(3):
        worker.schedule(partial(ran.append, n))
    unheard.schedule(partial(ran.append, 3))
    pool.shutdown(wait=False, cancel_futures=True)
    leave.set()
    pool.shutdown()

    assert heard.wait(20)
    eventually(lambda: len(dropped) == 1, "the hook")
    assert "cancelled its work" in str(dropped[0])
    assert [str(it) for it in told] == ["the executor cancelled its work; was it shut down?"]
    with pytest.raises(RuntimeError, match="cancelled its work"):
        worker.schedule(partial(ran.append, 4))
    worker.close()
    worker.schedule(partial(ran.append, 5))
    assert ran == []


def in_turn_with(
    take: Callable[[Any], object], then: Callable[[], object]
) -> Callable[[Any], None]:
    def make(value: Any) -> None:
        take(value)
        then()

    return make


@pytest.mark.parametrize("delay", [0.0, 0.001])
def test_a_task_sees_the_context_variables_of_whoever_scheduled_it(
    scheduler: Scheduler, delay: float
):
    name: ContextVar[str] = ContextVar("name", default="nobody")
    worker = scheduler.worker()
    seen: list[str] = []
    over = threading.Event()
    token = name.set("somebody")
    worker.schedule(in_turn(lambda: seen.append(name.get()), over.set), delay)
    name.reset(token)
    assert over.wait(20)
    worker.close()
    assert seen == ["somebody"]


def test_a_worker_that_nobody_has_any_more_does_what_it_was_given_and_ends():
    ran: list[int] = []
    begun = threading.active_count()
    leave = threading.Event()
    worker = thread("mine").worker()
    worker.schedule(lambda: leave.wait(20))
    for n in range(3):
        worker.schedule(partial(ran.append, n), 0.001 * n)
    del worker
    leave.set()
    eventually(lambda: threading.active_count() == begun, "the end of the thread")
    assert ran == [0, 1, 2]


def test_what_is_no_exception_is_shown_and_ends_no_worker(monkeypatch: pytest.MonkeyPatch):
    shown: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda it: shown.append(it.exc_type))
    worker = thread().worker()

    def leave(kind: type[BaseException]) -> None:
        raise kind

    for kind in (SystemExit, GeneratorExit):
        worker.schedule(partial(leave, kind))
    run_all(worker)
    worker.close()
    assert shown == [GeneratorExit]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_is_no_exception_leaves_an_immediate_worker_usable(raised: type[BaseException]):
    worker = immediate().worker()

    def leave() -> None:
        raise raised

    with pytest.raises(raised):
        worker.schedule(leave)
    run_all(worker)


def test_a_loop_keeps_nothing_of_what_a_closed_worker_had_to_do_later():
    class Task:
        def __call__(self) -> None:
            raise AssertionError("it was closed")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        before = len(loop._scheduled)  # type: ignore[attr-defined]
        worker = event_loop().worker()
        tasks = [Task() for _ in range(1_000)]
        for task in tasks:
            worker.schedule(task, 3_600)
        left = [weakref.ref(task) for task in tasks]
        del task, tasks
        worker.close()
        await asyncio.sleep(0)
        assert not any(ref() for ref in left)
        # Asyncio clears its heap when more than half of it is cancelled.
        loop.call_later(0, lambda: None)
        await asyncio.sleep(0.001)
        assert len(loop._scheduled) - before < 200  # type: ignore[attr-defined]

    asyncio.run(main())


def test_a_pool_has_no_thread_for_each_timer():
    with ThreadPoolExecutor(1) as pool:
        before = threading.active_count()
        worker = executor(pool).worker()
        ran = threading.Event()
        for _ in range(1_000):
            worker.schedule(ran.set, 3_600)
        assert threading.active_count() <= before + 1  # the loop that keeps the times
        worker.schedule(ran.set, 0.001)
        assert ran.wait(DEADLINE)
        worker.close()
