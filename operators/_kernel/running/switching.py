"""SwitchingStage: one downstream over upstreams that follow one another (retry, resume)."""

from __future__ import annotations

from typing import Any, ClassVar

from operators._kernel.failures.failure import in_handling, resubscribed
from operators._kernel.hosts.exits import ends_all
from operators._kernel.hosts.loops import homeless, running_loop
from operators._kernel.hosts.slices import Slice
from operators._kernel.kinds import resolved, taking_over
from operators._kernel.links.stage import Stage
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import connect
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.relay import bounce, follow, forsake
from operators._kernel.subscription.scope import Scope


class SwitchingStage(Stage):
    """Subscribes to another flow when its upstream ends; demand left over goes on to it, exactly."""

    __slots__ = ("_begun", "_drain", "_earlier", "_home", "_next", "_waits", "arbiter")

    patient: ClassVar[bool] = False
    """Whether it goes on with another flow only when there is demand."""
    again: ClassVar[bool] = False
    """Whether it is with its own upstream that it goes on: not where the run is drained."""
    at_home: ClassVar[bool] = True
    """Whether what it goes on with may need the event loop that it was begun on."""

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.arbiter = Arbiter()
        self._drain = Drain()
        self._next: Node | None = None
        self._begun = False
        self._waits = False
        self._earlier: Exception | None = None
        self._home = running_loop() if self.at_home else None

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
        if self._next is not None:
            self.scope.home.run_back(self._proceed)

    def cancel(self) -> None:
        self.done = True
        self.arbiter.cancel()

    def on_error(self, error: Exception) -> None:
        if (
            self.done
            or ends_all(error)
            or (self.again and self.scope.drained)
            or homeless(self._home, error)
        ):
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
        except BaseException as raised:
            self._broken_off(raised)
            raise
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
        self._proceed()

    def _proceed(self) -> None:
        if self._drain.enter():
            # Its end may have the next stage switch, and so on: not each inside of the one before.
            follow(self._run)

    def _run(self) -> None:
        slice_ = Slice()
        try:
            while True:
                node = self._next
                if (
                    node is not None
                    and (self.arbiter.wanted or not self.patient)
                    and self._is_cleaned_up()
                ):
                    self._next = None
                    if not self.arbiter.cancelled:
                        chain = taking_over(self.unwrapped(resolved(node)))
                        # What is to answer an error does so, whether or not the run is drained.
                        scope = self.scope
                        connect(chain, self, scope.unswitched if scope.drained else scope)
                if not self._drain.again():
                    return
                if slice_.over:
                    slice_.go_on(self._run, self._stranded)
                    return
        except BaseException as raised:
            if not isinstance(raised, Exception):
                self._broken_off(raised)
            raise

    def _broken_off(self, raised: BaseException) -> None:
        """Be over by what is nobody's signal: Ctrl-C, SystemExit."""
        if not self.done:
            self.cancel()
            forsake(self.downstream, raised)

    def _is_cleaned_up(self) -> bool:
        """Whether the try before has left nothing; where it has, this goes on when that is over."""
        if not self.node.operator.begins_anew or self.scope.settled:
            return True
        if not self._waits:
            self._waits = True
            self.scope.pending.then(self._cleaned_up)
        return False

    def _cleaned_up(self) -> None:
        self._waits = False
        self._proceed()

    def _stranded(self, error: Exception) -> None:
        # The turn is not given back: nothing is to come after this.
        self._next = None
        if not (self.done or self.arbiter.cancelled):
            self.arbiter.cancel()
            super().on_error(self.blame(error))

    def unwrapped(self, chain: list[Node]) -> list[Node]:
        """Return the chain to be subscribed to; a stage that is through with its own work may shorten it."""
        return chain
