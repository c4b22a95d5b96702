"""Publishers that know nothing of recursion, or of threads: what comes out is items or a clear error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from operators import Flow, RuleViolation
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.catalogue import OPERATORS, Case
from tests.operators.conftest import Dropped
from tests.operators.kit import DEADLINE, Handmade, Probe, Pulled, probe

pytestmark = pytest.mark.long

MANY = 1_100  # more than a stack holds


class Loop:
    """Emits inside request as often as it is asked to."""

    def __init__(self) -> None:
        self.sent = 0
        self.wanted = 0
        self.over = False

    def subscribe(self, subscriber: Any) -> None:
        self.__init__()  # type: ignore[misc]
        self.subscriber = subscriber
        subscriber.on_subscribe(self)

    def request(self, n: int) -> None:
        for _ in range(min(n, MANY + 1)):
            self.emit()

    def emit(self) -> None:
        if self.over:
            return
        if self.sent == MANY:
            self.over = True
            self.subscriber.on_complete()
            return
        self.sent += 1
        self.subscriber.on_next(self.sent - 1)

    def cancel(self) -> None:
        self.over = True


class AtOnce(Loop):
    """Completes with the last item."""

    def emit(self) -> None:
        super().emit()
        if self.sent == MANY:
            super().emit()


class Counting(Loop):
    """Has a loop over all that was asked for, in each request anew."""

    def request(self, n: int) -> None:
        self.wanted += n
        while self.wanted and not self.over:
            self.wanted -= 1
            self.emit()


class Recursive(Loop):
    """Has each item lead to the next: its own stack holds some hundred of them."""

    def request(self, n: int) -> None:
        self.wanted += n
        self.on()

    def on(self) -> None:
        if self.wanted and not self.over:
            self.wanted -= 1
            self.emit()
            self.on()


class Taking:
    """A Subscriber that asks for some items first, and then for one with each that comes."""

    def __init__(self, first: int, each: int) -> None:
        self._first = first
        self._each = each
        self.items = 0
        self.ends: list[Any] = []
        self.over = threading.Event()

    def on_subscribe(self, subscription: Any) -> None:
        self._subscription = subscription
        subscription.request(self._first)

    def on_next(self, _: Any) -> None:
        self.items += 1
        if self._each:
            self._subscription.request(self._each)

    def on_error(self, error: Exception) -> None:
        self._end(error)

    def on_complete(self) -> None:
        self._end(None)

    def _end(self, end: Any) -> None:
        self.ends.append(end)
        self.over.set()


@pytest.mark.parametrize("case", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("kind", [Loop, AtOnce, Counting, Recursive])
def test_it_ends_in_items_or_in_an_error(case: Case, kind: type[Loop]):
    for first, each in ((1, 1), (UNBOUNDED, 0), (8, 1)):
        seen = Taking(first, each)
        flow = case.build(Flow.from_publisher(kind()))
        flow.subscribe(seen)
        assert seen.over.wait(DEADLINE), f"no end after {seen.items} items, {first}"
        assert len(seen.ends) == 1
        if seen.ends != [None]:
            assert kind is Recursive, seen.ends
            assert isinstance(seen.ends[0], RecursionError)
            assert "§3.3" in str(seen.ends[0])


class PassingOver:
    """Calls itself for the next item, passes over that there is no room for it, and completes."""

    def subscribe(self, subscriber: Any) -> None:
        subscriber.on_subscribe(self)
        with suppress(RecursionError):
            self.emit(subscriber)
        subscriber.on_complete()

    def emit(self, subscriber: Any) -> None:
        subscriber.on_next(1)
        self.emit(subscriber)

    def request(self, n: int) -> None:
        pass

    def cancel(self) -> None:
        pass


@pytest.mark.parametrize(
    "name", ["debounce", "flat_map", "merge", "on_backpressure_buffer", "switch_map", "take_until"]
)
def test_it_ends_though_the_publisher_passes_over_what_was_raised(name: str):
    seen = Taking(UNBOUNDED, 0)
    OPERATORS[name].build(Flow.from_publisher(PassingOver())).subscribe(seen)
    assert seen.over.wait(DEADLINE), f"no end after {seen.items} items"
    assert len(seen.ends) == 1


@pytest.mark.parametrize("kind", [Loop, AtOnce, Counting])
def test_two_operators_over_one_lose_nothing(kind: type[Loop]):
    builds: list[Callable[[Any], Any]] = [
        lambda f: f.map(str).buffer(2),
        lambda f: f.publish_on(thread("hop")).map(str),
        lambda f: f.retry(1).limit_rate(4),
        lambda f: f.flat_map(lambda n: Flow.of(n, n), concurrency=2).filter(bool),
    ]
    for build in builds:
        every = list(build(Flow.range(MANY)))
        assert len(list(build(Flow.from_publisher(kind())))) == len(every)
        seen = Taking(1, 1)
        build(Flow.from_publisher(kind())).subscribe(seen)
        assert seen.over.wait(DEADLINE)
        assert (seen.items, seen.ends) == (len(every), [None])


# Two threads at once ----------------------------------------------------------------------------


def overlapping(second: Callable[[Handmade], None], requested: int = 9) -> tuple[Probe, list[Any]]:
    """One thread is inside of on_next while another gives a signal."""
    publisher, discarded = Handmade(), list[Any]()
    inside, leave = threading.Event(), threading.Event()

    def hold(_: Probe, item: Any) -> None:
        inside.set()
        assert leave.wait(DEADLINE)

    seen = probe(Flow.from_publisher(publisher).on_discard(discarded.append), requested, then=hold)
    first = threading.Thread(target=publisher.emit, args=("a",))
    first.start()
    assert inside.wait(DEADLINE)
    second(publisher)
    leave.set()
    first.join(DEADLINE)
    assert publisher.cancels == 1
    assert seen.violations == []
    return seen, discarded


def test_an_item_from_another_thread_breaks_rule_1_3():
    seen, discarded = overlapping(lambda publisher: publisher.emit("b"))

    assert seen.items == ["a"]
    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.3"
    assert discarded == ["b"]


def test_a_completion_from_another_thread_breaks_rule_1_3():
    seen, _ = overlapping(lambda publisher: publisher.complete())

    assert seen.items == ["a"]
    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.3"


def test_an_error_from_another_thread_breaks_rule_1_3_and_is_the_cause():
    lost = KeyError("lost")
    seen, _ = overlapping(lambda publisher: publisher.fail(lost))

    assert isinstance(seen.error, RuleViolation)
    assert seen.error.rule == "1.3"
    assert seen.error.__cause__ is lost


def test_an_end_after_such_an_item_goes_to_the_hook(dropped: Dropped):
    lost = KeyError("lost")

    def both(publisher: Handmade) -> None:
        publisher.emit("b")
        publisher.fail(lost)

    seen, _ = overlapping(both)
    assert seen.error.rule == "1.3"
    assert isinstance(dropped.take()[0], RuleViolation)


def test_a_nested_item_of_the_same_thread_is_none():
    publisher = Handmade()

    def again(_: Probe, item: Any) -> None:
        if item == "a":
            publisher.emit("b")

    seen = probe(Flow.from_publisher(publisher), 9, then=again)
    publisher.emit("a", "c")
    publisher.complete()

    assert sorted(seen.items) == ["a", "b", "c"]
    assert seen.completed


def test_one_thread_after_another_breaks_nothing():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher), UNBOUNDED)
    for n in range(20):
        each = threading.Thread(target=publisher.emit, args=(n,))
        each.start()
        each.join(DEADLINE)
    publisher.complete()

    assert seen.items == list(range(20))
    assert seen.completed


def test_many_threads_that_do_not_care_are_serial_below(dropped: Dropped):
    for _ in range(20):
        publisher = Handmade()
        seen = probe(Flow.from_publisher(publisher).map(str), UNBOUNDED)
        together = threading.Barrier(4)

        def flood(publisher: Handmade = publisher, together: threading.Barrier = together) -> None:
            together.wait(DEADLINE)
            for n in range(50):
                publisher.emit(n)

        threads = [threading.Thread(target=flood) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(DEADLINE)
        assert seen.violations == []
        assert not seen.ended or seen.error.rule == "1.3"
    for error, _ in dropped.errors:
        assert isinstance(error, RuleViolation)
    dropped.errors.clear()


# What is nobody's signal ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda f: f,
        lambda f: f.publish_on(thread("hop")),
        lambda f: f.on_backpressure_buffer(4),
        lambda f: f.retry(1),
        lambda f: f.concat_map(Flow.of),
        lambda f: f.limit_rate(2).map(str),
    ],
)
def test_a_subscriber_that_exits_inside_on_subscribe_is_gone(build: Any):
    class Leaves(Taking):
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(3)
            raise SystemExit

    pulled, publisher = Pulled(range(9)), Handmade(range(9))

    async def numbers() -> Any:
        for n in range(9):
            yield n

    for source in (
        Flow.from_iterable(pulled),
        Flow.from_publisher(publisher),
        Flow.from_async_iterable(numbers()),
        Flow.create(lambda emitter: [emitter.emit(n) for n in range(9)] and None),
    ):
        seen = Leaves(1, 0)
        with pytest.raises(SystemExit):
            build(source).subscribe(seen)
        assert seen.items == 0
        assert not seen.ends
    assert pulled.opened == pulled.closed
    assert publisher.subscriber is None or publisher.cancels == 1


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, KeyboardInterrupt])
@pytest.mark.parametrize("method", ["on_subscribe", "on_next", "on_complete", "on_error"])
def test_what_is_no_exception_leaves_nothing_half_set(raised: type[BaseException], method: str):
    class Leaves(Taking):
        def _leave(self, *_: Any) -> None:
            raise raised

    seen: Any = Leaves(9, 0)
    publisher = Handmade()
    flow = Flow.from_publisher(publisher).map(str)
    setattr(Leaves, method, Leaves._leave)
    if method == "on_subscribe":
        with pytest.raises(raised):
            flow.subscribe(seen)
    else:
        flow.subscribe(seen)
        signal: Callable[[], None] = {
            "on_next": lambda: publisher.emit("a"),
            "on_complete": publisher.complete,
            "on_error": lambda: publisher.fail(KeyError()),
        }[method]
        with pytest.raises(raised):
            signal()
    assert publisher.cancels == (method in ("on_subscribe", "on_next"))
    publisher.emit("late")  # which is refused, and blocks nobody
    publisher.complete()
    assert seen.ends == []
