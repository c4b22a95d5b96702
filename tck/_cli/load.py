"""From FILE_OR_MODULE:NAME to a factory, or to one line that says why not."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class Unusable(Exception):
    """What the user named cannot be used; the message is one line that says why."""


def load(target: str, arguments: int, what: str) -> tuple[Callable[..., Any], str]:
    """Returns the factory, to be called with so many arguments, and its "module:name".

    Errors: `Unusable`.
    """
    place, _, name = target.rpartition(":")
    if not place or not name or os.sep in name:
        raise Unusable(
            f"{target}: which factory of it? Give FILE_OR_MODULE:NAME, as in mine.py:numbers"
        )
    module = _import(place)
    return named(module, name, arguments, what), f"{_from_here(place, module)}:{name}"


def _from_here(place: str, module: ModuleType) -> str:
    """Returns what the module can be imported by from where we are: its name, or else its file."""
    if not place.endswith(".py"):
        return place
    here = Path(place).resolve().parent == Path.cwd().resolve()
    name = module.__name__
    return name if here and name.isidentifier() else place


def module_of(target: str) -> ModuleType:
    """Returns the module of a target that was loaded before."""
    return _import(target.rpartition(":")[0])


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


def _import(place: str) -> ModuleType:
    if place.endswith(".py") or os.sep in place:
        return _import_file(place)
    if not all(part.isidentifier() for part in place.split(".")):
        raise Unusable(f"{place}: neither a Python file nor the full name of a module")
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(error.name + ".")):
            hint = f"; for a file, write {place}.py" if Path(f"{place}.py").is_file() else ""
            raise Unusable(f"{place}: no such module{hint}") from None
        raise _failed(place, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(place, error) from error


def _import_file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.is_file():
        raise Unusable(f"{place}: {'this is not a file' if path.exists() else 'no such file'}")
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    sys.path.insert(0, str(path.parent))  # as for `python FILE`
    name = path.stem if known is None else f"{path.stem} of the command line"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Unusable(f"{place}: this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _failed(place, error) from error
    return module


def _failed(place: str, error: BaseException) -> Unusable:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    frames = traceback.extract_tb(error.__traceback__)
    at = frames[-1] if frames and not isinstance(error, SyntaxError) else None
    where = f" ({at.filename}:{at.lineno})" if at and not at.filename.startswith("<") else ""
    return Unusable(f"{place} cannot be imported: {text}{where}")
