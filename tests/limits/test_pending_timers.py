"""A hundred thousand pending timers are as many entries of one queue: no thread, no task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop
from operators.testing import VirtualClock
from tests.operators.kit import Probe, probe

PENDING = 100_000
PIPELINES = 500


def queue_of(loop: Any) -> int:
    return len(loop._scheduled)


@pytest.mark.long
def test_a_hundred_thousand_timers_are_entries_of_the_loops_queue_and_gone_when_they_are_closed():
    async def main() -> None:
        loop = asyncio.get_running_loop()
        threads, tasks, before = threading.active_count(), len(asyncio.all_tasks()), queue_of(loop)
        workers = [event_loop().worker() for _ in range(100)]
        for n in range(PENDING):
            workers[n % 100].schedule(list, 3_600)
        assert queue_of(loop) == before + PENDING
        assert threading.active_count() == threads
        assert len(asyncio.all_tasks()) == tasks
        for worker in workers:
            worker.close()
        await asyncio.sleep(0)
        assert queue_of(loop) <= before + 200  # asyncio clears what is cancelled by and by

    asyncio.run(main())


BUILDS: dict[str, Callable[[], Flow[Any]]] = {
    "timer": lambda: Flow.timer(3_600),
    "interval": lambda: Flow.interval(3_600),
    "timeout": lambda: Flow.never().timeout(3_600),
    "delay": lambda: Flow.of(1, 2, 3).delay(3_600),
    "debounce": lambda: Flow.of(1, 2, 3).concat(Flow.never()).debounce(3_600),
    "throttle": lambda: Flow.of(1, 2, 3).throttle(0.001),
    "retry": lambda: Flow.error(OSError()).retry(backoff=3_600),
}


@pytest.mark.parametrize("name", BUILDS)
def test_a_pipeline_that_waits_is_one_entry_of_the_queue(name: str):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        threads, tasks, before = threading.active_count(), len(asyncio.all_tasks()), queue_of(loop)
        seen: list[Probe] = [probe(BUILDS[name](), 9) for _ in range(PIPELINES)]
        await asyncio.sleep(0)
        assert queue_of(loop) == before + PIPELINES
        assert threading.active_count() == threads
        assert len(asyncio.all_tasks()) == tasks
        for each in seen:
            each.cancel()
        await asyncio.sleep(0)
        assert queue_of(loop) <= before + 200

    asyncio.run(main())


def test_on_a_thread_without_a_loop_one_thread_serves_them_all():
    before = threading.active_count()
    seen = [probe(Flow.timer(3_600), 1) for _ in range(PIPELINES)]
    assert threading.active_count() == before + 1
    for each in seen:
        each.cancel()


def test_a_virtual_clock_has_as_many_and_none_in_the_end():
    clock = VirtualClock()
    seen = [probe(Flow.timer(n, scheduler=clock), 1) for n in range(PIPELINES)]
    assert clock.pending == PIPELINES
    clock.advance(PIPELINES / 2 - 1)
    assert sum(each.completed for each in seen) == PIPELINES / 2
    for each in seen:
        each.cancel()
    assert clock.pending == 0
