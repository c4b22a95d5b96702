"""skip_while: the items from the first that fails a test on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class SkipWhile(Step):
    """The items from the first on for which the predicate is false.

    emits        that item and all after it
    backpressures  passes demand on, and asks for one more item for each that is skipped
    completes    when upstream does
    fails        when upstream does, or the predicate raises
    """

    __slots__ = ("_predicate",)
    name = "skip_while"
    function = "predicate"
    contract = Contract.REPLACES
    steady = True
    keeps = True
    body = """
if $skipping:
    if $predicate($item):
        skip
    $skipping = False
"""

    def __init__(self, predicate: Callable[[Any], Any]) -> None:
        need_callable("skip_while", "predicate", predicate)
        self._predicate = predicate

    def values(self) -> dict[str, Any]:
        return {"predicate": self._predicate, "skipping": True}
