"""From "module:name" or "path/to/file.py:name", which is what a script says, to what is there."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


class Unusable(Exception):
    """What is to be verified cannot be used, which is no verdict; the message is one line that says why.

    Where something hangs, the lines below it are the stack of what does.
    """


def load(subject: str) -> Any:
    """Returns what "module:name" or "path/to/file.py:name" names; dots in the name are followed.

    A part that ends with "()" is called.

    >>> load("math:pi")
    3.141592653589793
    >>> load("fractions:Fraction().limit_denominator")()
    Fraction(0, 1)
    """
    value: Any = module_of(subject)
    for part in subject.rpartition(":")[2].split("."):
        value = getattr(value, part.removesuffix("()"))
        if part.endswith("()"):
            value = value()
    return value


def module_of(target: str) -> ModuleType:
    """Returns the module of a target that was loaded before."""
    return import_module(target.rpartition(":")[0])


def import_module(place: str) -> ModuleType:
    """Returns the module of that name, or of that Python file.

    Errors: `Unusable`.
    """
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
