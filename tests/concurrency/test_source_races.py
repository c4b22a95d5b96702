"""Sources under fire: iterator and async drives, emitters with many threads, processors, loops."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from operators import Emitter, Flow, as_processor
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.concurrency.team import DEADLINE, Serial, Team, Upstream

pytestmark = pytest.mark.long

ROUNDS = 300
SHAKEN = 20


@pytest.fixture(params=["unshaken", "shaken"])
def any_team(request: pytest.FixtureRequest) -> tuple[Team, int]:
    if request.param == "unshaken":
        return request.getfixturevalue("team"), ROUNDS
    return request.getfixturevalue("shaken_team"), SHAKEN


# The drive of an iterator: whoever asks runs it ---------------------------------------------------


def test_an_iterator_gives_exactly_what_three_threads_ask_for(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        subscriber = Serial()
        Flow.from_iterable(itertools.count()).map(lambda n: n).subscribe(subscriber)
        team.run(subscriber.requests(9), subscriber.requests(9), subscriber.requests(9))
        assert subscriber.got == list(range(27))
        assert subscriber.breaches == []
        subscriber.cancel()


def test_the_end_of_a_range_is_told_once(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        subscriber = Serial()
        Flow.range(18).filter(lambda n: n % 2).subscribe(subscriber)
        team.run(subscriber.requests(6), subscriber.requests(6), subscriber.requests(6))
        subscriber.ended(list(range(1, 18, 2)))


def test_a_generator_is_closed_once_whoever_cancels(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds):
        closed: list[int] = []

        def numbers(closed: list[int] = closed) -> Generator[int, None, None]:
            try:
                yield from itertools.count()
            finally:
                closed.append(1)

        subscriber = Serial()
        Flow.from_iterable(numbers()).subscribe(subscriber)
        subscriber.request(1)

        def cancel(subscriber: Serial = subscriber, after: int = number % 18) -> None:
            subscriber.wait_for(after)
            subscriber.cancel()

        team.run(subscriber.requests(9), subscriber.requests(9), cancel, cancel)
        assert subscriber.breaches == []
        assert not subscriber.over.is_set()
        assert closed == [1]


def test_a_bad_request_among_good_ones_is_the_end(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        subscriber = Serial()
        Flow.from_iterable(itertools.count()).subscribe(subscriber)
        bad = lambda subscriber=subscriber: subscriber.upstream.request(0)  # noqa: E731
        team.run(subscriber.requests(9), subscriber.requests(9), bad, bad)
        assert subscriber.over.wait(DEADLINE)
        assert isinstance(subscriber.error, ValueError)
        assert "3.9" in str(subscriber.error)
        assert subscriber.breaches == []


# The drive of an async iterator: threads ask, a loop emits ------------------------------------------


async def never_asked() -> AsyncGenerator[int, None]:
    yield 0


@pytest.fixture
def background_loop() -> Any:
    """Keeps the library's own loop running, so that a round costs no thread."""
    keeper = Serial()
    Flow.from_async_iterable(never_asked()).subscribe(keeper)
    yield
    keeper.cancel()


