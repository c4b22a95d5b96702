"""retry: another try after an error."""

from __future__ import annotations

from typing import Any

from operators._kernel.checks import need_count
from operators._kernel.contract import Contract
from operators._kernel.failure import OneShotError
from operators._kernel.heads import Resuming
from operators._kernel.kinds import Link
from operators._kernel.node import Node
from operators._kernel.opening import Place
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators._kernel.switching import SwitchingStage
from reactive_streams import UNBOUNDED


class Retry(Step, Link):
    """Upstream's items, subscribed to again after each error, up to `times` times.

    emits        what each try emits; what a failed try had emitted stays emitted
    backpressures  passes demand on; a new try is asked for what is left of it
    completes    when a try does
    fails        with the error of the last try; a one-shot source is not tried a third time
    """

    __slots__ = ("_times",)
    name = "retry"
    strict = True
    contract = Contract.SEQUENTIAL
    head = "resume"
    pushes = False
    keeps = True

    def __init__(self, times: int) -> None:
        need_count("retry", "times", times, least=0)
        self._times = times

    @property
    def details(self) -> str:
        return f"times={'UNBOUNDED' if self._times == UNBOUNDED else self._times}"

    def opened(self, place: Place) -> Resuming:
        return Resuming(place, _Tries(self._times, place.node))

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _RetryStage(self._times, downstream, node, scope)


class _Tries:
    """Gives the flow to be tried again after an error, as often as that may be."""

    __slots__ = ("_left", "_node")

    def __init__(self, times: int, node: Node) -> None:
        self._left = times
        self._node = node

    def __call__(self, error: Exception) -> Node | None:
        if not self._left or isinstance(error, OneShotError):  # which is the same at each try
            return None
        self._left -= 1
        return self._node.upstream

    def unwrapped(self, chain: list[Node]) -> tuple[list[Node], Node | None]:
        """Return the chain as it is."""
        return chain, None


class _RetryStage(SwitchingStage):
    __slots__ = ("_tries",)

    def __init__(self, times: int, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._tries = _Tries(times, node)

    def successor(self, error: Exception) -> Node | None:
        return self._tries(error)
