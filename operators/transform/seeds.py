"""seeds: where a fold starts, for each run anew."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from operator import is_not
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import NOTHING, class_of

Fold = Callable[[Any, Any], Any]


def need_fold(operator: str, fn: Any, seed: Any, factory: Any) -> None:
    """Raise TypeError unless `fn` is a function and at most one of seed and factory is given."""
    if callable(seed) and not callable(fn):
        raise TypeError(f"{operator}: the function comes first: {operator}(fn, seed)")
    need_callable(operator, "fn", fn)
    if factory is not None:
        need_callable(operator, "seed_factory", factory)
        if seed is not NOTHING:
            raise TypeError(f"{operator}: takes a seed or a seed_factory, not both")


def starting(
    operator: str, seed: Any, factory: Callable[[], Any] | None, name: str = "seed_factory"
) -> Callable[[], Any]:
    """Return a function that gives the start of each run: NOTHING, the seed, or one of its own.

    A list, a dict, a set or the like is copied, with those that it holds: what one run makes of it is
    not where the next one starts. Other objects are shared, since nobody knows what they stand for.
    """
    if factory is None:
        return (lambda: _own(seed, {})) if _changes(seed) else (lambda: seed)

    def make() -> Any:
        made = factory()
        need_result(operator, name, made)
        return made

    return make


_MUTABLE = (list, dict, set, bytearray, deque)


def _changes(seed: Any) -> bool:
    # Of tuples the plain ones, for what is in them; a named one only its class knows how to make.
    return isinstance(seed, _MUTABLE) or class_of(seed) is tuple


def _own(value: Any, known: dict[int, Any]) -> Any:
    if not _changes(value):
        return value
    if id(value) in known:  # one that holds itself, or is held twice
        return known[id(value)]
    kind = class_of(value)
    own: Any
    if kind is tuple:
        own = tuple([_own(each, known) for each in value])
        return own if any(map(is_not, own, value)) else value
    known[id(value)] = own = copy.copy(value)
    if issubclass(kind, (list, deque)):
        for index, each in enumerate(value):
            own[index] = _own(each, known)
    elif issubclass(kind, dict):
        for key, each in value.items():
            own[key] = _own(each, known)
    return own
