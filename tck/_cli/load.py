"""From FILE_OR_MODULE:NAME to a factory, or to one line that says why not."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tck.scripts.load import Unusable, import_module


def load(target: str, arguments: int, what: str) -> tuple[Callable[..., Any], str]:
    """Returns the factory, to be called with so many arguments, and its "module:name".

    Errors: `Unusable`.
    """
    place, _, name = target.rpartition(":")
    if not place or not name or os.sep in name:
        raise Unusable(
            f"{target}: which factory of it? Give FILE_OR_MODULE:NAME, as in mine.py:numbers"
        )
    module = import_module(place)
    return named(module, name, arguments, what), f"{_from_here(place, module)}:{name}"


def _from_here(place: str, module: ModuleType) -> str:
    """Returns what the module can be imported by from where we are: its name, or else its file."""
    if not place.endswith(".py"):
        return place
    here = Path(place).resolve().parent == Path.cwd().resolve()
    name = module.__name__
    return name if here and name.isidentifier() else place


def named(module: ModuleType, name: str, arguments: int, what: str) -> Callable[..., Any]:
    """Returns the function of that name; dots are followed.

    Errors: `Unusable`.
    """
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            close = difflib.get_close_matches(name, [n for n in vars(module) if n[0] != "_"], 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise Unusable(f"{module.__name__} has no {name}{hint}") from None
    given = "without arguments" if not arguments else f"that takes {what}"
    wanted = f"a function or class {given}"
    if not callable(value):
        raise Unusable(f"{name} of {module.__name__} is not {wanted}, but a {type(value).__name__}")
    if inspect.iscoroutinefunction(value):
        raise Unusable(f"{name} of {module.__name__} is not {wanted}: it is a coroutine function")
    try:
        inspect.signature(value).bind(*range(arguments))
    except TypeError as error:
        raise Unusable(f"{name} of {module.__name__} is not {wanted}: {error}") from None
    except ValueError:  # one of the functions written in C, which do not tell
        pass
    return value  # type: ignore[no-any-return]
