"""The bridge between Python and Java components; to be imported when the JVM runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jpype
from jpype import JClass, JImplements, JOverride

from reactive_streams import UNBOUNDED

Bridge = JClass("Bridge")
_NULL = JClass("java.lang.NullPointerException")
_ILLEGAL = JClass("java.lang.IllegalArgumentException")


def to_throwable(error: BaseException) -> Any:
    """Return the error as Java has it; one that came from there as it is, for its identity counts."""
    if isinstance(error, jpype.JException):
        return error
    kind = 0 if isinstance(error, TypeError) else 1 if isinstance(error, ValueError) else 2
    return Bridge.built(kind, str(error) or type(error).__name__)


def to_error(error: Any) -> Any:
    """Return the error as Python has it; what Java has no counterpart for stays as it is."""
    if isinstance(error, _NULL):
        return TypeError(str(Bridge.message(error)))
    if isinstance(error, _ILLEGAL):
        return ValueError(str(Bridge.message(error)))
    return error


def given_back(function: Callable[..., object], *arguments: Any) -> Any:
    """Return what the call raises, for Java to throw."""
    try:
        function(*arguments)
    except BaseException as error:
        return to_throwable(error)
    return None


@JImplements("Bridge$PySubscription")
class _Subscription:
    def __init__(self, target: Any) -> None:
        self.target = target

    @JOverride
    def request(self, n: Any) -> Any:
        return given_back(self.target.request, int(n))

    @JOverride
    def cancel(self) -> Any:
        return given_back(self.target.cancel)


@JImplements("Bridge$PySubscriber")
class _Subscriber:
    def __init__(self, target: Any, of_kit: bool = False) -> None:
        self.target = target
        self.of_kit = of_kit

    @JOverride
    def onSubscribe(self, subscription: Any) -> Any:  # noqa: N802
        wrapped = None if subscription is None else FromJavaSubscription(subscription)
        return given_back(self.target.on_subscribe, wrapped)

    @JOverride
    def onNext(self, element: Any) -> Any:  # noqa: N802
        return given_back(self.target.on_next, element)

    @JOverride
    def onError(self, error: Any) -> Any:  # noqa: N802
        return given_back(self.target.on_error, to_error(error) if self.of_kit else error)

    @JOverride
    def onComplete(self) -> Any:  # noqa: N802
        return given_back(self.target.on_complete)


@JImplements("Bridge$PyPublisher")
class _Publisher:
    def __init__(self, target: Any) -> None:
        self.target = target

    @JOverride
    def subscribe(self, subscriber: Any) -> Any:
        wrapped = None if subscriber is None else FromJavaSubscriber(subscriber)
        return given_back(self.target.subscribe, wrapped)


@JImplements("Bridge$Make")
class Make:
    """A factory for the suites of Java."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        self.function = function

    @JOverride
    def make(self, n: Any) -> Any:
        """Return what the suite looks at."""
        return self.function(int(n))


class FromJavaSubscription:
    """A Subscription of Java, for a Subscriber of Python."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def request(self, n: int) -> None:
        """Ask for n more; more than Java can count is all that there is."""
        if type(n) is not int:
            # It has no way across: Java's compiler keeps it out on the other side.
            raise TypeError(f"request({n!r}): Java has no such demand")
        self.target.request(max(min(n, UNBOUNDED), -UNBOUNDED))

    def cancel(self) -> None:
        """Ask for no more."""
        self.target.cancel()


class FromJavaSubscriber:
    """A Subscriber of Java, for a Publisher of Python."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def on_subscribe(self, subscription: Any) -> None:
        """Hand a Subscription over."""
        self.target.onSubscribe(Bridge.OfSubscription(_Subscription(subscription)))

    def on_next(self, element: Any) -> None:
        """Hand an element over."""
        self.target.onNext(element)

    def on_error(self, error: BaseException) -> None:
        """Hand an error over."""
        self.target.onError(to_throwable(error))

    def on_complete(self) -> None:
        """Hand the end over."""
        self.target.onComplete()


class FromJavaPublisher:
    """A Publisher of Java, for a Subscriber of Python."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def subscribe(self, subscriber: Any) -> None:
        """Subscribe; what Java throws is raised as what it is in Python."""
        wrapped = subscriber and Bridge.OfSubscriber(_Subscriber(subscriber, of_kit=True))
        try:
            self.target.subscribe(wrapped)
        except jpype.JException as error:
            raise to_error(error) from None


def publisher(target: Any) -> Any:
    """Return a Publisher of Python as one of Java."""
    return Bridge.OfPublisher(_Publisher(target))


def subscriber(target: Any) -> Any:
    """Return a Subscriber of Python as one of Java."""
    return Bridge.OfSubscriber(_Subscriber(target))


def processor(target: Any) -> Any:
    """Return a Processor of Python as one of Java."""
    return Bridge.OfProcessor(_Subscriber(target), _Publisher(target))
