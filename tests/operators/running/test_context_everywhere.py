"""Context variables: functions see those of whoever subscribed, whoever brings items, asks, or ends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

import pytest

from operators import Emitter, Flow, KillSwitch, Valve, adaptive
from operators._kernel.hosts.loops import running_loop
from operators.custom import Source
from operators.custom import Stage as CustomStage
from operators.processors import Latest, MergeHub, Multicast, PartitionHub, Replay, Unicast
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.operators.kit import DEADLINE, Probe

USER: ContextVar[str] = ContextVar("user", default="nobody")
Call = Callable[[], object]


def within(user: str, call: Call) -> Any:
    """Call in a context of its own, in which the variable has this value."""

    def inside() -> Any:
        USER.set(user)
        return call()

    return Context().run(inside)


def elsewhere(call: Call) -> None:
    """Call on another thread, in another context, and wait for it."""
    raised: list[BaseException] = []

    def inside() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=lambda: within("the other", inside), daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    for error in raised:
        raise error


def beside(call: Call) -> None:
    """Call on this very thread, in a task of an event loop."""

    async def task() -> None:
        call()

    within("the other", call if running_loop() else lambda: asyncio.run(task()))


class Seen:
    """What functions of a flow see of the variable, and what they are."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []

    def at(self, name: str) -> Callable[..., Any]:
        def look(*args: Any) -> Any:
            self.all.append((name, USER.get()))
            return args[0] if name == "map" else None

        return look

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.all}

    def check(self, *names: str) -> None:
        assert {user for _, user in self.all} == {"somebody"}, self.all
        assert set(names) <= self.names


Brought = tuple[Flow[int], Call]
"""A flow, and what has three items come and the end after them, once it is subscribed to."""


def emitting(processor: Any) -> Call:
    def emit() -> None:
        for n in range(3):
            assert processor.emit(n)
        processor.complete()

    return emit


def unicast() -> Brought:
    made: Unicast[int] = Unicast()
    return made, emitting(made)


def multicast() -> Brought:
    made: Multicast[int] = Multicast()
    return made, emitting(made)


def replay() -> Brought:
    made: Replay[int] = Replay(2)
    return made, emitting(made)


def latest() -> Brought:
    made: Latest[int] = Latest()
    return made, emitting(made)


def partition_hub() -> Brought:
    made: PartitionHub[int] = PartitionHub(lambda _, ids: ids[0])
    return made, emitting(made)


def merge_hub() -> Brought:
    made: MergeHub[int] = MergeHub()

    def attach() -> None:
        assert made.attach(Flow.range(3))
        made.complete()

    return made, attach


def merge_hub_of_unicasts() -> Brought:
    made: MergeHub[int] = MergeHub()
    source, emit = unicast()

    def attach() -> None:
        assert made.attach(source)
        made.complete()
        emit()

    return made, attach


def shared(share: Callable[[Flow[int]], Flow[int]]) -> Brought:
    source, emit = unicast()
    return share(source), emit


def publish() -> Brought:
    source, emit = unicast()
    flow = source.publish()

    def begin() -> None:
        flow.connect()
        emit()

    return flow, begin


def replayed() -> Brought:
    source, emit = unicast()
    flow = source.replay(2)

    def begin() -> None:
        flow.connect()
        emit()

    return flow, begin


def created() -> Brought:
    emitters: list[Emitter[int]] = []
    flow = Flow.create(emitters.append, scheduler=immediate())

    def emit() -> None:
        for n in range(3):
            emitters[0].emit(n)
        emitters[0].complete()

    return flow, emit


def valve() -> Brought:
    made = Valve()
    made.pause()
    return Flow.range(3).valve(made), made.resume


def kill_switch() -> Brought:
    switch = KillSwitch()
    return Flow.range(3).concat(Flow.never()).kill_switch(switch), switch.shutdown


