"""What goes wrong, for each system: a module each, whose FAULTS are functions that say what came of it.

What a function returns is a line of docs/connectors/faults.md; what it asserts is what the line stands for.
A module with `needs = "name"` needs a real server, of `tests.connectors.servers`, and one with `NEEDING` for
those of its faults that it names; one with `large = True` needs a package that is large, and not installed
for each interpreter.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module


def all_faults() -> dict[tuple[str, str], Callable[[], str]]:
    """Every fault, by the system and its name."""
    found: dict[tuple[str, str], Callable[[], str]] = {}
    for module in pkgutil.iter_modules(__path__):
        faults = import_module(f"{__name__}.{module.name}").FAULTS
        found |= {(module.name, name): function for name, function in faults.items()}
    return found


def needs_server(system: str, fault: str) -> bool:
    """Whether a fault of a system needs a real server."""
    module = import_module(f"{__name__}.{system}")
    return bool(getattr(module, "needs", "")) or fault in getattr(module, "NEEDING", ())


def is_large(system: str) -> bool:
    """Whether the faults of a system need a large package."""
    return bool(getattr(import_module(f"{__name__}.{system}"), "large", False))
