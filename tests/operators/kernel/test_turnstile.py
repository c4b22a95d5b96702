"""What goes up to somebody else's Publisher goes one call at a time (§2.7), whoever makes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, Unicast, as_processor
from reactive_streams import UNBOUNDED

DEADLINE = 20.0


class Slow:
    """A Publisher whose request waits inside, so that another thread can come by; it tells who overlapped."""

    def __init__(self, *, endless: bool = False) -> None:
        self.asking = threading.Event()
        self.go_on = threading.Event()
        self.cancelled = threading.Event()
        self.calls: list[str] = []
        self.overlaps: list[str] = []
        self._open = ""
        self._thread = 0
        self._endless = endless
        self.subscriber: Any = None

    def subscribe(self, subscriber: Any) -> None:
        self.subscriber = subscriber
        subscriber.on_subscribe(self)

    def _enter(self, call: str) -> tuple[str, int]:
        me = threading.get_ident()
        if self._open and self._thread != me:
            self.overlaps.append(f"{call} inside of {self._open}")
        before = self._open, self._thread
        self._open, self._thread = call, me
        self.calls.append(call)
        return before

    def request(self, n: int) -> None:
        before = self._enter(f"request({n})")
        if self._endless:
            self.asking.set()
            item = 0
            while not self.cancelled.is_set():
                self.subscriber.on_next(item)
                item += 1
        elif not self.asking.is_set():
            self.asking.set()
            assert self.go_on.wait(DEADLINE)
        self._open, self._thread = before

    def cancel(self) -> None:
        before = self._enter("cancel")
        self._open, self._thread = before
        self.cancelled.set()


class Asker:
    """A Subscriber by hand."""

    def __init__(self) -> None:
        self.subscription: Any = None
        self.items: list[Any] = []
        self.started = threading.Event()

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = subscription

    def on_next(self, item: Any) -> None:
        self.items.append(item)
        self.started.set()

    def on_error(self, error: Exception) -> None:
        raise AssertionError(error)

    def on_complete(self) -> None:
        pass


def flow_of(slow: Slow) -> Flow[Any]:
    return Flow.from_publisher(slow)


def processor_of(slow: Slow) -> Any:
    return _attached(as_processor(lambda flow: flow.map(lambda x: x)), slow)


def _attached(processor: Any, slow: Slow) -> Any:
    class Both:
        def subscribe(self, subscriber: Any) -> None:
            processor.subscribe(subscriber)
            slow.subscribe(processor)

    return Both()


@pytest.mark.parametrize("made", [flow_of, lambda slow: flow_of(slow).map(str), processor_of])
@pytest.mark.parametrize("call", ["request", "cancel"])
def test_a_call_waits_for_a_request_that_is_under_way(
    made: Callable[[Slow], Any], call: str
) -> None:
    slow, asker = Slow(), Asker()
    made(slow).subscribe(asker)
    first = threading.Thread(target=asker.subscription.request, args=(3,))
    first.start()
    assert slow.asking.wait(DEADLINE)
    if call == "cancel":
        asker.subscription.cancel()
    else:
        asker.subscription.request(2)
    assert slow.calls == ["request(3)"]  # it did not wait, and did not overlap
    slow.go_on.set()
    first.join(DEADLINE)
    assert slow.calls == ["request(3)", "cancel" if call == "cancel" else "request(2)"]
    assert slow.overlaps == []


def test_a_processor_that_queues_leaves_when_its_request_is_over() -> None:
    slow, asker, queue = Slow(), Asker(), Unicast[Any]()
    queue.subscribe(asker)
    first = threading.Thread(target=slow.subscribe, args=(queue,))
    first.start()
    assert slow.asking.wait(DEADLINE)
    asker.subscription.cancel()
    assert len(slow.calls) == 1
    slow.go_on.set()
    first.join(DEADLINE)
    assert slow.calls[1:] == ["cancel"]
    assert slow.overlaps == []


@pytest.mark.parametrize("made", [flow_of, lambda slow: flow_of(slow).map(str), processor_of])
@pytest.mark.parametrize("n", [UNBOUNDED, 10**12])
def test_a_request_that_gives_items_for_ever_is_cancelled_from_inside(
    made: Callable[[Slow], Any], n: int
) -> None:
    slow, asker = Slow(endless=True), Asker()
    made(slow).subscribe(asker)
    first = threading.Thread(target=asker.subscription.request, args=(n,), daemon=True)
    first.start()
    assert asker.started.wait(DEADLINE)
    asker.subscription.cancel()
    first.join(DEADLINE)
    assert not first.is_alive()
    assert slow.calls == [f"request({n})", "cancel"]
    assert slow.overlaps == []
