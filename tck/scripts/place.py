"""Where a factory is, in words that a script can say and `load` understands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType


def place_of(factory: object, near: str = "") -> str:
    """Returns "module:name" or "path/to/file.py:name"; "" for what cannot be had by a name.

    A method is one of a fresh object of its class: "test_mine.py:TestNumbers().create_publisher".
    `near` is the place of another factory, which may tell better where the module is.

    >>> import string
    >>> place_of(string.Template), place_of(string.Template("x").substitute), place_of(lambda: 1)
    ('string:Template', '', '')
    """
    owner: object = getattr(factory, "__self__", None)
    if owner is not None and not isinstance(owner, (type, ModuleType)):
        # What takes arguments, or was given something since, is not one like any other.
        plain = owner.__class__.__init__ is object.__init__ and not getattr(owner, "__dict__", None)
        made = place_of(owner.__class__, near) if plain else ""
        return f"{made}().{getattr(factory, '__name__', '')}" if made else ""
    name = str(getattr(factory, "__qualname__", ""))
    module = sys.modules.get(str(getattr(factory, "__module__", "")))
    value: object = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if module is None or value is None or value != factory:
        return ""
    place = near.rpartition(":")[0] or place_of_module(module)
    return f"{place}:{name}" if place else ""


def place_of_module(module: ModuleType) -> str:
    """Returns what a module can be imported by from where we are: its name, or else its file."""
    file = getattr(module, "__file__", None)
    if file is None:
        return "" if module.__name__ == "__main__" else module.__name__
    path = Path(file).resolve()
    here = Path.cwd().resolve()
    alone = "." not in module.__name__ and path.name != "__init__.py"
    if module.__name__ == "__main__" or (
        alone and path.parent != here and path.is_relative_to(here)
    ):
        # The tests of pytest, say, whose folder is on the path as long as pytest runs.
        return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
    return module.__name__
