"""Which event loop a component needs, which it is asked by being used without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tck.driving.driver import Driver, Hung
from tck.driving.factories import PUBLISHER, SUBSCRIBER, LoopNeeded, forget, made, name_of, where
from tck.driving.places import wanted_by
from tck.recording.recorder import Brake
from tck.settings import Loop, Settings

_MOST: Final = 10_000
"""Elements after which somebody must be emitting without end."""
_TOUCH: Final = 1.0
"""Seconds after which a component that hangs without a loop is left to the checks."""


def needs_loop(factory: Callable[[int], Any], settings: Settings) -> Loop | None:
    """Returns the loop that the factory, subscribe or request asks for; None where none does.

    Errors: `Unusable` where the factory makes no Publisher.
    """
    most = settings.max_elements
    args = (1 if most is None else min(1, most),)
    try:
        wants = _wanted(factory, settings, args, PUBLISHER, _subscribe)
    except LoopNeeded as needed:
        return needed.loop
    return wants[0] if wants is not None else None


def expect_no_loop(
    factory: Callable[..., Any],
    settings: Settings,
    methods: tuple[str, ...] = SUBSCRIBER,
    args: tuple[Any, ...] = (),
    element: Callable[[int], Any] = int,
) -> None:
    """Returns None; raises `LoopNeeded` where a Subscriber or a Processor asks for a running event loop.

    Errors: `Unusable` where the factory makes no such thing.
    """
    wants = _wanted(factory, settings, args, methods, lambda made: _feed(made, element))
    if wants is not None:
        raise LoopNeeded(f"what {name_of(factory)} makes{wants[1]}", wants[0])


def _wanted(
    factory: Callable[..., Any],
    settings: Settings,
    args: tuple[Any, ...],
    methods: tuple[str, ...],
    touch: Callable[[Any], list[BaseException]],
) -> tuple[Loop, str] | None:
    """Returns the loop that is needed for what the factory makes, and where."""
    driver = Driver()
    try:
        component = made(driver, factory, args, methods, settings.hang)
        errors: list[BaseException] = driver.call(
            lambda: touch(component), min(settings.hang, _TOUCH)
        )
    except Hung:
        return None  # the checks will tell
    finally:
        driver.close()
    for error in errors:
        loop = wanted_by(error)
        if loop is not None:
            at = where(error)
            forget(error)
            return loop, at
    return None


def _tried(errors: list[BaseException], call: Callable[..., object], *args: object) -> None:
    # What else may be wrong with a call must not hide that a loop is missing.
    try:
        call(*args)
    except BaseException as error:
        errors.append(error)


class _Toucher:
    """Subscribes, asks for one element, and is gone again; takes down what is raised on the way."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._count = 0
        self._brake = Brake()

    def on_subscribe(self, subscription: Any) -> None:
        _tried(self.errors, lambda: subscription.request(1))
        _tried(self.errors, lambda: subscription.cancel())

    def on_next(self, item: Any) -> None:
        self._count += 1
        if self._count > _MOST:
            self._brake.pull()

    def on_error(self, error: Any) -> None:
        self.errors.append(error)

    def on_complete(self) -> None:
        """Ignore it."""


def _subscribe(publisher: Any) -> list[BaseException]:
    toucher = _Toucher()
    _tried(toucher.errors, publisher.subscribe, toucher)
    return toucher.errors


class _Asked:
    """A Subscription that takes down what it is asked for."""

    def __init__(self) -> None:
        self.demand: int = 0

    def request(self, n: Any) -> None:
        self.demand += 1

    def cancel(self) -> None:
        self.demand = 0


def _feed(subscriber: Any, element: Callable[[int], Any]) -> list[BaseException]:
    errors: list[BaseException] = []
    asked = _Asked()
    _tried(errors, subscriber.on_subscribe, asked)
    if callable(getattr(subscriber, "subscribe", None)):
        errors += _subscribe(subscriber)
    elif asked.demand:
        _tried(errors, lambda: subscriber.on_next(element(0)))
    _tried(errors, subscriber.on_complete)
    return errors
