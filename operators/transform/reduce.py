"""reduce: all items made into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.checks import need_callable
from operators._kernel.contract import Contract
from operators._kernel.failure import NOTHING
from operators._kernel.kinds import Link
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import EMPTY, QueuedStage
from operators._kernel.step import Step
from reactive_streams import UNBOUNDED


class Reduce(Step, Link):
    """The result of a fold over all items.

    emits        the result, when upstream has completed; nothing for no items without a seed
    backpressures  asks upstream without bound, at the first request
    completes    with the result
    fails        when upstream does, or fn raises
    """

    __slots__ = ("_fn", "_seed")
    name = "reduce"
    contract = Contract.UNBOUNDED_UPSTREAM
    pushes = False
    late = True
    body = """
$so_far = $item if $so_far is $nothing else $fn($so_far, $item)
drop
"""
    flush = """
if $so_far is not $nothing:
    $item, $so_far = $so_far, $nothing
    emit
"""
    leftovers = "[] if $so_far is $nothing else [$so_far]"

    def __init__(self, fn: Callable[[Any, Any], Any], seed: Any = NOTHING) -> None:
        need_callable("reduce", "fn", fn)
        self._fn = fn
        self._seed = seed

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn, "so_far": self._seed, "nothing": NOTHING}

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ReduceStage(self._fn, self._seed, downstream, node, scope)


class _ReduceStage(QueuedStage):
    __slots__ = ("_asked", "_completed", "_fn", "_result")

    def __init__(
        self,
        fn: Callable[[Any, Any], Any],
        seed: Any,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._fn = fn
        self._result = seed
        self._asked = False
        self._completed = False

    @property
    def occupied(self) -> int:
        """The result so far."""
        return int(self._result is not NOTHING)

    @property
    def buffered(self) -> int:
        """The result so far, which waits for the end."""
        return self.occupied

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            # Upstream may be running inside this stage's own loop, which comes to the end after it.
            self.upstream.cancel()
            self.refuse(item)
            return
        if self._result is NOTHING:
            self._result = item
            return
        try:
            self._result = self._fn(self._result, item)
        except Exception as error:
            self.upstream.cancel()
            self.abort(self.blame(error, item))

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    def poll(self) -> Any:
        if not self._asked:
            self._asked = True
            self.upstream.request(UNBOUNDED)
        if not self._completed or self._result is NOTHING:
            return EMPTY
        result, self._result = self._result, NOTHING
        return result

    def exhausted(self) -> bool:
        return self._completed and self._result is NOTHING

    def held(self) -> list[Any]:
        result, self._result = self._result, NOTHING
        return [] if result is NOTHING else [result]
