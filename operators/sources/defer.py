"""defer: a flow made anew for each Subscriber."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.kinds import DeferredSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators.sources.publisher import as_node


class Defer(DeferredSource):
    """The flow that a factory makes, which is called once for each subscription.

    emits        what the made flow emits
    backpressures  as the made flow does
    completes    as the made flow does
    fails        as the made flow does, or when the factory raises
    """

    __slots__ = ("_factory",)
    name = "defer"
    contract = Contract.ON_DEMAND

    def __init__(self, factory: Callable[[], Any]) -> None:
        need_callable("defer", "factory", factory)
        self._factory = factory

    def resolve(self) -> Node:
        return as_node("defer", "factory", self._factory())
