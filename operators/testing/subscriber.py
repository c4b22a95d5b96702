"""A Subscriber for tests: demand by hand, and assertions."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from operators._kernel.subscription.demand import demand_error, plain
from operators.testing import _patience
from operators.testing._record import TERMINAL, Record, Signal
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from typing import Self

    from operators.testing.clock import VirtualClock
    from reactive_streams import Subscription

T = TypeVar("T")


class TestSubscriber(Generic[T]):
    """A Subscriber that records its signals, asks for items by hand, and says what came.

    `request` is asked for inside of on_subscribe (0: nothing is). `await_...` wait for `deadline` seconds at
    most, 10 by default; with a `clock` they move it on meanwhile, by a day of its time at most. Every
    assertion that fails shows all signals, and fails as well where the Publisher has broken a rule: more
    items than were asked for (§1.1), signals at the same time (§1.3) or after the end (§1.7), None (§2.13).
    All methods may be called from any thread; those that check return the subscriber.

    >>> from operators import Flow
    >>> from operators.testing import TestSubscriber
    >>> seen = TestSubscriber()
    >>> Flow.of("a", "b", "c").subscribe(seen)
    >>> seen.request(2).assert_items("a", "b").assert_not_ended().cancelled
    False
    >>> seen.request(1).assert_items("a", "b", "c").assert_completed().outstanding
    0
    """

    __test__: ClassVar[bool] = False  # it is no test, as pytest could think

    def __init__(
        self,
        request: int = 0,
        *,
        clock: VirtualClock | None = None,
        deadline: float | None = None,
    ) -> None:
        self._first = request
        self._clock = clock
        self._deadline = _patience.seconds_for(clock, deadline)
        self.record: Record = Record(None if clock is None else clock.now)
        self.violations: list[str] = []
        """What the Publisher has done against the rules."""
        self._subscription: Subscription | None = None
        self._inside: int | None = None
        self._asked = 0
        self._came = 0
        self._over = False

    # The Subscriber ------------------------------------------------------------------------------

    def on_subscribe(self, subscription: Subscription) -> None:
        """Take the Subscription, and ask for the first items; a second one is cancelled (§2.5)."""
        given: Any = subscription
        if given is None:
            raise TypeError("on_subscribe: needs a Subscription, got None (§2.13)")
        with self._signal("on_subscribe", None):
            second = self._subscription is not None
            if not second:
                self._subscription = subscription
        if second:
            subscription.cancel()
        elif self._first:
            self.request(self._first)

    def on_next(self, item: T) -> None:
        """Take note of an item."""
        with self._signal("on_next", item):
            pass
        given: Any = item
        if given is None:
            raise TypeError("on_next: None is no item (§2.13)")

    def on_error(self, error: Exception) -> None:
        """Take note of the error."""
        with self._signal("on_error", error):
            pass
        given: Any = error
        if given is None:
            raise TypeError("on_error: needs an error, got None (§2.13)")

    def on_complete(self) -> None:
        """Take note of the completion."""
        with self._signal("on_complete", None):
            pass

    @contextmanager
    def _signal(self, name: str, value: Any) -> Generator[None]:
        here = threading.get_ident()
        with self.record.changed:
            signal = Signal(name, value, 0, "")
            self.violations += [f"{signal} {how}" for how in self._broken_by(signal, here)]
            outer, self._inside = self._inside, here
            self._came += name == "on_next"
            self._over = self._over or name in TERMINAL
            self.record.add(name, value)
        try:
            yield
        finally:
            with self.record.changed:
                self._inside = outer

    def _broken_by(self, signal: Signal, here: int) -> Iterator[str]:
        name = signal.name
        if self._inside is not None and self._inside != here:
            yield "while another thread signals (§1.3)"
        if self._over:
            yield "after the end (§1.7)"
        if name == "on_subscribe":
            if self._subscription is not None:
                yield "a second time (§2.12)"
        elif self._subscription is None:
            yield "before on_subscribe (§1.9)"
        if name == "on_next" and self._came >= self._asked:
            yield f"although only {self._asked} were asked for (§1.1)"
        if name in ("on_next", "on_error") and signal.value is None:
            yield "is of nothing (§2.13)"

    # By hand -------------------------------------------------------------------------------------

    def request(self, n: int) -> Self:
        """Ask for `n` more items; what is no number of at least 1 is passed on all the same (§3.9)."""
        subscription = self._need_subscription("request")
        with self.record.changed:
            if demand_error(n) is None:
                self._asked = min(self._asked + plain(n), UNBOUNDED)
            self.record.add("request", plain(n))
        subscription.request(n)
        return self

    def cancel(self) -> Self:
        """Ask for nothing any more (§3.5)."""
        subscription = self._need_subscription("cancel")
        self.record.add("cancel")
        subscription.cancel()
        return self

    def _need_subscription(self, what: str) -> Subscription:
        if self._subscription is None:
            raise self.failure(f"there is nobody to {what} from: on_subscribe has not come yet")
        return self._subscription

    # What came -----------------------------------------------------------------------------------

    @property
    def signals(self) -> list[Signal]:
        """All signals so far, up and down."""
        with self.record.changed:
            return list(self.record.signals)

    @property
    def items(self) -> list[T]:
        """The items so far."""
        return [each.value for each in self.signals if each.name == "on_next"]

    @property
    def error(self) -> Exception | None:
        """The error that has ended the stream, or None."""
        return next((each.value for each in self.signals if each.name == "on_error"), None)

    @property
    def completed(self) -> bool:
        """Whether the stream has completed."""
        return any(each.name == "on_complete" for each in self.signals)

    @property
    def ended(self) -> bool:
        """Whether the stream has completed or failed."""
        return self._over

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled here."""
        return any(each.name == "cancel" for each in self.signals)

    @property
    def subscribed(self) -> bool:
        """Whether on_subscribe has come."""
        return self._subscription is not None

    @property
    def requested(self) -> int:
        """How many items were asked for in all; UNBOUNDED where that was so."""
        return self._asked

    @property
    def outstanding(self) -> int:
        """How many of the items asked for have not come yet; UNBOUNDED where there is no bound."""
        if self._asked == UNBOUNDED:
            return UNBOUNDED
        return max(0, self._asked - self._came)

    # Waiting -------------------------------------------------------------------------------------

    def wait_until(self, true: Callable[[], bool], what: str) -> Self:
        """Wait until a signal makes it true; raise AssertionError, which names `what`, at the deadline."""
        if not _patience.wait(self.record, self._clock, true, self._deadline):
            raise self.failure(f"{what}: not within {self._deadline:g} seconds; {self.waits_for}")
        return self

    def await_items(self, count: int) -> Self:
        """Wait until `count` items have come in all."""
        return self.wait_until(
            lambda: self._came >= count or self.ended, f"{count} items were expected"
        ).assert_count(count, at_least=True)

    def await_end(self) -> Self:
        """Wait for the completion, or for the error."""
        return self.wait_until(lambda: self.ended, "an end was expected")

    @property
    def waits_for(self) -> str:
        """Who waits for whom, in words."""
        if self.ended or self.cancelled:
            return "the stream is over"
        if self._subscription is None:
            return "the test waits for the flow: on_subscribe has not come"
        outstanding = self.outstanding
        if outstanding == 0:
            asked = (
                f"all {self._asked} items that it asked for have come"
                if self._asked
                else "no request"
            )
            return f"the flow waits for the test: {asked}"
        asked = "without bound" if self._asked == UNBOUNDED else f"for {self._asked} items"
        return f"the test waits for the flow: it has asked {asked}, and {self._came} have come"

    # Assertions ----------------------------------------------------------------------------------

    def assert_items(self, *items: T) -> Self:
        """Check that these items have come, in this order, and no others."""
        came = self.items
        return self._check(came == list(items), f"expected {list(items)!r}, got {came!r}")

    def assert_count(self, count: int, *, at_least: bool = False) -> Self:
        """Check the number of items so far."""
        came = self._came
        most = " at least" if at_least else ""
        return self._check(
            came == count or (at_least and came > count),
            f"expected{most} {count} items, got {came}",
        )

    def assert_completed(self) -> Self:
        """Check that the stream has completed."""
        return self._check(self.completed, f"expected complete, but {self._end}")

    def assert_error(
        self,
        kind: type[Exception] | tuple[type[Exception], ...] = Exception,
        match: str | None = None,
    ) -> Self:
        """Check that the stream has failed, with an error of such a kind; `match` is searched in its text."""
        error = self.error
        kinds = kind if isinstance(kind, tuple) else (kind,)
        named = " or ".join(each.__name__ for each in kinds)
        self._check(isinstance(error, kinds), f"expected error {named}, but {self._end}")
        return self._check(
            match is None or re.search(match, str(error)) is not None,
            f"expected an error that matches {match!r}, got {error!r}",
        )

    def assert_not_ended(self) -> Self:
        """Check that neither completion nor error has come."""
        return self._check(not self.ended, f"expected no end, but {self._end}")

    def assert_nothing(self) -> Self:
        """Check that neither an item nor an end has come."""
        return self.assert_items().assert_not_ended()

    @property
    def _end(self) -> str:
        if self.completed:
            return "it has completed"
        return "it has not ended" if self.error is None else f"it has failed with {self.error!r}"

    def _check(self, holds: bool, what: str) -> Self:
        if not holds:
            raise self.failure(what)
        if self.violations:
            raise self.failure("the Publisher has broken the rules: " + "; ".join(self.violations))
        return self

    def failure(self, what: str) -> AssertionError:
        """Return an AssertionError that says what, with all signals."""
        return AssertionError(f"{what}\n\n{self.record.diagram('test', 'flow')}")