@pytest.mark.usefixtures("background_loop")
def test_an_async_iterator_gives_exactly_what_threads_ask_for(team: Team) -> None:
    async def numbers() -> AsyncGenerator[int, None]:
        for n in range(20):
            yield n
            await asyncio.sleep(0)

    for _ in range(ROUNDS // 2):
        subscriber = Serial()
        Flow.from_async_iterable(numbers()).subscribe(subscriber)
        team.run(subscriber.requests(7), subscriber.requests(7), subscriber.requests(7))
        subscriber.ended(list(range(20)))


@pytest.mark.usefixtures("background_loop")
def test_an_async_generator_is_closed_once_whoever_cancels(team: Team) -> None:
    for number in range(ROUNDS // 2):
        closed = threading.Event()
        closings: list[int] = []

        async def numbers(
            closed: threading.Event = closed, closings: list[int] = closings
        ) -> AsyncGenerator[int, None]:
            try:
                for n in itertools.count():
                    yield n
                    await asyncio.sleep(0)
            finally:
                closings.append(1)
                closed.set()

        subscriber = Serial()
        Flow.from_async_iterable(numbers()).subscribe(subscriber)
        subscriber.request(1)
        subscriber.wait_for(1)

        def cancel(subscriber: Serial = subscriber, after: int = number % 18) -> None:
            subscriber.wait_for(after)
            subscriber.cancel()

        team.run(subscriber.requests(9), subscriber.requests(9), cancel, cancel)
        assert closed.wait(DEADLINE), "the async generator was not closed"
        assert closings == [1]
        assert subscriber.breaches == []


# Emitters that many threads push into ---------------------------------------------------------------


def emitting(overflow: Any, capacity: int) -> tuple[Flow[Any], deque[Emitter[Any]]]:
    """A flow of create, and where its emitter appears, to be used by any thread."""
    emitters: deque[Emitter[Any]] = deque()
    flow: Flow[Any] = Flow.create(
        emitters.append, overflow=overflow, capacity=capacity, scheduler=immediate()
    )
    return flow, emitters


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_emitters_of_three_threads_wait_for_demand(
    any_team: tuple[Team, int], capacity: int
) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        flow, emitters = emitting("block", capacity)
        subscriber = Serial()
        flow.subscribe(subscriber)
        emitter = emitters.pop()

        def emit(start: int, emitter: Emitter[Any] = emitter) -> None:
            for n in range(start, start + 6):
                assert emitter.emit(n)

        team.run(subscriber.requests(18), lambda: emit(0), lambda: emit(100), lambda: emit(200))
        emitter.complete()
        assert subscriber.over.wait(DEADLINE)
        assert subscriber.breaches == []
        for start in (0, 100, 200):
            mine = [n for n in subscriber.got if start <= n < start + 100]
            assert mine == list(range(start, start + 6))


def test_blocked_emitters_are_let_go_by_a_cancel(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds):
        flow, emitters = emitting("block", 2)
        subscriber = Serial()
        discarded: deque[int] = deque()
        flow.on_discard(discarded.append).subscribe(subscriber)
        emitter = emitters.pop()
        taken: deque[int] = deque()

        def emit(start: int, emitter: Emitter[Any] = emitter, taken: deque[int] = taken) -> None:
            for n in itertools.count(start):
                if not emitter.emit(n):
                    return
                taken.append(n)

        def cancel(subscriber: Serial = subscriber, after: int = number % 5) -> None:
            subscriber.wait_for(after)
            subscriber.cancel()

        team.run(lambda: emit(0), lambda: emit(1000), subscriber.requests(7), cancel)
        assert subscriber.breaches == []
        assert sorted([*subscriber.got, *discarded]) == sorted(taken)


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest", "latest", "error"])
def test_what_is_not_delivered_is_dropped_and_counted(
    any_team: tuple[Team, int], overflow: str
) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        flow, emitters = emitting(overflow, 2)
        subscriber = Serial()
        discarded: deque[int] = deque()
        flow.on_discard(discarded.append).subscribe(subscriber)
        emitter = emitters.pop()
        taken: deque[int] = deque()

        def emit(start: int, emitter: Emitter[Any] = emitter, taken: deque[int] = taken) -> None:
            for n in range(start, start + 6):
                if emitter.emit(n):
                    taken.append(n)

        team.run(subscriber.requests(5), lambda: emit(0), lambda: emit(100))
        emitter.complete()
        subscriber.request(5)
        assert subscriber.over.wait(DEADLINE)
        assert subscriber.breaches == []
        assert sorted([*subscriber.got, *discarded]) == sorted(taken)
        if overflow != "error":
            assert emitter.dropped == len(discarded)
            assert subscriber.error is None


@pytest.mark.parametrize("kind", ["drop", "latest", "drop_newest", "drop_oldest"])
def test_backpressure_operators_deliver_or_drop_each_item(
    any_team: tuple[Team, int], kind: str
) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        upstream = Upstream(20)
        subscriber = Serial()
        dropped: list[int] = []
        flow = Flow.from_publisher(upstream)
        if kind == "drop":
            flow = flow.on_backpressure_drop(dropped.append)
        elif kind == "latest":
            flow = flow.on_backpressure_latest(dropped.append)
        else:
            flow = flow.on_backpressure_buffer(3, overflow=kind, on_drop=dropped.append)  # type: ignore[arg-type]
        flow.subscribe(subscriber)
        team.run(upstream.emit, subscriber.requests(4), subscriber.requests(4))
        subscriber.request(5)
        assert subscriber.over.wait(DEADLINE)
        assert subscriber.breaches == []
        assert sorted(subscriber.got + dropped) == upstream.sent
        assert subscriber.got == sorted(subscriber.got)


# Processors, loops and handles ----------------------------------------------------------------------


def test_both_sides_of_a_processor_may_come_at_once(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        upstream = Upstream(8)
        processor = as_processor(lambda flow: flow.map(lambda n: n + 1))
        subscriber = Serial(first=3)

        def ask_for_the_rest(subscriber: Serial = subscriber) -> None:
            assert subscriber.subscribed.wait(DEADLINE)
            subscriber.request(5)

        team.run(
            lambda: upstream.subscribe(processor),
            lambda: processor.subscribe(subscriber),
            upstream.emit,
            ask_for_the_rest,
        )
        subscriber.ended(list(range(1, 9)))


def test_a_loop_takes_what_another_thread_sends(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds):
        upstream = Upstream(10)
        most = number % 12
        got: list[int] = []

        def loop(upstream: Upstream = upstream, most: int = most, got: list[int] = got) -> None:
            items = iter(Flow.from_publisher(upstream).map(lambda n: n))
            got.extend(itertools.islice(items, most))
            items.close()
            upstream.forget()

        team.run(upstream.emit, loop)
        assert got == list(range(min(most, 10)))
        assert upstream.is_left_alone()


def test_a_loop_over_a_merge_hears_every_thread(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        upstreams = [Upstream(6, start) for start in (0, 100, 200)]
        first, *others = [Flow.from_publisher(upstream) for upstream in upstreams]
        got: list[int] = []

        def loop(got: list[int] = got, flow: Flow[int] = first.merge(*others, prefetch=2)) -> None:
            got.extend(flow)

        team.run(loop, *(upstream.emit for upstream in upstreams))
        for upstream in upstreams:
            assert [n for n in got if n in upstream.items] == list(upstream.items)


def test_a_handle_is_cancelled_or_done_but_never_both(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds):
        upstream = Upstream(6)
        got: list[int] = []
        handle = Flow.from_publisher(upstream).for_each(got.append)
        team.run(
            upstream.emit,
            handle.cancel if number % 2 else lambda handle=handle: handle.result(DEADLINE),
            lambda handle=handle: handle.result(DEADLINE),
        )
        assert handle.done
        if not handle.cancelled:
            assert got == list(range(6))
        assert upstream.is_left_alone()


# Several upstreams on threads of their own ----------------------------------------------------------


def threaded(team: Team, kind: str) -> None:
    upstreams = [Upstream(6, start) for start in (0, 100)]
    flows = [Flow.from_publisher(upstream) for upstream in upstreams]
    subscriber = Serial()
    if kind == "merge":
        flow: Flow[Any] = flows[0].merge(flows[1], prefetch=2)
    elif kind == "zip":
        flow = flows[0].zip(flows[1], prefetch=2)
    elif kind == "flat_map":
        flow = Flow.range(2).flat_map(lambda n: flows[n], prefetch=2)
    elif kind == "flat_map of pushed runs":
        flow = Flow.range(2).flat_map(lambda n: flows[n].map(lambda i: i).limit_rate(2))
    else:
        flow = Flow.range(2).concat_map(lambda n: flows[n])
    flow.subscribe(subscriber)
    total = 6 if kind == "zip" else 12
    tasks = [upstream.emit for upstream in upstreams]
    if kind == "concat_map":  # one after the other, for the second is subscribed to last
        tasks = [lambda: [upstream.emit() for upstream in upstreams]]  # type: ignore[list-item]
    team.run(*tasks, subscriber.requests(total // 2), subscriber.requests(total // 2))
    if kind == "zip":
        subscriber.ended(list(zip(range(6), range(100, 106), strict=True)))
        return
    assert subscriber.over.wait(DEADLINE), subscriber.got
    assert subscriber.breaches == []
    assert [n for n in subscriber.got if n < 100] == list(range(6))
    assert [n for n in subscriber.got if n >= 100] == list(range(100, 106))


@pytest.mark.parametrize(
    "kind", ["merge", "zip", "flat_map", "flat_map of pushed runs", "concat_map"]
)
def test_flows_on_their_own_threads_come_together(any_team: tuple[Team, int], kind: str) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        threaded(team, kind)


def test_one_of_several_fails_while_the_other_emits(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds):
        good, bad = Upstream(10), Upstream(2, 100, fails=True)
        subscriber = Serial()
        flows = [Flow.from_publisher(good), Flow.from_publisher(bad)]
        flow: Flow[Any] = flows[0].merge(flows[1]) if number % 2 else flows[0].zip(flows[1])
        flow.subscribe(subscriber)
        team.run(good.emit, bad.emit, lambda subscriber=subscriber: subscriber.request(UNBOUNDED))
        assert subscriber.over.wait(DEADLINE)
        assert isinstance(subscriber.error, ZeroDivisionError)
        assert subscriber.breaches == []
        assert good.is_left_alone()


def test_a_retry_goes_on_with_the_demand_of_all_threads(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds):
        tries = [Upstream(3, 0, fails=True), Upstream(2, 10, fails=True), Upstream(4, 20)]
        left = iter(tries)
        subscriber = Serial()
        Flow.defer(lambda left=left: Flow.from_publisher(next(left))).retry(5).subscribe(subscriber)

        def emit(tries: list[Upstream] = tries) -> None:
            for upstream in tries:
                upstream.emit()

        team.run(emit, subscriber.requests(5), subscriber.requests(4))
        subscriber.ended([0, 1, 2, 10, 11, 20, 21, 22, 23])