def kill_switch_thrown() -> Brought:
    switch = KillSwitch()
    flow = Flow.range(3).concat(Flow.never()).kill_switch(switch)
    return flow.on_error_return(3), lambda: switch.abort(KeyError())


def share() -> Brought:
    return shared(lambda flow: flow.share())


def broadcast() -> Brought:
    return shared(lambda flow: flow.broadcast(1)[0])


def balance() -> Brought:
    return shared(lambda flow: flow.balance(1)[0])


def partition() -> Brought:
    source, emit = unicast()
    false, true = source.partition(lambda _: True)
    false.for_each(lambda _: None)
    return true, emit


BROUGHT = [
    unicast, multicast, replay, latest, partition_hub, merge_hub, merge_hub_of_unicasts, publish, replayed,
    share, broadcast, balance, partition, created, valve, kill_switch, kill_switch_thrown,
]  # fmt: skip


def plain(flow: Flow[int], seen: Seen) -> Flow[int]:
    return flow.map(seen.at("map"))


def behind_a_queue(flow: Flow[int], seen: Seen) -> Flow[int]:
    return flow.map(seen.at("map")).timeout(DEADLINE)


def before_flows(flow: Flow[int], seen: Seen) -> Flow[int]:
    return flow.flat_map(lambda n: Flow.of(n).map(seen.at("map")).merge(Flow.empty()))


SHAPES = [plain, behind_a_queue, before_flows]


def for_each(flow: Flow[int], seen: Seen, come: Call, where: Callable[[Call], None]) -> None:
    handle = within("somebody", lambda: flow.for_each(seen.at("for_each")))
    where(come)
    handle.result(DEADLINE)


def unbounded(flow: Flow[int], seen: Seen, come: Call, where: Callable[[Call], None]) -> None:
    at = Probe(UNBOUNDED, then=seen.at("on_next"))
    within("somebody", lambda: flow.subscribe(at))
    where(come)
    at.until_end()


def one_by_one(flow: Flow[int], seen: Seen, come: Call, where: Callable[[Call], None]) -> None:
    at = Probe(1, each=1, then=seen.at("on_next"))
    within("somebody", lambda: flow.subscribe(at))
    where(come)
    at.until_end()


def asked_from_there(
    flow: Flow[int], seen: Seen, come: Call, where: Callable[[Call], None]
) -> None:
    at = Probe(0, then=seen.at("on_next"))
    within("somebody", lambda: flow.subscribe(at))

    def ask() -> None:
        at.request(1)
        come()
        at.request(2)
        at.request(7)

    where(ask)
    at.until_end()


def awaited(flow: Flow[int], seen: Seen, come: Call, where: Callable[[Call], None]) -> None:
    async def run() -> None:
        task = asyncio.ensure_future(_last(flow, seen))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        where(come)
        async with asyncio.timeout(DEADLINE):
            await task

    within("somebody", lambda: asyncio.run(run()))


async def _last(flow: Flow[int], seen: Seen) -> None:
    await flow.map(seen.at("map"))


WAYS = [for_each, unbounded, one_by_one, asked_from_there, awaited]


@pytest.mark.parametrize("where", [elsewhere, beside])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("brought", BROUGHT)
def test_functions_see_the_context_of_whoever_subscribed(
    brought: Callable[[], Brought], shape: Any, way: Any, where: Any
):
    seen = Seen()
    flow, come = brought()
    flow = shape(flow, seen).tap(on_complete=seen.at("on_complete")).on_finally(seen.at("finally"))
    way(flow, seen, come, where)
    seen.check("map", "on_complete", "finally")


# Who has the Subscription: asks for what is made then, or ends it all ---------------------------------------


def _of_create() -> Flow[int]:
    def produce(emitter: Emitter[int]) -> None:
        for n in range(3):
            emitter.emit(n)

    return Flow.create(produce, scheduler=immediate())


