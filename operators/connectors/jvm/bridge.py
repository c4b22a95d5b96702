"""Bridge: the four roles on both sides. `ToX` is called by Java, and `FromX` calls Java."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.failure import brief
from operators.connectors.jvm.errors import to_error, to_throwable
from operators.connectors.jvm.machine import proxied, running
from reactive_streams import UNBOUNDED


def thrown(function: Callable[..., object], *arguments: Any) -> None:
    """Call into Python; raise what it raises as Java has it."""
    try:
        function(*arguments)
    except BaseException as error:
        raise to_throwable(error) from None


def raised(method: Callable[..., object], *arguments: Any) -> None:
    """Call into Java; raise what it throws as Python has it."""
    try:
        method(*arguments)
    except running().JException as error:
        ours = to_error(error)
        cause = error.getCause()  # of ours perhaps: libraries wrap what a Subscriber raises
        if cause is not None:
            raise ours from to_error(cause)
        if ours is error:
            raise
        raise ours from ours.__cause__


class ToSubscription:
    """A Subscription of Python, as Java calls it.

    After a cancel it lets go of it (§3.13): no collector sees a cycle across both heaps.
    """

    cuts: bool = True
    """Whether it does so; only who looks at what comes after a cancel says no, for all of them."""

    def __init__(self, target: Any) -> None:
        self.target: Any = target

    def request(self, n: Any) -> None:
        """Ask for n more (§3.8)."""
        target = self.target
        if target is not None:
            thrown(target.request, int(n))

    def cancel(self) -> None:
        """Ask for nothing more (§3.12)."""
        target = self.target
        if ToSubscription.cuts:
            self.target = None
        if target is not None:
            thrown(target.cancel)


class ToSubscriber:
    """A Subscriber of Python, as Java calls it."""

    def __init__(self, target: Any) -> None:
        self.target: Any = target

    def onSubscribe(self, subscription: Any) -> None:  # noqa: N802
        """Take the Subscription."""
        thrown(
            self.target.on_subscribe,
            None if subscription is None else FromSubscription(subscription),
        )

    def onNext(self, item: Any) -> None:  # noqa: N802
        """Take an item."""
        thrown(self.target.on_next, item)

    def onError(self, error: Any) -> None:  # noqa: N802
        """Take the error."""
        thrown(self.target.on_error, None if error is None else to_error(error))

    def onComplete(self) -> None:  # noqa: N802
        """Take the end."""
        thrown(self.target.on_complete)


class ToPublisher:
    """A Publisher of Python, as Java calls it."""

    def __init__(self, target: Any) -> None:
        self.target: Any = target

    def subscribe(self, subscriber: Any) -> None:
        """Subscribe (§1.9)."""
        thrown(self.target.subscribe, None if subscriber is None else FromSubscriber(subscriber))


class ToProcessor(ToSubscriber, ToPublisher):
    """A Processor of Python, as Java calls it."""


class FromSubscription:
    """A Subscription of Java, for a Subscriber of Python."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def request(self, n: int) -> None:
        """Ask for n more; more than Java can count is all that there is (§3.17)."""
        if type(n) is not int:
            # It has no way across: Java's compiler keeps it out on the other side.
            raise TypeError(f"request({brief(n)}): Java has no such demand")
        raised(self._target.request, max(min(n, UNBOUNDED), -UNBOUNDED))

    def cancel(self) -> None:
        """Ask for nothing more."""
        raised(self._target.cancel)


class FromSubscriber:
    """A Subscriber of Java, for a Publisher of Python."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def on_subscribe(self, subscription: Any) -> None:
        """Hand the Subscription over."""
        self._target.onSubscribe(proxied(("Subscription",), ToSubscription(subscription)))

    def on_next(self, item: Any) -> None:
        """Hand an item over."""
        self._target.onNext(item)

    def on_error(self, error: BaseException) -> None:
        """Hand the error over."""
        self._target.onError(to_throwable(error))

    def on_complete(self) -> None:
        """Hand the end over."""
        self._target.onComplete()


class FromPublisher:
    """A Publisher of Java, for a Subscriber of Python."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def subscribe(self, subscriber: Any) -> None:
        """Subscribe; what Java throws is raised as Python has it."""
        made = None
        if subscriber is not None:
            made = proxied(("Subscriber",), ToSubscriber(subscriber))
        raised(self._target.subscribe, made)
