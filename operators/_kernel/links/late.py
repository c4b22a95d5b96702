"""Late: a step that has something to give when upstream is over, for which there has to be demand too."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.links.stage import FusedStage
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.scope import Scope


class LateStep(Step, Link):
    """A step whose flush gives something; where it is pushed it is a stage of its own, of the same lines."""

    __slots__ = ()
    pushes = False
    late = True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _Front(downstream, node, scope)


class _Front(FusedStage):
    """Runs the step's lines for what comes; those for the end when there is demand for what they give."""

    __slots__ = ("_back",)

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        self._back = _Back(self, downstream, node, scope)
        super().__init__(self._back, [node], scope)

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self._back.on_subscribe(self)

    def _complete(self) -> None:
        if not self.done:
            self._back.wait_for_demand()

    def flush(self) -> None:
        """Have the step give what it has at the end."""
        self._alone(self._flush_now)

    def _flush_now(self) -> None:
        if self.done:
            return
        try:
            self._flush()
        except Exception as error:
            self.fail(self.blame(error))
        else:
            self.done = True
            self._back.on_complete()


class _Back(QueuedStage):
    """Gives out, on demand, what the front has made of what came."""

    __slots__ = ("_asked", "_completed", "_front", "_items", "_waits")

    def __init__(self, front: _Front, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._front = front
        self._items: deque[Any] = deque()
        self._asked = False  # by who polls, for one item at a time
        self._waits = False
        self._completed = False

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is None:
            self.demand.add(n)
            self._front.request(n)
            self.home.run_back(self.schedule)
        else:
            super().request(n)

    def on_next(self, item: Any) -> None:
        self._items.append(item)
        self.schedule()

    def on_error(self, error: Exception) -> None:
        if self.done or self.interrupted:
            self.abort(error)
            return
        self.failure = error  # after what was made before it
        self.on_complete()

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    def wait_for_demand(self) -> None:
        """Take note that upstream is over, and the flush is to come."""
        self._waits = True
        self.schedule()

    def poll(self) -> Any:
        items = self._items
        if not items:
            if self.polls and not self._asked:
                self._asked = True
                self._front.request(1)
            if self._waits and not items:
                self._waits = False
                self._front.flush()
        try:
            item = items.popleft()
        except IndexError:
            return EMPTY
        self._asked = False
        return item

    def exhausted(self) -> bool:
        return self._completed and not self._items

    def is_over(self) -> bool:
        return super().is_over() or self.exhausted()

    def held(self) -> list[Any]:
        held: list[Any] = []
        while self._items:  # by the loop only
            held.append(self._items.popleft())
        return held