def _of_custom(seen: Seen) -> Flow[int]:
    class Numbers(Source[int]):
        n = 0

        def on_pull(self) -> None:
            seen.at("on_pull")()
            self.n += 1
            self.push(self.n)
            if self.n == 3:
                self.complete()

    return Numbers().flow()


def _through_custom(seen: Seen) -> Flow[int]:
    class Through(CustomStage[int, int]):
        def on_push(self, item: int) -> None:
            seen.at("on_push")()
            self.push(item)

        def on_pull(self) -> None:
            seen.at("on_pull")()
            self.pull()

    return Flow.range(3).timeout(DEADLINE).apply(Through())


ASKED: dict[str, Callable[[Seen], Flow[int]]] = {
    "range": lambda _: Flow.range(3),
    "fused": lambda seen: Flow.range(3).map(seen.at("map")),
    "an iterable": lambda seen: Flow.from_iterable(seen.at("map")(n) for n in range(3)),
    "concat": lambda seen: Flow.range(2).map(seen.at("map")).concat(Flow.defer(lambda: Flow.of(2))),
    "merge": lambda seen: Flow.range(2).map(seen.at("map")).merge(Flow.of(2)),
    "several queues": lambda seen: (
        Flow.range(3).map(seen.at("map")).timeout(DEADLINE).merge(Flow.empty())
    ),
    "flat_map": lambda seen: Flow.range(3).flat_map(lambda n: Flow.of(n).map(seen.at("map"))),
    "concat_map": lambda seen: Flow.range(3).concat_map(lambda n: Flow.of(n).map(seen.at("map"))),
    "concat_map, pushed": lambda seen: (
        Flow.range(3).timeout(DEADLINE).concat_map(lambda n: Flow.of(n).map(seen.at("map")))
    ),
    "retry": lambda seen: Flow.range(3).map(seen.at("map")).timeout(DEADLINE).retry(1),
    "repeat": lambda seen: Flow.of(1).map(seen.at("map")).timeout(DEADLINE).repeat(3),
    "tap": lambda seen: Flow.range(3).tap(seen.at("map"), on_request=seen.at("on_request")),
    "limit_rate": lambda seen: Flow.range(3).map(seen.at("map")).timeout(DEADLINE).limit_rate(2),
    "throttle": lambda seen: Flow.range(3).map(seen.at("map")).throttle(1000),
    "a buffer": lambda seen: Flow.range(3).on_backpressure_buffer(9).map(seen.at("map")),
    "shed": lambda seen: Flow.range(3).shed(9, age=99).map(seen.at("map")),
    "what waits": lambda seen: _of_create().map(seen.at("map")),
    "replayed": lambda seen: Flow.range(3).cache().map(seen.at("map")),
    "a source of one's own": _of_custom,
    "a stage of one's own": _through_custom,
    "take_last": lambda seen: Flow.range(9).timeout(DEADLINE).take_last(3).map(seen.at("map")),
}


@pytest.mark.parametrize("where", [elsewhere, beside])
@pytest.mark.parametrize("name", ASKED)
def test_whoever_asks_has_it_made_in_the_context_of_whoever_subscribed(name: str, where: Any):
    seen = Seen()
    at = Probe(0, then=seen.at("on_next"))
    ends = {"on_complete": seen.at("on_complete")}
    flow = ASKED[name](seen).tap(**ends).on_finally(seen.at("finally"))
    within("somebody", lambda: flow.subscribe(at))
    for _ in range(3):
        where(lambda: at.request(1))
    where(lambda: at.request(9))
    at.until_end()
    assert len(at.items) == 3
    seen.check("on_next", "on_complete", "finally")


