"""From FILE_OR_MODULE:NAME to a Flow, or to one line that says why not."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from typing_extensions import TypeIs

from operators._kernel.failures.failure import brief
from operators.flow import Flow


class Unusable(Exception):
    """What the user named cannot be run; the message is one line that says why."""


def load(target: str) -> Flow[Any]:
    """Return the Flow that `target`, as FILE_OR_MODULE:NAME, stands for; raise Unusable otherwise."""
    place, _, name = target.rpartition(":")
    if not place or not name or os.sep in name:
        known = _flows_of(_import(target)) if _is_file(target) and Path(target).is_file() else []
        hint = (
            f"; it has {_listed(known)}"
            if known
            else ", as in flows.py:words or package.module:words"
        )
        raise Unusable(f"{target}: which flow of it? Give FILE_OR_MODULE:NAME{hint}")
    module = _import(place)
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise Unusable(f"{place} has no {name}{_hint(name, _flows_of(module))}") from None
    return _flow(value, name, place)


def _flow(value: Any, name: str, place: str) -> Flow[Any]:
    if _is_flow(value):
        return value
    wanted = "a Flow, or a function without arguments that returns one"
    if isinstance(value, type) or not callable(value):
        raise Unusable(f"{name} of {place} is not {wanted}: it is {_described(value)}")
    if inspect.iscoroutinefunction(value):
        raise Unusable(f"{name} of {place} is not {wanted}: it is a coroutine function")
    try:
        inspect.signature(value).bind()
    except TypeError as error:
        raise Unusable(f"{name} of {place} is not {wanted}: {error}") from None
    except ValueError:  # one of the functions written in C, which do not tell
        pass
    try:
        made = value()
    except (Exception, SystemExit) as error:
        raise Unusable(f"{name}() of {place} raised {_described_error(error)}") from error
    if not _is_flow(made):
        raise Unusable(f"{name}() of {place} returned no Flow, but {_described(made)}")
    return made


def _is_flow(value: Any) -> TypeIs[Flow[Any]]:
    return isinstance(value, Flow)


def _described(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = " ".join(brief(value).split())
    if callable(getattr(value, "subscribe", None)):
        text += ", a Publisher, which Flow.from_publisher makes a Flow of"
    return f"{text} ({type(value).__name__})"


def _is_file(place: str) -> bool:
    return (
        place.endswith(".py") or os.sep in place or (os.altsep is not None and os.altsep in place)
    )


def _import(place: str) -> ModuleType:
    if _is_file(place):
        return _import_file(place)
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(error.name + ".")):
            hint = f"; for a file, write {place}.py" if Path(f"{place}.py").is_file() else ""
            raise Unusable(
                f"{place}: no such module (no module named {error.name}){hint}"
            ) from None
        raise _failed_import(place, error) from error
    except (Exception, SystemExit) as error:
        raise _failed_import(place, error) from error


def _import_file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.exists():
        raise Unusable(f"{place}: no such file")
    if not path.is_file():
        raise Unusable(f"{place}: this is not a file")
    # As for `python FILE`: the modules beside it can be imported, also by processes that it starts.
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem not in sys.modules else f"{path.stem} of the command line"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Unusable(f"{place}: this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _failed_import(place, error) from error
    return module


def _failed_import(place: str, error: BaseException) -> Unusable:
    return Unusable(f"{place} cannot be imported: {_described_error(error)}")


def _described_error(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    if isinstance(error, SyntaxError):  # its text ends with file and line
        return text
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(
            ("<", str(Path(__file__).parent), os.path.dirname(os.__file__))
        )
    ]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if frames else text


def _flows_of(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, Flow)]


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; it has {_listed(known)}" if known else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
