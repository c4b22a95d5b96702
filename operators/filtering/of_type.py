"""of_type: the items of a class."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_classes
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class OfType(Step):
    """The items that are instances of a class.

    emits        each item that is
    backpressures  passes demand on, and asks for one more item for each that is left out
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_kind",)
    name = "of_type"
    contract = Contract.REPLACES
    steady = True
    keeps = True
    body = """
if not isinstance($item, $kind):
    skip
"""

    def __init__(self, kind: Any) -> None:
        need_classes("of_type", "kind", kind)
        self._kind: Any = kind

    def values(self) -> dict[str, Any]:
        return {"kind": self._kind}
