"""The page on the classes that go with operators: processors, hubs, and what steers a flow from outside."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import operators
from tools.operator_pages.facts import called, split

CLASSES = {
    "Processors": ("Multicast", "Unicast", "Replay", "Latest", "Emitted"),
    "Hubs": ("MergeHub", "PartitionHub"),
    "Flows with something more": ("ConnectableFlow", "GroupedFlow"),
    "To steer flows from outside": ("KillSwitch", "Valve", "CircuitBreaker", "Backoff"),
    "To push into a flow": ("Emitter", "AsyncEmitter"),
}
_MADE_FOR_YOU = ("Emitted", "ConnectableFlow", "GroupedFlow", "Emitter", "AsyncEmitter")
_HEAD = """
# Processors, hubs, and what goes with operators

Made from the code by `python tools/operator_docs.py`; do not edit. [All operators](../operators.md).
""".strip()


def classes_page() -> str:
    """Return the text of the page."""
    parts = [_HEAD]
    for title, names in CLASSES.items():
        parts.append(f"## {title}")
        for name in names:
            parts += _section(name)
    return "\n\n".join(parts) + "\n"


def _section(name: str) -> Iterator[str]:
    cls = getattr(operators, name)
    doc = inspect.getdoc(cls) or ""
    text, example = split(name, doc) if ">>> " in doc else (doc, "")
    yield f"### {name}"
    yield text
    if name not in _MADE_FOR_YOU:
        yield f"```text\n{called(name, cls.__init__).removesuffix(' -> None')}\n```"
    methods = [
        f"- `{called(method, member)}`: {_summary(member)}"
        for owner in cls.__mro__
        if owner.__module__.startswith("operators") and owner is not operators.Flow
        for method, member in vars(owner).items()
        if method[0] != "_" and inspect.isfunction(member) and _of_its_own(owner)
    ]
    if methods:
        yield "\n".join(dict.fromkeys(methods))
    if example:
        yield f"```pycon\n{example}\n```"


def _of_its_own(owner: type) -> bool:
    """Whether what a class has is its own, and not what every flow has."""
    return not (issubclass(operators.Flow, owner) or owner.__module__.startswith("operators._"))


def _summary(member: object) -> str:
    return (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ")
