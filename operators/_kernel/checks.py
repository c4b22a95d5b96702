"""Checks of arguments: a clear error at the line where the operator is called."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from operators._kernel.failure import brief
from reactive_streams import UNBOUNDED


def need_callable(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value` can be called."""
    if not callable(value):
        raise TypeError(
            f"{operator}: {name} must be callable, got {brief(value)} ({type(value).__name__})"
        )


def need_count(operator: str, name: str, value: Any, *, least: int = 1) -> None:
    """Raise TypeError unless `value` is an int, ValueError unless it lies in `least`..UNBOUNDED."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"{operator}: {name} must be an int of at least {least}, "
            f"got {brief(value)} ({type(value).__name__})"
        )
    if not least <= value <= UNBOUNDED:
        raise ValueError(f"{operator}: {name} must be at least {least}, got {brief(value)}")


def need_text(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a str."""
    if not isinstance(value, str):
        raise TypeError(f"{operator}: {name} must be a str, got {brief(value)}")


def need_exception(operator: str, value: Any) -> None:
    """Raise TypeError unless `value` is an Exception, and no class of them."""
    if not isinstance(value, Exception):
        raise TypeError(f"{operator}: needs an Exception (an instance), got {brief(value)}")


def need_choice(operator: str, name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(
            f"{operator}: {name} must be one of {', '.join(choices)}; got {brief(value)}"
        )


def need_methods(operator: str, role: str, value: Any, *methods: str) -> None:
    """Raise TypeError, naming what lacks, unless `value` has all `methods`."""
    missing = [name for name in methods if not callable(getattr(value, name, None))]
    if missing:
        raise TypeError(
            f"{operator}: {brief(value)} ({type(value).__name__}) is not a {role}: "
            f"it has no {', '.join(missing)}"
        )


def is_coroutine_function(fn: Any) -> bool:
    """Whether calling `fn` gives a coroutine: a partial and an object with an async call count too."""
    while isinstance(fn, partial):
        fn = fn.func
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(fn, "__call__", None)  # noqa: B004 - an object with an async __call__ counts too
    )


def coroutine_error(operator: str, name: str, made: Any) -> TypeError | None:
    """Return the error for a plain function that gave a coroutine, which is closed; or None."""
    if not inspect.iscoroutine(made):
        return None
    made.close()
    return TypeError(
        f"{operator}: {name} is a plain function that gave a coroutine; give a coroutine function "
        "(async def), or a partial of one"
    )


SUBSCRIBER_METHODS = ("on_subscribe", "on_next", "on_error", "on_complete")


def need_subscriber(operator: str, value: Any) -> None:
    """Raise TypeError unless `value` has the four methods of a Subscriber (§1.9)."""
    need_methods(operator, "Subscriber", value, *SUBSCRIBER_METHODS)
