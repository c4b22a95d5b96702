"""SwitchingStage: one downstream over upstreams that follow one another (retry, resume)."""

from __future__ import annotations

from typing import Any

from operators._kernel.arbiter import Arbiter
from operators._kernel.assembly import connect
from operators._kernel.drain import Drain
from operators._kernel.failure import in_handling, resubscribed
from operators._kernel.kinds import resolved
from operators._kernel.node import Node
from operators._kernel.relay import bounce
from operators._kernel.scope import Scope
from operators._kernel.slices import Slice
from operators._kernel.stage import Stage


class SwitchingStage(Stage):
    """Subscribes to another flow when its upstream ends; demand left over goes on to it, exactly."""

    __slots__ = ("_begun", "_drain", "_earlier", "_next", "arbiter")

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.arbiter = Arbiter()
        self._drain = Drain()
        self._next: Node | None = None
        self._begun = False
        self._earlier: Exception | None = None

    def on_subscribe(self, subscription: Any) -> None:
        if self._begun:
            self.arbiter.switch(subscription)
        else:
            self._begun = True
            self._drain.enter()
            self.arbiter.switch(subscription)
            self.downstream.on_subscribe(self)
            bounce(self._run)

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
        else:
            self.arbiter.produced += 1
            self.downstream.on_next(item)

    def request(self, n: int) -> None:
        self.arbiter.request(n)

    def cancel(self) -> None:
        self.done = True
        self.arbiter.cancel()

    def on_error(self, error: Exception) -> None:
        if self.done:
            super().on_error(error)
            return
        if self.arbiter.misused:
            answer = self.arbiter.answer(error)
            super().on_error(answer)
            if (type(error), error.args) != (type(answer), answer.args):
                super().on_error(error)  # a failure at the same time, which goes to the hook
            return
        earlier, self._earlier = self._earlier, error
        if earlier is not None:
            error = resubscribed(error, earlier)
        try:
            successor = self.successor(error)
        except Exception as raised:
            super().on_error(self.blame(in_handling(raised, error)))
            return
        if successor is None:
            super().on_error(error)
        else:
            self.switch_to(successor)

    def successor(self, error: Exception) -> Node | None:
        """Return the flow that takes over after this error; None passes the error on."""
        raise NotImplementedError

    def switch_to(self, node: Node) -> None:
        """Subscribe to the node's flow: in a loop, however often that ends at once."""
        self._next = node
        if self._drain.enter():
            # Its end may have the next stage switch, and so on: not each inside of the one before.
            bounce(self._run)

    def _run(self) -> None:
        slice_ = Slice()
        while True:
            node, self._next = self._next, None
            if node is not None and not self.arbiter.cancelled:
                connect(self.unwrapped(resolved(node)), self, self.scope)
            if not self._drain.again():
                return
            if slice_.over:
                slice_.go_on(self._run)
                return

    def unwrapped(self, chain: list[Node]) -> list[Node]:
        """Return the chain to be subscribed to; a stage that is through with its own work may shorten it."""
        return chain
