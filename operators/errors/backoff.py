"""Backoff: how long to wait before one try and the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import random
from typing import Any, NamedTuple

from operators._kernel.failures.checks import need_callable, need_result, need_seconds
from operators._kernel.failures.failure import brief, class_of
from operators._kernel.subscription.times import SLACK


class Attempt(NamedTuple):
    """A try that comes after one that has failed or ended: what on_retry and on_restart are told."""

    number: int
    """1 for the first after the original one."""
    error: Exception | None
    """Why; None where the one before has completed."""
    pause: float
    """Seconds until it begins."""


@dataclass(frozen=True)
class Backoff:
    """Pauses that grow: `first` seconds, each `factor` times the one before, `most` seconds at most.

    `jitter`, from 0 to 1, is the part of each pause that is left to chance: with 0.5 it is between half of
    it and the whole. `budget` is for how many seconds all pauses of a run may last together: where one
    would go beyond it there is none, and no other try. `random` gives numbers from 0 to 1. Raises
    ValueError where first, most or budget is negative, factor under 1 or jitter not in 0..1.

    >>> from operators import Backoff
    >>> [Backoff(first=0.5, factor=2, most=2.5).pause(n) for n in (1, 2, 3, 4)]
    [0.5, 1.0, 2.0, 2.5]
    """

    first: float = 0.1
    factor: float = 2.0
    most: float = 30.0
    jitter: float = 0.0
    budget: float | None = None
    random: Callable[[], float] = random

    def __post_init__(self) -> None:
        need_seconds("Backoff", "first", self.first)
        need_seconds("Backoff", "most", self.most)
        need_callable("Backoff", "random", self.random)
        if self.budget is not None:
            need_seconds("Backoff", "budget", self.budget)
        need_number("Backoff", "factor", self.factor, 1, float("inf"))
        need_number("Backoff", "jitter", self.jitter, 0, 1)

    def pause(self, attempt: int) -> float:
        """Return the seconds before a try, of which the first after the original one is number 1."""
        try:
            seconds = min(self.first * self.factor ** (attempt - 1), self.most)
        except OverflowError:
            seconds = self.most
        if self.jitter:
            seconds *= 1 - self.jitter * self.random()
        return seconds


def need_number(operator: str, name: str, value: Any, least: float, most: float) -> None:
    """Raise TypeError unless `value` is a number, ValueError unless it lies in `least`..`most`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{operator}: {name} must be a number, got {brief(value)}")
    if not least <= value <= most:
        upto = "" if most == float("inf") else f" and at most {most:g}"
        raise ValueError(f"{operator}: {name} must be at least {least:g}{upto}, got {brief(value)}")


def backoff_of(operator: str, name: str, value: Any) -> Backoff:
    """Return the Backoff, or one whose pauses are all of `value` seconds; raise TypeError for all else."""
    if isinstance(value, Backoff):
        return value
    if value is None or isinstance(value, (str, type)) or callable(value):
        raise TypeError(
            f"{operator}: {name} must be a Backoff, or the seconds of each pause, got {brief(value)}"
        )
    need_seconds(operator, name, value)
    return Backoff(first=value, factor=1.0, most=value)


class Pauses:
    """The pauses of one run."""

    __slots__ = ("_backoff", "_spent", "number")

    def __init__(self, backoff: Backoff | None) -> None:
        self._backoff = backoff
        self._spent = 0.0
        self.number: int = 0
        """How many there were."""

    def next(self) -> float | None:
        """Return the seconds of the next one; None: the budget has no more of them."""
        backoff = self._backoff
        if backoff is None:
            self.number += 1
            return 0.0
        pause = backoff.pause(self.number + 1)
        if backoff.budget is not None and self._spent + pause > backoff.budget + SLACK:
            return None
        self._spent += pause
        self.number += 1
        return pause

    def begin_again(self) -> None:
        """Begin with the first one, and the whole budget."""
        self.number = 0
        self._spent = 0.0


def need_errors(operator: str, on: Any) -> None:
    """Raise TypeError unless `on` is a class of exceptions, a tuple of some, or a function."""
    several = class_of(on) is tuple
    kinds: tuple[Any, ...] = tuple(on) if several else (on,)
    if several or isinstance(on, type):
        for kind in kinds:
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                raise TypeError(f"{operator}: on must be of exception classes, got {brief(kind)}")
    else:
        need_callable(operator, "on", on)


def is_meant(operator: str, on: Any, error: Exception) -> bool:
    """Whether an error is one of `on`: a class, a tuple of classes, or a function that says so."""
    if isinstance(on, (type, tuple)):
        return isinstance(error, on)
    said = on(error)
    need_result(operator, "on", said)
    return bool(said)
