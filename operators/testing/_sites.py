"""Sites: where code may touch what another thread sees, and what it touches there."""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from types import BuiltinMethodType, CodeType, FrameType
from typing import Any, cast

_CONTAINERS = (deque, list, dict, set, bytearray)
_READS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_NAMED_LOADS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_NAMED_STORES = frozenset({"STORE_ATTR", "DELETE_ATTR"})
# What is found is not looked into yet: that is done by the next one, or by another name.
_PASS_ON = frozenset({"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "STORE_FAST"})
_SUBSCRIPTS = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR"})
CONTENT = "*"
"""The name of what a container holds."""

Touch = tuple[Any, str, bool]
"""An object, the name of its attribute or "*" for what a container holds, and whether it is changed."""


class Site:
    """One instruction, and the way to the object that it is about: a local, and attributes from there on."""

    __slots__ = ("looks", "name", "path", "root", "writes")

    def __init__(
        self, root: str | None, path: tuple[str, ...], name: str, writes: bool, looks: bool
    ) -> None:
        self.root = root
        self.path = path
        self.name = name
        self.writes = writes
        self.looks = looks

    def touches(self, frame: FrameType) -> Iterator[Touch]:
        """What it is about to touch; nothing known is an object of no class of its own: the code itself."""
        try:
            known: Any = frame.f_locals[self.root or ""]
            for name in self.path:
                if _computed(known, name):
                    raise LookupError(name)  # noqa: TRY301
                known = getattr(known, name)
        except (LookupError, AttributeError):
            yield frame.f_code, self.name, self.writes
            return
        if not self.name:
            if isinstance(known, _CONTAINERS):
                yield known, CONTENT, False
        elif isinstance(known, _CONTAINERS):
            yield known, CONTENT, self.name not in _READS
        elif not _computed(known, self.name):
            yield known, self.name, self.writes
            if self.looks:
                yield from _contents(known, self.name)


def _computed(known: Any, name: str) -> bool:
    """Whether code runs for an attribute, which is looked at where it is, and not to be run once more."""
    return isinstance(getattr(known.__class__, name, None), (property, cached_property))


def _contents(known: Any, name: str) -> Iterator[Touch]:
    try:
        value = getattr(known, name)
    except Exception:  # the code that is looked at finds out itself
        return
    if isinstance(value, _CONTAINERS):
        yield value, CONTENT, False
    elif isinstance(value, BuiltinMethodType):
        container: Any = value.__self__
        if isinstance(container, _CONTAINERS):
            yield container, CONTENT, value.__name__ not in _READS


def sites(code: CodeType) -> Iterator[tuple[int, Site]]:
    """The sites of a function, by the offset of the instruction."""
    if code.co_name == "__init__":
        return  # nobody else knows an object that is being made
    steps = list(dis.get_instructions(code))
    for index, step in enumerate(steps):
        following = steps[min(index + 1, len(steps) - 1)]
        name = str(step.argval)
        passes_on = following.opname in _PASS_ON
        if step.opname in _NAMED_LOADS or step.opname in _NAMED_STORES:
            root, path = _way(steps, index - 1)
            writes = step.opname in _NAMED_STORES
            yield step.offset, Site(root, path, name, writes, not writes and not passes_on)
        elif step.opname in {"LOAD_DEREF", "STORE_DEREF", "STORE_GLOBAL"}:
            yield step.offset, Site(None, (), name, step.opname[0] == "S", False)
        elif step.opname in _SUBSCRIPTS:
            yield step.offset, Site(None, (), CONTENT, True, False)
        elif step.opname == "LOAD_FAST" and not passes_on:
            yield step.offset, Site(name, (), "", False, True)  # a container by another name


def _way(steps: list[dis.Instruction], index: int) -> tuple[str | None, tuple[str, ...]]:
    path: list[str] = []
    while index >= 0 and steps[index].opname == "LOAD_ATTR":
        path.insert(0, str(steps[index].argval))
        index -= 1
    if index < 0 or not steps[index].opname.startswith(("LOAD_FAST", "LOAD_DEREF")):
        return None, ()
    name: Any = steps[index].argval
    if isinstance(name, tuple):  # two are loaded by one instruction, and the object is the second
        name = cast("tuple[str, str]", name)[1]
    return str(name), tuple(path)
