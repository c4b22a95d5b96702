"""Classic hangs: each a flow that comes to a halt, and what is to be said of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from operators import Flow
from operators.schedulers import executor, thread
from operators.testing import VirtualClock
from operators.watching import Stall

DEADLINE = 20.0
EVERY = 1.0


class Halt:
    """Runs a flow that will come to a halt, and hears what is said of that. Leaving it lets all go on."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.stalls: list[Stall] = []
        self.latch = threading.Event()
        """What the classic mistakes wait for; set when the hang has been judged."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._leaving = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.latch.set()
        self._leaving.close()

    def later(self, fn: Callable[..., object], *args: Any) -> None:
        """Have it called when all is judged; the last one first."""
        self._leaving.callback(fn, *args)

    def watched(self, flow: Flow[Any]) -> Flow[Any]:
        return flow.watch(stall=5 * EVERY, report=self.stalls.append, scheduler=self.clock)

    def begun(self, flow: Flow[Any]) -> None:
        """Run it by for_each, here."""
        self.later(self.watched(flow).for_each(lambda _: None).cancel)

    def subscribed(self, flow: Flow[Any], subscriber: Any) -> None:
        self.watched(flow).subscribe(subscriber)
        self.later(subscriber.cancel)

    def pool(self, threads: int = 1) -> ThreadPoolExecutor:
        """A pool of one thread, or of so many."""
        pool = ThreadPoolExecutor(threads, "only")
        self.later(pool.shutdown)
        return pool

    def on_a_thread(self, fn: Callable[[], object]) -> None:
        worker = threading.Thread(target=fn, name="mine")
        worker.start()
        self.later(worker.join, DEADLINE)

    def on_a_loop(self, flow: Flow[Any]) -> None:
        """Await it on a loop of a thread's own."""
        begun = threading.Event()
        tasks: list[Any] = []

        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            tasks.append(asyncio.current_task())
            begun.set()
            with contextlib.suppress(asyncio.CancelledError):
                await self.watched(flow)

        def leave() -> None:
            assert self.loop is not None
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(tasks[0].cancel)

        self.on_a_thread(lambda: asyncio.run(main()))
        assert begun.wait(DEADLINE)
        self.later(leave)

    def said(self, title: str, *words: str) -> Stall:
        """Return what is said of it, once that names the stage and has the words."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            self.clock.advance(EVERY)
            for stall in self.stalls:
                if stall.title == title and all(word in str(stall) for word in words):
                    return stall
            time.sleep(0.002)
        told = "\n".join(map(str, self.stalls)) or "nothing"
        raise AssertionError(f"{title} with {words} was not said, but:\n{told}")


class Asking:
    """A Subscriber that asks for `n` items, and never again."""

    def __init__(self, n: int = 0, on_next: Callable[[Any], object] = id) -> None:
        self._n = n
        self._on_next = on_next
        self.cancel: Callable[[], object] = list

    def on_subscribe(self, subscription: Any) -> None:
        self.cancel = subscription.cancel
        if self._n:
            subscription.request(self._n)

    def on_next(self, item: Any) -> None:
        self._on_next(item)

    def on_error(self, error: Exception) -> None:
        pass

    def on_complete(self) -> None:
        pass


Hang = Callable[[Halt], Stall]
HANGS: dict[str, Hang] = {}


def hang(fn: Hang) -> Hang:
    HANGS[fn.__name__.replace("_", " ")] = fn
    return fn


@hang
def a_silent_side_of_a_zip(halt: Halt) -> Stall:
    halt.begun(Flow.range(5).map(str).zip(Flow.never().named("late")))
    return halt.said("never 'late'", "zip", "gives none", "hangs.py")


@hang
def a_create_that_never_emits(halt: Halt) -> Stall:
    def producer(emitter: Any) -> None:
        halt.latch.wait(DEADLINE)

    halt.begun(Flow.create(producer).map(str))
    return halt.said(
        "create", "gives none", "in producer, in Condition.wait", "thread 'operators-create"
    )


@hang
def more_groups_than_flat_map_takes(halt: Halt) -> Stall:
    groups = Flow.range(1000).group_by(lambda n: n % 3, prefetch=8, scheduler=VirtualClock())
    halt.begun(groups.flat_map(lambda group: group.map(str), concurrency=2))
    return halt.said("group_by", "the flow of 2 has no Subscriber", "of its 8 places")


@hang
def a_blocking_call_on_the_loop(halt: Halt) -> Stall:
    async def fetch(n: int) -> int:
        halt.latch.wait(DEADLINE)
        return n

    halt.on_a_loop(Flow.range(5).map_async(fetch))
    return halt.said(
        "map_async", "keeps the event loop", "thread 'mine'", "in fetch, in Condition.wait"
    )


@hang
def a_coroutine_for_a_loop_that_does_not_run(halt: Halt) -> Stall:
    other = asyncio.new_event_loop()
    halt.later(other.close)
    done = other.create_future()

    async def wait() -> None:
        await done

    async def fetch(n: int) -> int:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(wait(), other))
        return n

    def let_go() -> None:
        done.set_result(None)
        other.run_until_complete(asyncio.sleep(0))

    halt.later(let_go)
    halt.on_a_loop(Flow.range(1).map_async(fetch))
    return halt.said("map_async", "is not over", "task", "in fetch")


@hang
def a_share_with_a_subscriber_that_never_requests(halt: Halt) -> Stall:
    shared = Flow.range(1000).publish(prefetch=4)
    silent = Asking()
    shared.map(str).named("idle").subscribe(silent)
    halt.later(silent.cancel)
    connection = shared.connect()
    halt.later(connection.cancel)
    halt.begun(shared)
    return halt.said(
        "publish", "another of its Subscribers", "map 'idle'", "demand is 0", "not taken 4 items"
    )


@hang
def one_thread_for_both_sides(halt: Halt) -> Stall:
    def producer(emitter: Any) -> None:
        for n in range(50):
            emitter.emit(n)

    # Were both threads ours, it would be known after a while that this waits for ever: an error.
    pool = halt.pool(2)
    pool.submit(halt.latch.wait, DEADLINE)
    flow = Flow.create(producer, capacity=2, scheduler=executor(pool))
    halt.begun(flow.publish_on(executor(pool), prefetch=2))
    return halt.said(
        "publish_on", "its worker does not come to it", "thread 'only_1'", "in producer"
    )


@hang
def a_latch_in_on_next(halt: Halt) -> Stall:
    def on_next(_: Any) -> None:
        halt.latch.wait(DEADLINE)

    halt.on_a_thread(lambda: halt.subscribed(Flow.range(5), Asking(5, on_next)))
    return halt.said("consumer", "inside of its on_next", "thread 'mine'", "in on_next")


@hang
def a_buffer_that_waits_for_its_size(halt: Halt) -> Stall:
    halt.begun(Flow.of(1, 2).concat(Flow.never()).buffer(10))
    return halt.said("buffer", "has gathered 2 items", "waits for more of never")


@hang
def a_merge_with_a_silent_flow(halt: Halt) -> Stall:
    halt.begun(Flow.of(1, 2).merge(Flow.never().named("quiet")))
    return halt.said("never 'quiet'", "gives none", "merge")


@hang
def a_concat_behind_what_never_ends(halt: Halt) -> Stall:
    halt.begun(Flow.never().named("first").concat(Flow.of(1)))
    return halt.said("never 'first'", "gives none", "concat")


@hang
def a_coroutine_that_never_returns(halt: Halt) -> Stall:
    async def fetch(n: int) -> int:
        if n == 3:
            await asyncio.Event().wait()
        return n

    halt.on_a_loop(Flow.range(100).map_async(fetch, concurrency=4))
    return halt.said("map_async", "is not over", "task", "in fetch")


@hang
def a_semaphore_that_is_held(halt: Halt) -> Stall:
    permits = threading.Semaphore(0)
    pool = halt.pool()
    halt.later(permits.release, 50)

    def call(n: int) -> int:
        with permits:
            return n

    halt.begun(Flow.range(5).map_async(call, concurrency=2, executor=pool))
    return halt.said("map_async", "is not over", "thread 'only_0'", "in call")


@hang
def windows_that_nobody_subscribes_to(halt: Halt) -> Stall:
    windows = Flow.range(1000).window(3, prefetch=6, scheduler=VirtualClock())
    halt.begun(windows)
    return halt.said("window", "has no Subscriber", "of its 6 places")


@hang
def a_worker_that_is_busy_elsewhere(halt: Halt) -> Stall:
    pool = halt.pool()

    def something_else() -> None:
        halt.latch.wait(DEADLINE)

    pool.submit(something_else)
    halt.begun(Flow.range(9).publish_on(executor(pool), prefetch=4))
    return halt.said("publish_on", "its worker does not come to it", "in something_else")


@hang
def a_source_on_a_worker_that_is_busy(halt: Halt) -> Stall:
    pool = halt.pool()

    def something_else() -> None:
        halt.latch.wait(DEADLINE)

    pool.submit(something_else)
    halt.begun(Flow.range(9).map(str).subscribe_on(executor(pool)))
    return halt.said("subscribe_on", "has not been subscribed to", "in something_else")


@hang
def a_throttle_whose_rate_is_0(halt: Halt) -> Stall:
    halt.begun(Flow.range(9).throttle(lambda: 0.0, scheduler=VirtualClock()))
    return halt.said("throttle", "its rate is 0")


@hang
def a_subscriber_that_never_requests(halt: Halt) -> Stall:
    halt.subscribed(Flow.range(5).map(str), Asking())
    return halt.said("consumer", "Asking", "has asked for nothing")


@hang
def a_subscriber_that_requests_once(halt: Halt) -> Stall:
    halt.subscribed(Flow.range(5).publish_on(thread()), Asking(2))
    return halt.said("consumer", "Asking", "has asked for 2, has had them, and asks for no more")


@hang
def a_valve_that_is_shut(halt: Halt) -> Stall:
    from operators import Valve

    valve = Valve()
    valve.pause()
    halt.begun(Flow.range(9).valve(valve, prefetch=4))
    return halt.said("valve", "its valve is shut", "holds 4 of 4")


@hang
def a_flow_that_is_never_connected(halt: Halt) -> Stall:
    halt.begun(Flow.range(9).publish().map(str))
    return halt.said("publish", "not connected")


@hang
def a_part_that_nobody_subscribes_to(halt: Halt) -> Stall:
    evens, _ = Flow.range(9).partition(lambda n: n % 2)
    halt.begun(evens)
    return halt.said("partition", "when all 2 flows", "number 1 has none")


@hang
def a_part_that_is_asked_for_by_nobody(halt: Halt) -> Stall:
    evens, odds = Flow.range(99).partition(lambda n: n % 2, prefetch=4)
    odds.subscribe(Asking())
    halt.begun(evens)
    return halt.said("partition", "number 1 of its flows has not taken the 4 items")


@hang
def a_queue_that_stays_empty(halt: Halt) -> Stall:
    def items() -> Iterator[int]:
        halt.latch.wait(DEADLINE)
        yield 1

    halt.on_a_thread(lambda: list(halt.watched(Flow.from_iterable(items()).map(str))))
    return halt.said("from_iterable", "gives none", "thread 'mine'", "in items")


@hang
def an_async_iterator_that_never_comes_back(halt: Halt) -> Stall:
    async def items() -> Any:
        yield 1
        await asyncio.Event().wait()

    halt.on_a_loop(Flow.from_async_iterable(items()).map(str))
    return halt.said("from_async_iterable", "gives none", "task", "in items")


@hang
def a_loop_whose_body_blocks(halt: Halt) -> Stall:
    def loop() -> None:
        for _ in halt.watched(Flow.range(9).map(str)):
            halt.latch.wait(DEADLINE)

    halt.on_a_thread(loop)
    return halt.said("consumer", "asks for no more", "thread 'mine'", "in loop, in Condition.wait")


@hang
def an_inner_flow_that_never_ends(halt: Halt) -> Stall:
    halt.begun(Flow.range(9).concat_map(lambda n: Flow.never().named(f"inner {n}")))
    return halt.said("never 'inner 0'", "gives none", "concat_map")


@hang
def a_timer_on_a_clock_that_stands_still(halt: Halt) -> Stall:
    halt.begun(Flow.interval(1.0, scheduler=VirtualClock()).map(str))
    return halt.said("interval", "gives none")
