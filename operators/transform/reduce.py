"""reduce: all items made into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.checks import need_result
from operators._kernel.contract import Contract
from operators._kernel.failure import NOTHING
from operators._kernel.firsts import first
from operators._kernel.kinds import Link
from operators._kernel.node import Node
from operators._kernel.queued import EMPTY, QueuedStage
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators.transform.seeds import Fold, need_fold, starting
from reactive_streams import UNBOUNDED


class Reduce(Step, Link):
    """The result of a fold over all items.

    emits        the result, when upstream has completed; nothing for no items without a seed; with
                 one, each run starts from a seed of its own
    backpressures  asks upstream without bound, at the first request
    completes    with the result
    fails        when upstream does, or fn or the seed's factory raises; the result so far is discarded
    """

    __slots__ = ("_fn", "_start")
    name = "reduce"
    function = "fn"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    pushes = False
    late = True
    body = """
$so_far = $begin($item) if $so_far is $nothing else $fn($so_far, $item)
drop
"""
    flush = """
if $so_far is $nothing:
    $so_far = $start()
if $so_far is not $nothing:
    $item, $so_far = $so_far, $nothing
    emit
"""
    leftovers = "[] if $so_far is $nothing else [$so_far]"

    def __init__(self, fn: Fold, seed: Any, factory: Callable[[], Any] | None) -> None:
        need_fold("reduce", fn, seed, factory)
        self._fn = fn
        self._start = starting("reduce", seed, factory)

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        # The seed is made where what that raises is the step's failure.
        return {"fn": self._fn, "begin": self.begin, "start": self._start, "so_far": NOTHING,
                "nothing": NOTHING}  # fmt: skip

    def begin(self, item: Any) -> Any:
        """Return the result after the first item."""
        seed = self._start()
        if seed is NOTHING:
            return item
        result = self._fn(seed, item)
        need_result("reduce", "fn", result)
        return result

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ReduceStage(self, self._fn, self._start, downstream, node, scope)


class _ReduceStage(QueuedStage):
    __slots__ = ("_asked", "_completed", "_fn", "_operator", "_result", "_start")

    def __init__(
        self,
        operator: Reduce,
        fn: Fold,
        start: Callable[[], Any],
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._fn: Fold = first("reduce", "fn", fn, self._known)
        self._start: Callable[[], Any] | None = start
        self._result: Any = NOTHING
        self._operator = operator
        self._asked = False
        self._completed = False

    def _known(self, fn: Fold) -> None:
        self._fn = fn

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
        try:
            if self._result is NOTHING:
                self._result = self._operator.begin(item)
            else:
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
        if not self._completed or self._start is None:
            return EMPTY
        start, self._start = self._start, None
        try:
            result = start() if self._result is NOTHING else self._result
        except Exception as error:
            self.abort(self.blame(error))
            return EMPTY
        self._result = NOTHING
        return EMPTY if result is NOTHING else result

    def exhausted(self) -> bool:
        return self._completed and self._start is None

    def held(self) -> list[Any]:
        result, self._result = self._result, NOTHING
        return [] if result is NOTHING else [result]
