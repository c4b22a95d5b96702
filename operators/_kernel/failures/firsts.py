"""Firsts: the first call of a user's function is looked at, all others cost nothing more.

A coroutine function that looks like a plain one (a lambda around it, say) is known by what it gives. To
look at each item would cost as much as an operator; so a step begins with a stand-in for the function,
which puts the function itself in its own place as soon as it has been called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_result
from operators._kernel.failures.failure import class_of


def first(operator: str, name: str, fn: Any, settle: Callable[[Any], None]) -> Any:
    """Return the stand-in for a function of the user's; `settle` puts a function in its place."""
    if fn is None or (class_of(fn) is type and not hasattr(fn, "__await__")):
        return fn  # what a class makes is of that class

    return _First(operator, name, fn, settle)


class _First:
    """The stand-in; one for each step that is never run, so that it is to be small."""

    __slots__ = ("_fn", "_name", "_operator", "_settle")

    def __init__(self, operator: str, name: str, fn: Any, settle: Callable[[Any], None]) -> None:
        self._operator = operator
        self._name = name
        self._fn = fn
        self._settle = settle

    def __str__(self) -> str:
        # So that what Python says of arguments which cannot be spread names the user's function.
        fn = self._fn
        name = getattr(fn, "__qualname__", None)
        return str(fn) if name is None else f"{fn.__module__}.{name}()"

    def __call__(self, *args: Any) -> Any:
        fn = self._fn
        made = fn(*args)
        if made is not None:
            need_result(self._operator, self._name, made)
        self._settle(fn)
        return made
