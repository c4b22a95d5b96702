"""What the rules say, on trio: the conformance kit calls from there, and steps are cut off one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
from trio.lowlevel import Task

from operators import Flow
from operators.hooks import set_error_hook
from operators.schedulers import event_loop, thread
from tck.settings import Settings
from tck.verify import verify_publisher
from tests.operators.runtimes.trio_kit import on_trio

pytestmark = pytest.mark.long


async def numbers(many: int) -> AsyncIterator[int]:
    for n in range(many):
        await trio.lowlevel.checkpoint()
        yield n


async def call(n: int) -> int:
    await trio.lowlevel.checkpoint()
    return n


def created(many: int) -> Flow[int]:
    async def produce(emitter: Any) -> None:
        for n in range(many):
            await emitter.emit(n)
            await trio.lowlevel.checkpoint()

    return Flow.create(produce, capacity=4)


def pushed(many: int) -> Flow[int]:
    return Flow.defer(lambda: Flow.from_async_iterable(numbers(many)))


SUBJECTS: dict[str, Callable[[int], Flow[int]]] = {
    "from_async_iterable": pushed,
    "map_async": lambda many: Flow.range(many).map_async(call, concurrency=3),
    "create": created,
    "publish_on": lambda many: Flow.range(many).publish_on(event_loop()),
    "merge": lambda many: pushed(many).merge(Flow.empty()),
    "delay": lambda many: Flow.range(many).delay(0.0001),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SUBJECTS)
def test_it_keeps_the_rules_where_trio_calls(name: str):
    before = set_error_hook(lambda *_: None)  # the kit's Subscribers raise on purpose
    try:
        settings = Settings(examples=5)
        report = verify_publisher(SUBJECTS[name], settings=settings, subject=name, loop="trio")
    finally:
        set_error_hook(before)
    assert report.passed, [str(each) for each in report.violations]


class Cutter(trio.abc.Instrument):
    """Cancels a scope before the step of this number of one task."""

    def __init__(self, task: Task, step: int, scope: trio.CancelScope) -> None:
        self.task = task
        self.left = step
        self.scope = scope

    def before_task_step(self, task: Task) -> None:
        if task is self.task:
            self.left -= 1
            if not self.left:
                self.scope.cancel()


CUT: dict[str, Callable[[], Flow[int]]] = {
    "from_async_iterable": lambda: pushed(6),
    "map_async": lambda: pushed(6).map_async(call, concurrency=2),
    "create": lambda: created(6),
    "merge": lambda: pushed(3).merge(pushed(3), created(3)),
    "concat_map": lambda: Flow.range(3).concat_map(lambda _: pushed(2)),
    "on a thread": lambda: pushed(6).publish_on(thread()),
    "timed": lambda: pushed(3).delay(0.001),
}


@pytest.mark.parametrize("name", CUT)
def test_a_task_is_cancelled_at_each_of_its_steps_and_nothing_is_left(name: str):
    async def consume(step: int) -> bool:
        with trio.CancelScope() as scope:
            cutter = Cutter(trio.lowlevel.current_task(), step, scope)
            trio.lowlevel.add_instrument(cutter)
            try:
                async for _ in CUT[name]():
                    pass
            finally:
                trio.lowlevel.remove_instrument(cutter)
        return scope.cancelled_caught

    step = cut = 0
    while True:
        step += 1
        if on_trio(lambda: consume(step)):  # noqa: B023 - it is called at once
            cut += 1
        elif step > 3:
            break
        assert step < 500
    assert cut