def _left_to(seen: Seen) -> dict[str, Callable[[], Flow[int]]]:
    def produce(emitter: Emitter[int]) -> None:
        emitter.on_cancel(seen.at("released"))
        emitters.append(emitter)

    emitters: list[Emitter[int]] = []

    def generator() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            seen.at("released")()

    class Manager:
        def __enter__(self) -> int:
            return 9

        def __exit__(self, *_: object) -> None:
            seen.at("released")()

    return {
        "never": lambda: Flow.never().on_finally(seen.at("released")),
        "created": lambda: Flow.create(produce, scheduler=immediate()),
        "a generator": lambda: Flow.from_iterable(generator()),
        "a generator behind a queue": lambda: Flow.from_iterable(generator()).timeout(DEADLINE),
        "using": lambda: Flow.using(Manager, lambda _: Flow.never()),
        "discards": lambda: Flow.range(9).valve(shut()).on_discard(seen.at("released")),
        "a processor": lambda: Unicast().on_finally(seen.at("released")),
    }


def shut() -> Valve:
    made = Valve()
    made.pause()
    return made


@pytest.mark.parametrize("where", [elsewhere, beside])
@pytest.mark.parametrize("name", _left_to(Seen()))
def test_whoever_cancels_has_it_cleaned_up_in_the_context_of_whoever_subscribed(
    name: str, where: Any
):
    seen = Seen()
    flow = _left_to(seen)[name]().tap(on_cancel=seen.at("on_cancel")).on_finally(seen.at("finally"))
    at = Probe(1)
    within("somebody", lambda: flow.subscribe(at))
    where(at.cancel)
    seen.check("released", "on_cancel", "finally")


@pytest.mark.parametrize("where", [elsewhere, beside])
@pytest.mark.parametrize("name", [name for name in _left_to(Seen()) if "generator" not in name])
def test_so_does_whoever_cancels_by_the_handle(name: str, where: Any):
    seen = Seen()
    flow = _left_to(seen)[name]().tap(on_cancel=seen.at("on_cancel")).on_finally(seen.at("finally"))
    handle = within("somebody", lambda: flow.for_each(print))
    where(handle.cancel)
    seen.check("released", "on_cancel", "finally")


@pytest.mark.parametrize("where", [elsewhere, beside])
def test_whoever_drains_has_it_end_in_the_context_of_whoever_subscribed(where: Any):
    seen = Seen()
    flow = Flow.never().concat(Flow.of(1)).timeout(DEADLINE).tap(on_complete=seen.at("on_complete"))
    handle = within("somebody", lambda: flow.for_each(print))
    where(handle.drain)
    handle.result(DEADLINE)
    seen.check("on_complete")


def test_a_limit_that_changes_is_told_in_the_context_of_whoever_subscribed():
    seen = Seen()
    limit = adaptive(1, 64, target_latency=9, initial=1, on_change=seen.at("on_change"))
    within(
        "somebody", lambda: Flow.range(300).map_async(abs, concurrency=limit).for_each(int)
    ).result(DEADLINE)
    seen.check("on_change")


def test_each_branch_has_the_context_of_its_own_subscriber():
    seen = Seen()
    source, emit = unicast()
    shared = source.broadcast(3)
    for user, flow in zip(("one", "two", "three"), shared, strict=True):
        within(user, partial(flow.map(seen.at("map")).for_each, seen.at(user)))
    elsewhere(emit)
    ours = [(name, user) for name, user in seen.all if name != "map"]
    assert sorted(ours) == [(user, user) for user in ("one", "three", "two") for _ in range(3)]


def test_threads_that_emit_at_once_do_not_get_in_each_others_context():
    made: Multicast[int] = Multicast(10_000)
    at = Probe(1, each=1, then=(seen := Seen()).at("on_next"))
    within("somebody", lambda: made.map(seen.at("map")).subscribe(at))

    def emit() -> None:
        for n in range(300):
            assert made.emit(n)

    threads = [threading.Thread(target=lambda: within("the other", emit)) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE)
    made.complete()
    assert len(at.items) == 900
    assert at.violations == []
    seen.check("map", "on_next")


def test_what_a_function_sets_stays_with_the_flow():
    source, emit = unicast()
    source.map(lambda n: USER.set(str(n))).for_each(lambda _: None)
    beside(emit)
    assert USER.get() == "nobody"
