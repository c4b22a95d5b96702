"""The correct subscribers and processors, alone and with each correct publisher."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reactive_streams import Processor, Subscription
from tck.broken import Exhibit
from tck.correct import CORRECT
from tests.tck.exhibits import (
    NAMES,
    SECONDS,
    Link,
    Notes,
    Taker,
    World,
    declared,
    length,
    of,
)

SUBSCRIBERS = of("subscriber")


def _asked(link: Link, total: int) -> None:
    link.wait(lambda: link.asked >= total)


def _told(notes: Notes, told: list[tuple[str, Any]]) -> None:
    notes.wait(lambda: notes.told == told)


@pytest.mark.parametrize("exhibit", SUBSCRIBERS)
def test_a_subscriber_asks_and_takes_until_the_end(exhibit: Exhibit) -> None:
    subscriber, link = exhibit.factory(), Link()
    subscriber.on_subscribe(link)
    stops = exhibit.name == "SubscriberCancellingAfterThree"
    for element in range(20):
        if stops and element == 3:
            break
        _asked(link, element + 1)
        subscriber.on_next(element)
    if stops:
        assert link.cancelled
        subscriber.on_next(3)
        assert link.asked == 3
    else:
        subscriber.on_complete()
        link.over = True
    assert link.wrong == []


@pytest.mark.parametrize("exhibit", SUBSCRIBERS)
def test_a_subscriber_keeps_the_first_subscription(exhibit: Exhibit) -> None:
    subscriber, first, second = exhibit.factory(), Link(), Link()
    subscriber.on_subscribe(first)
    subscriber.on_subscribe(second)
    first.wait(lambda: first.asked)
    second.wait(lambda: second.cancelled)
    assert not first.cancelled
    assert not second.asked


@pytest.mark.parametrize("exhibit", SUBSCRIBERS)
def test_a_subscriber_refuses_none_and_survives_an_early_end(exhibit: Exhibit) -> None:
    subscriber = exhibit.factory()
    for signal in (subscriber.on_subscribe, subscriber.on_next, subscriber.on_error):
        with pytest.raises(TypeError):
            signal(None)
    subscriber.on_subscribe(Link())
    subscriber.on_error(RuntimeError("at once"))
    other = exhibit.factory()
    other.on_subscribe(Link())
    other.on_complete()


@pytest.mark.parametrize("exhibit", SUBSCRIBERS)
def test_a_subscriber_does_what_its_puppet_is_told(exhibit: Exhibit) -> None:
    assert exhibit.whitebox is not None
    notes, link = Notes(), Link()
    subscriber = exhibit.whitebox(notes)
    subscriber.on_subscribe(link)
    notes.wait(lambda: notes.puppet)
    notes.puppet.request(5)
    link.wait(lambda: link.asked == 5)
    for element in range(5):
        subscriber.on_next(element)
    notes.wait(lambda: notes.told == [("next", element) for element in range(5)])
    notes.puppet.cancel()
    link.wait(lambda: link.cancelled)
    assert link.asked == 5

    for end, signal in (("complete", None), ("error", RuntimeError("upstream"))):
        notes = Notes()
        subscriber = exhibit.whitebox(notes)
        subscriber.on_subscribe(Link())
        if signal is None:
            subscriber.on_complete()
        else:
            subscriber.on_error(signal)
        _told(notes, [(end, signal)])


def test_no_request_of_the_threaded_subscriber_comes_after_the_end() -> None:
    for _ in range(200):
        subscriber, link = NAMES["ThreadedSubscriber"].factory(), Link()
        subscriber.on_subscribe(link)
        _asked(link, 4)
        for element in range(4):
            subscriber.on_next(element)
        # The other thread may be about to ask for the next four.
        subscriber.on_complete()
        link.over = True
        done = threading.Event()
        subscriber.worker.submit(done.set)
        assert done.wait(SECONDS)
        assert link.wrong == []


PAIRS = [
    pytest.param(subscriber, publisher, id=f"{subscriber.name}-{publisher.name}")
    for subscriber in CORRECT
    for publisher in CORRECT
    if subscriber.kind == "subscriber"
    and publisher.kind == "publisher"
    and declared(publisher).completes
    # A Subscription for one thread only, and a Subscriber that calls it from another.
    and (subscriber.name, publisher.name) != ("ThreadedSubscriber", "AsyncioPublisher")
]


@pytest.mark.parametrize(("exhibit", "publisher"), PAIRS)
def test_publishers_and_subscribers_get_on(exhibit: Exhibit, publisher: Exhibit) -> None:
    assert exhibit.whitebox is not None
    world, notes = World(publisher.needs_loop), Notes()
    try:
        world.call(publisher.factory(9).subscribe, exhibit.whitebox(notes))
        notes.wait(lambda: notes.puppet)
        world.call(notes.puppet.request, 20)
        notes.wait(lambda: ("complete", None) in notes.told)
    finally:
        world.close()
    count = length(publisher, 9)
    assert notes.told == [*(("next", element) for element in range(count)), ("complete", None)]


# ---------------------------------------------------------------- processors

PROCESSORS = of("processor")


class Chain:
    """A Publisher, a Processor, and a Subscriber, in the order in which they are put together."""

    def __init__(self, processor: Processor[int, int], taker: Taker, elements: int) -> None:
        self.processor = processor
        self.upstream = NAMES["SynchronousPublisher"].factory(elements)
        self.taker = taker

    def connect(self, downstream_first: bool) -> None:
        if downstream_first:
            self.processor.subscribe(self.taker)
            self.upstream.subscribe(self.processor)
        else:
            self.upstream.subscribe(self.processor)
            self.processor.subscribe(self.taker)


@pytest.mark.parametrize("downstream_first", [True, False])
@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_passes_all_on(exhibit: Exhibit, downstream_first: bool) -> None:
    taker = Taker(1, each=lambda link: link.request(1))
    Chain(exhibit.factory(), taker, 500).connect(downstream_first)
    taker.wait(lambda: taker.end)
    assert taker.elements == list(range(500))
    assert taker.end == ("complete", None)


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_sends_no_more_than_is_asked_for(exhibit: Exhibit) -> None:
    taker = Taker(3)
    processor, link = exhibit.factory(), Link()
    processor.subscribe(taker)
    processor.on_subscribe(link)
    buffer = declared(exhibit).buffer
    ahead = 3 if buffer is None else buffer
    link.wait(lambda: link.asked >= ahead)
    for element in range(ahead):
        processor.on_next(element)
    taker.wait(lambda: len(taker.signals) == 3)
    if buffer is not None:
        # What was taken out of the buffer has made room.
        link.wait(lambda: link.asked == buffer + 3)
    taker.subscription().cancel()
    link.wait(lambda: link.cancelled)
    assert link.asked == (3 if buffer is None else buffer + 3)
    assert taker.elements == [0, 1, 2]


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_passes_failure_on(exhibit: Exhibit) -> None:
    taker, link, error = Taker(), Link(), RuntimeError("upstream")
    processor = exhibit.factory()
    processor.subscribe(taker)
    processor.on_subscribe(link)
    processor.on_error(error)
    link.over = True
    taker.wait(lambda: taker.end)
    taker.subscription().request(1)
    taker.subscription().cancel()
    assert taker.signals == [("error", error)]
    assert link.wrong == []


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_tells_of_a_bad_request_and_cancels(exhibit: Exhibit) -> None:
    taker, link = Taker(), Link()
    processor = exhibit.factory()
    processor.subscribe(taker)
    processor.on_subscribe(link)
    taker.subscription().request(0)
    taker.wait(lambda: taker.end)
    link.wait(lambda: link.cancelled)
    assert isinstance(taker.signals[0][1], ValueError)


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_cancels_when_its_subscriber_raises(exhibit: Exhibit) -> None:
    def fail(_link: Subscription) -> None:
        raise RuntimeError("on_next")

    taker, link = Taker(5, each=fail), Link()
    processor = exhibit.factory()
    processor.subscribe(taker)
    processor.on_subscribe(link)
    link.wait(lambda: link.asked >= 5)
    processor.on_next(0)
    link.wait(lambda: link.cancelled)
    processor.on_next(1)
    assert taker.signals == [("next", 0)]


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_a_processor_refuses_what_is_too_many_and_none(exhibit: Exhibit) -> None:
    processor, first, second = exhibit.factory(), Link(), Link()
    processor.on_subscribe(first)
    processor.on_subscribe(second)
    assert second.cancelled
    assert not second.asked
    assert not first.cancelled
    assert first.asked == (declared(exhibit).buffer or 0)
    one, other = Taker(), Taker()
    processor.subscribe(one)
    processor.subscribe(other)
    other.wait(lambda: other.end)
    assert one.end is None
    for signal in (
        processor.subscribe,
        processor.on_subscribe,
        processor.on_next,
        processor.on_error,
    ):
        with pytest.raises(TypeError):
            signal(None)


@pytest.mark.parametrize("exhibit", PROCESSORS)
def test_nothing_is_asked_of_upstream_after_its_end(exhibit: Exhibit) -> None:
    """Demand from one thread, and the end from another, at the same moment."""
    for _ in range(100):
        taker, link = Taker(), Link()
        processor = exhibit.factory()
        processor.subscribe(taker)
        processor.on_subscribe(link)
        down = taker.subscription()
        start = threading.Barrier(2)

        def demand(start: threading.Barrier = start, down: Subscription = down) -> None:
            start.wait(SECONDS)
            for _ in range(20):
                down.request(1)
            down.cancel()

        other = threading.Thread(target=demand)
        other.start()
        start.wait(SECONDS)
        processor.on_complete()
        link.over = True
        other.join(SECONDS)
        assert not other.is_alive()
        assert link.wrong == []
