"""Firsts: the first call of a user's function is looked at, all others cost nothing more.

A coroutine function that looks like a plain one (a lambda around it, say) is known by what it gives. To
look at each item would cost as much as an operator; so a step begins with a stand-in for the function,
which puts the function itself in its own place as soon as it has been called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.checks import need_result
from operators._kernel.failure import class_of


def first(operator: str, name: str, fn: Any, settle: Callable[[Any], None]) -> Any:
    """Return the stand-in for a function of the user's; `settle` puts a function in its place."""
    if fn is None or (class_of(fn) is type and not hasattr(fn, "__await__")):
        return fn  # what a class makes is of that class

    def call(*args: Any) -> Any:
        made = fn(*args)
        settle(fn)
        if made is not None:
            need_result(operator, name, made)
        return made

    return call
