"""A Publisher for tests: signals by hand, as the rules have them or, by name, not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, get_args

from operators._kernel.failures.checks import need_exception, need_subscriber
from operators._kernel.failures.failure import brief
from operators._kernel.subscription.demand import demand_error, plain
from operators.testing import _patience
from operators.testing._record import Record, Signal
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from typing import Self

    from operators.testing.clock import VirtualClock
    from reactive_streams import Subscriber

T = TypeVar("T")

Misbehaviour = Literal["overflow", "none", "late signals", "second on_subscribe"]
"""What a TestPublisher may be told to do against the rules.

    overflow            emits although nothing is asked for (§1.1)
    none                emits None (§2.13)
    late signals        signals after the end (§1.7), and after a cancel (§1.8)
    second on_subscribe calls on_subscribe twice (§2.12)
"""
MISBEHAVIOURS: tuple[str, ...] = get_args(Misbehaviour)


class TestPublisher(Generic[T]):
    """A Publisher whose signals a test makes by hand, and which tells what it was asked for.

    It keeps the rules, and the test to them: `emit` raises AssertionError where nobody has asked, and after
    a cancel signals nothing. `misbehave` names what it does against them all the same, one or several of
    "overflow", "none", "late signals", "second on_subscribe". Every Subscriber gets every signal from its
    subscription to its end. `await_...` wait as those of TestSubscriber do. Any thread may call it.

    >>> from operators import Flow
    >>> from operators.testing import TestPublisher, TestSubscriber
    >>> source, seen = TestPublisher(), TestSubscriber(2)
    >>> Flow.from_publisher(source).map(str.upper).subscribe(seen)
    >>> source.assert_requested(2).emit("a", "b").complete().outstanding
    0
    >>> seen.assert_items("A", "B").assert_completed().ended
    True
    """

    __test__: ClassVar[bool] = False  # it is no test, as pytest could think

    def __init__(
        self,
        *,
        misbehave: Misbehaviour | Iterable[Misbehaviour] = (),
        clock: VirtualClock | None = None,
        deadline: float | None = None,
    ) -> None:
        named = (misbehave,) if isinstance(misbehave, str) else tuple(misbehave)
        for name in named:
            if name not in MISBEHAVIOURS:
                raise ValueError(
                    f"TestPublisher: misbehave must be of {', '.join(MISBEHAVIOURS)}; got {name!r}"
                )
        self._misbehaves: frozenset[str] = frozenset(named)
        self._clock = clock
        self._deadline = _patience.seconds_for(clock, deadline)
        self.record: Record = Record(None if clock is None else clock.now)
        self._links: list[_Link] = []
        self.undelivered: list[T] = []
        """Items of `emit` that no Subscriber got, since all had cancelled."""

    def subscribe(self, subscriber: Subscriber[T]) -> None:
        """Take a Subscriber, which gets what is signalled from now on; after an end it begins anew."""
        need_subscriber("TestPublisher.subscribe", subscriber)
        link = _Link(self, subscriber)
        self.record.add("subscribe")
        with self.record.changed:
            self._links.append(link)
        link.signal("on_subscribe", link)
        if "second on_subscribe" in self._misbehaves:
            link.signal("on_subscribe", _Link(self, subscriber))

    # By hand -------------------------------------------------------------------------------------

    def emit(self, *items: T) -> Self:
        """Emit the items; raise AssertionError, for the first that nobody has asked for, with all signals."""
        for item in items:
            if item is None and "none" not in self._misbehaves:
                raise TypeError('TestPublisher.emit: None is no item (§2.13); or misbehave="none"')
            self._signal("on_next", item)
        return self

    def complete(self) -> Self:
        """Signal the completion."""
        return self._signal("on_complete", None)

    def fail(self, error: Exception) -> Self:
        """Signal the error."""
        need_exception("TestPublisher.fail", error)
        return self._signal("on_error", error)

    def _signal(self, name: str, value: Any) -> Self:
        late = "late signals" in self._misbehaves
        signal = Signal(name, value, 0, "")
        with self.record.changed:
            links = [each for each in self._links if late or not (each.cancelled or each.over)]
            wanted = all(each.wanted for each in links) or "overflow" in self._misbehaves
            if not self._links:
                raise self.failure(f"{signal}: nobody has subscribed")
            if not links and any(each.over for each in self._links):
                raise self.failure(f'{signal}: after the end (§1.7); or misbehave="late signals"')
            if name == "on_next" and not wanted:
                raise self.failure(
                    f'{signal}: nobody has asked for it (§1.1); or misbehave="overflow"'
                )
            if name == "on_next" and not links:
                self.undelivered.append(value)
            for link in links:
                link.take(name)
        for link in links:
            link.signal(name, value)
        return self

    # What came up --------------------------------------------------------------------------------

    @property
    def signals(self) -> list[Signal]:
        """All signals so far, up and down, with all Subscribers."""
        with self.record.changed:
            return list(self.record.signals)

    @property
    def requests(self) -> list[int]:
        """The numbers asked for, one for each request."""
        return [each.value for each in self.signals if each.name == "request"]

    @property
    def requested(self) -> int:
        """How many items were asked for in all; UNBOUNDED where that was so."""
        return min(UNBOUNDED, sum(n for n in self.requests if demand_error(n) is None))

    @property
    def outstanding(self) -> int:
        """How many items every present Subscriber has asked for and not got; 0 where there is none."""
        with self.record.changed:
            return min((each.wanted for each in self._links if each.live), default=0)

    @property
    def subscribed(self) -> bool:
        """Whether a Subscriber is there that has neither cancelled nor got an end."""
        with self.record.changed:
            return any(each.live for each in self._links)

    @property
    def subscriptions(self) -> int:
        """How many there have been."""
        return len(self._links)

    @property
    def cancelled(self) -> bool:
        """Whether there were Subscribers, and all have cancelled."""
        with self.record.changed:
            return bool(self._links) and all(each.cancelled for each in self._links)

    def await_subscriber(self) -> Self:
        """Wait for a Subscriber."""
        return self._await(lambda: bool(self._links), "nobody has subscribed")

    def await_request(self, outstanding: int = 1) -> Self:
        """Wait until so many items are asked for and not emitted."""
        return self._await(
            lambda: self.outstanding >= outstanding, f"{outstanding} items should be asked for"
        )

    def await_cancel(self) -> Self:
        """Wait until all Subscribers have cancelled."""
        return self._await(lambda: self.cancelled, "it should be cancelled")

    def _await(self, true: Callable[[], bool], what: str) -> Self:
        if not _patience.wait(self.record, self._clock, true, self._deadline):
            raise self.failure(f"{what}: not within {self._deadline:g} seconds")
        return self

    def assert_requested(self, count: int) -> Self:
        """Check how many items were asked for in all."""
        return self._check(
            self.requested == count, f"expected requests for {count}, got {self.requested}"
        )

    def assert_subscribed(self) -> Self:
        """Check that a Subscriber is there that has not cancelled."""
        return self._check(self.subscribed, "expected a Subscriber")

    def assert_cancelled(self) -> Self:
        """Check that there was a Subscriber, and that none is left."""
        return self._check(self.cancelled, "expected a cancel")

    def assert_not_cancelled(self) -> Self:
        """Check that nobody has cancelled."""
        return self._check(all(s.name != "cancel" for s in self.signals), "expected no cancel")

    def _check(self, holds: bool, what: str) -> Self:
        if not holds:
            raise self.failure(what)
        return self

    def failure(self, what: str) -> AssertionError:
        """Return an AssertionError that says what, with all signals."""
        return AssertionError(f"{what}\n\n{self.record.diagram('subscriber', 'TestPublisher')}")


class _Link:
    """One Subscription; its counts are guarded by the record of its Publisher."""

    def __init__(self, publisher: TestPublisher[Any], subscriber: Any) -> None:
        self._publisher = publisher
        self._subscriber = subscriber
        self.wanted: int = 0
        self.cancelled: bool = False
        self.over: bool = False

    @property
    def live(self) -> bool:
        """Whether it is neither cancelled nor over."""
        return not (self.cancelled or self.over)

    def take(self, name: str) -> None:
        """Take note of a signal that is about to be made."""
        if name != "on_next":
            self.over = True
        elif 0 < self.wanted < UNBOUNDED:
            self.wanted -= 1

    def signal(self, name: str, value: Any) -> None:
        """Signal to the Subscriber."""
        self._publisher.record.add(name, None if name == "on_subscribe" else value)
        method = getattr(self._subscriber, name)
        if name == "on_complete":
            method()
        elif value is None:
            with suppress(TypeError):  # the answer that is due (§2.13)
                method(value)
        else:
            method(value)

    def request(self, n: int) -> None:
        """Add to the demand."""
        n = plain(n)
        bad = demand_error(n)
        with self._publisher.record.changed:
            if bad is None:
                self.wanted = min(self.wanted + n, UNBOUNDED)
            over, self.cancelled = self.cancelled, self.cancelled or bad is not None
            self._publisher.record.add("request", n)
        if bad is not None and not over:
            self.signal("on_error", bad)  # §3.9

    def cancel(self) -> None:
        """Be signalled to no more."""
        with self._publisher.record.changed:
            self.cancelled = True
            self._publisher.record.add("cancel")

    def __repr__(self) -> str:
        return f"<Subscription of {brief(self._subscriber)}>"
