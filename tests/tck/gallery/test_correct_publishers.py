"""The correct publishers: all elements, the end, and nothing that is not asked for."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

from reactive_streams import UNBOUNDED, Publisher, Subscription
from tck.broken import Exhibit
from tck.correct import CORRECT
from tck.gallery.correct._pool import Pool
from tests.tck.exhibits import (
    NAMES,
    PUBLISHERS,
    SECONDS,
    Taker,
    World,
    declared,
    endless,
    gone,
    length,
    subscribe,
    together,
)

FAILING = [
    pytest.param(each, id=each.name)
    for each in CORRECT
    if each.kind == "publisher" and each.failed is not None
]


@pytest.fixture
def world(exhibit: Exhibit):
    world = World(exhibit.needs_loop)
    yield world
    world.close()


def finish(world: World, exhibit: Exhibit, taker: Taker) -> None:
    if endless(exhibit):
        world.call(taker.subscription().cancel)
        return
    if taker.end is None:
        world.call(taker.subscription().request, 1)
    taker.wait(lambda: taker.end)
    assert taker.end == ("complete", None)


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_all_elements_then_the_end(exhibit: Exhibit, world: World) -> None:
    count = length(exhibit, 100)
    taker = Taker()
    link = subscribe(world, exhibit.factory(100), taker)
    for n in (1, 2, 30, 67):
        world.call(link.request, n)
    taker.wait(lambda: len(taker.elements) >= count)
    finish(world, exhibit, taker)
    assert taker.elements == list(range(count))


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_an_empty_one_completes(exhibit: Exhibit, world: World) -> None:
    if endless(exhibit):
        return
    taker = Taker()
    subscribe(world, exhibit.factory(0), taker)
    finish(world, exhibit, taker)
    assert taker.elements == []


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_requests_inside_signals_are_served_without_recursion(
    exhibit: Exhibit, world: World
) -> None:
    count = length(exhibit, 3_000)
    depth = deepest = 0

    def more(link: Subscription) -> None:
        nonlocal depth, deepest
        depth += 1
        deepest = max(deepest, depth)
        if len(taker.signals) < 3_000:
            link.request(1)
        depth -= 1

    taker = Taker(1, each=more)
    subscribe(world, exhibit.factory(3_000), taker)
    taker.wait(lambda: len(taker.elements) >= count)
    finish(world, exhibit, taker)
    assert taker.elements == list(range(count))
    assert deepest <= 1


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_cancel_inside_on_next_stops_it(exhibit: Exhibit, world: World) -> None:
    def stop(link: Subscription) -> None:
        if len(taker.signals) == 2:
            link.cancel()

    if length(exhibit, 10) < 2:
        return
    taker = Taker(UNBOUNDED, each=stop)
    link = subscribe(world, exhibit.factory(10), taker)
    taker.wait(lambda: len(taker.elements) >= 2)
    world.call(link.request, 5)
    world.call(link.request, 0)
    world.call(link.cancel)
    gone(world, taker)
    assert taker.elements == [0, 1]


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_cancel_inside_on_subscribe_stops_it(exhibit: Exhibit, world: World) -> None:
    taker = Taker(10, subscribed=lambda link: link.cancel())
    subscribe(world, exhibit.factory(10), taker)
    gone(world, taker)
    assert taker.elements == []
    assert taker.end in {None, ("complete", None)}


@pytest.mark.parametrize("exhibit", PUBLISHERS)
@pytest.mark.parametrize(
    ("n", "error"),
    [(0, ValueError), (-1, ValueError), ("1", TypeError), (1.0, TypeError), (True, TypeError)],
)
def test_a_bad_request_is_signalled(
    exhibit: Exhibit, world: World, n: Any, error: type[Exception]
) -> None:
    if not length(exhibit, 10):
        return
    taker = Taker()
    link = subscribe(world, exhibit.factory(10), taker)
    world.call(link.request, n)
    taker.wait(lambda: taker.end)
    world.call(link.request, 3)
    world.call(link.request, n)
    gone(world, taker)
    kind, found = taker.signals[0]
    assert len(taker.signals) == 1
    assert kind == "error"
    assert type(found) is error
    assert "3.9" in str(found)


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_demand_beyond_unbounded_is_unbounded(exhibit: Exhibit, world: World) -> None:
    count = length(exhibit, 50)

    def stop(link: Subscription) -> None:
        if len(taker.signals) == 50:
            link.cancel()

    def ask(link: Subscription) -> None:
        for _ in range(3):
            link.request(UNBOUNDED)
        link.request(2**70)

    taker = Taker(subscribed=ask, each=stop)
    subscribe(world, exhibit.factory(50), taker)
    taker.wait(lambda: len(taker.elements) == count)
    gone(world, taker)
    assert taker.elements == list(range(count))


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_no_subscriber_is_a_type_error(exhibit: Exhibit, world: World) -> None:
    with pytest.raises(TypeError):
        world.call(exhibit.factory(1).subscribe, None)


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_a_subscriber_that_raises_has_cancelled(exhibit: Exhibit, world: World) -> None:
    def fail(_link: Subscription) -> None:
        raise RuntimeError("on_next")

    if not length(exhibit, 1):
        return
    taker = Taker(5, each=fail)
    subscribe(world, exhibit.factory(10), taker)
    taker.wait(lambda: taker.elements)
    world.call(taker.subscription().request, 5)
    gone(world, taker)
    assert taker.signals == [("next", 0)]


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_the_subscriber_is_let_go_after_cancel(exhibit: Exhibit, world: World) -> None:
    publisher = exhibit.factory(10)
    link, reference = _cancelled(world, publisher)
    pause = threading.Event()
    for _ in range(1_000):
        gc.collect()
        if reference() is None:
            break
        pause.wait(0.005)
    assert reference() is None
    assert link is not None
    assert publisher is not None


def _cancelled(world: World, publisher: Publisher[int]) -> tuple[Subscription, weakref.ref[Taker]]:
    taker = Taker(1)
    link = subscribe(world, publisher, taker)
    taker.wait(lambda: taker.signals or not getattr(publisher, "elements", 1))
    world.call(link.cancel)
    gone(world, taker)
    return link, weakref.ref(taker)


@pytest.mark.parametrize("exhibit", PUBLISHERS)
def test_requests_of_several_threads_add_up(exhibit: Exhibit) -> None:
    settings = declared(exhibit)
    if not settings.concurrent_requests:
        return
    world = World(exhibit.needs_loop)
    try:
        count = length(exhibit, 400)
        taker = Taker()
        link = subscribe(world, exhibit.factory(1_000), taker)
        together(4, lambda: [link.request(1) for _ in range(100)])
        taker.wait(lambda: len(taker.elements) >= count)
        together(4, link.cancel)
        gone(world, taker)
        assert taker.elements == list(range(count))
    finally:
        world.close()


@pytest.mark.parametrize("exhibit", FAILING)
def test_one_that_fails_says_so_once(exhibit: Exhibit, world: World) -> None:
    assert exhibit.failed is not None
    taker = Taker()
    link = subscribe(world, world.call(exhibit.failed), taker)
    world.call(link.request, 1)
    taker.wait(lambda: taker.end)
    world.call(link.request, 1)
    world.call(link.request, 0)
    gone(world, taker)
    assert [kind for kind, _ in taker.signals] == ["error"]
    assert isinstance(taker.signals[0][1], RuntimeError)


def test_the_single_subscriber_publisher_refuses_the_second() -> None:
    publisher = NAMES["SingleSubscriberPublisher"].factory(3)
    first, second = Taker(3), Taker(3)
    publisher.subscribe(first)
    publisher.subscribe(second)
    assert first.elements == [0, 1, 2]
    assert [kind for kind, _ in second.signals] == ["error"]


@pytest.mark.parametrize("name", ["ReplayingPublisher", "MulticastPublisher"])
def test_each_subscriber_sees_the_same_at_its_own_pace(name: str) -> None:
    publisher = NAMES[name].factory(4)
    takers = [Taker(), Taker()]
    for taker in takers:
        publisher.subscribe(taker)
    for taker, pattern in zip(takers, ((1, 1, 2), (3, 1)), strict=True):
        for n in pattern:
            taker.subscription().request(n)
    assert [taker.elements for taker in takers] == [[0, 1, 2, 3]] * 2


def test_late_subscribers_are_replayed_to_or_join_in() -> None:
    seen = {}
    for name in ("ReplayingPublisher", "MulticastPublisher"):
        publisher = NAMES[name].factory(4)
        publisher.subscribe(Taker(2))
        late = Taker(4)
        publisher.subscribe(late)
        seen[name] = late.elements
    assert seen == {"ReplayingPublisher": [0, 1, 2, 3], "MulticastPublisher": [2, 3]}


def test_asyncio_needs_a_loop() -> None:
    for exhibit in CORRECT:
        if exhibit.needs_loop:
            with pytest.raises(RuntimeError, match="event loop"):
                exhibit.factory(1).subscribe(Taker())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_pool_goes_on_after_a_task_that_raises() -> None:
    pool, done, ready = Pool(1), threading.Event(), threading.Event()

    def fail() -> None:
        assert ready.wait(SECONDS)
        raise SystemError("a task")

    pool.submit(fail)
    pool.submit(done.set)
    ready.set()
    assert done.wait(SECONDS)
