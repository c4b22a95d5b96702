"""Every source and sink of `operators.connectors`, as the tests that go through all of them are to see it.

A module for each system. A source is made with the number of its elements, and a sink put on a flow of so
many; its name is `system.function`. What it needs, such as a server on loopback, it brings along; one
that has `needs = "name"` needs a real server, of `tests.connectors.servers`. A gate fails for a function
that stands nowhere here.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.tck.own import Own

_MODULES = [import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]

SOURCES: list[Own] = [own for module in _MODULES for own in module.SOURCES]
SINKS: list[Own] = [own for module in _MODULES for own in module.SINKS]
VALUES: dict[str, Callable[[int], Any]] = {
    name: value for module in _MODULES for name, value in getattr(module, "VALUES", {}).items()
}
"""How an element of the kit becomes one that a sink takes, where that is needed."""

NEEDS: dict[str, list[str]] = {
    own.name: [module.needs]
    for module in _MODULES
    for own in (*module.SOURCES, *module.SINKS)
    if getattr(module, "needs", "")
}
"""The real server that a component needs, where it needs one."""

SLOW: set[str] = {
    own.name
    for module in _MODULES
    for own in (*module.SOURCES, *module.SINKS)
    if getattr(module, "needs", "") or getattr(module, "large", False)
}
"""Those of which the first one takes longer to make than the kit waits: a server begins, say."""

APART: set[str] = {
    own.name
    for module in _MODULES
    for own in (*module.SOURCES, *module.SINKS)
    if getattr(module, "apart", False)
}
"""What is looked at in a process of its own, by `tests.connectors.jvm_apart`."""
