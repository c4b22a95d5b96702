"""cast: items that have to be of a class."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import classes, need_classes, shown
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class Cast(Step):
    """The same items, all of which have to be instances of a class.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or at an item that is no instance of the class
    """

    __slots__ = ("_kind",)
    name = "cast"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    keeps = True
    one_for_one = True
    body = """
if not isinstance($item, $kind):
    raise $wrong($item)
"""

    def __init__(self, kind: Any) -> None:
        need_classes("cast", "kind", kind)
        self._kind: Any = kind

    def values(self) -> dict[str, Any]:
        return {"kind": self._kind, "wrong": self._wrong}

    def _wrong(self, item: Any) -> TypeError:
        names = " or ".join(kind.__name__ for kind in classes(self._kind))
        return TypeError(f"cast: needs items of the class {names}, got {shown(item)}")
