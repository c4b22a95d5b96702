"""PausingStage: a SwitchingStage that waits before it goes on with the next upstream."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.links.stage import Stage
from operators._kernel.plan.node import Node
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope


class PausingStage(SwitchingStage):
    """Waits for as long as `pause` says, on a worker, where the next upstream is subscribed to as well.

    What ends the pause, the worker, a bad request, a drain or a cancel, takes the next one off: so it is one
    of them.
    """

    __slots__ = ("_ended_by", "_hop", "_waiting", "pause")

    def __init__(self, worker: Any, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._waiting: deque[tuple[Node, Exception | None]] = deque()
        self._ended_by: Exception | None = None
        self.pause: float = 0.0
        """Seconds until the next upstream is subscribed to; set by `successor`."""
        self._hop = Hop(worker, scope, self._lost, self._lost)

    def switch_to(self, node: Node) -> None:
        error, self._ended_by = self._ended_by, None
        if self.pause <= 0:
            super().switch_to(node)
        else:
            self._waiting.append((node, error))
            if self.scope.switch is not None:
                self.scope.switch.enter(self)
            self._hop.run(self._go_on, self.pause)  # by nobody, where it is drained already

    def _taken(self) -> tuple[Node, Exception | None] | None:
        if self.scope.switch is not None:
            self.scope.switch.leave(self)
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _go_on(self) -> None:
        taken = self._taken()
        if taken is not None:
            super().switch_to(taken[0])

    def _cleaned_up(self) -> None:
        self._hop.run(super()._cleaned_up)

    def _end(self, error: Exception) -> None:
        """End the stream in the midst of a pause, where it is one still."""
        if self._taken() is not None:
            Stage.on_error(self, error)
            self._hop.close()

    def end(self, _: Exception | None) -> None:
        """End the pause, and the stream as the upstream before it did: the run is drained."""
        taken = self._taken()
        if taken is None:
            return
        error = taken[1]
        if error is None:
            Stage.on_complete(self)
        else:
            Stage.on_error(self, error)
        self._hop.close()

    def _lost(self, error: Exception) -> None:
        self._end(self.blame(error))

    def request(self, n: int) -> None:
        super().request(n)
        if self._waiting and (bad := demand_error(plain(n))) is not None:
            self._end(bad)

    def cancel(self) -> None:
        super().cancel()
        self._taken()
        self._hop.close()

    def on_error(self, error: Exception) -> None:
        self._ended_by = error
        super().on_error(error)
        if self.done:
            self._hop.close()

    def on_complete(self) -> None:
        super().on_complete()
        if self.done:
            self._hop.close()
