"""RaceStage: several flows, all of which are asked, and the first of which that signals is the one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.failure import drop_error
from operators._kernel.links.stage import Stage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.scope import Scope


class _Runner:
    """The Subscriber of one of the flows."""

    __slots__ = ("_race", "upstream")

    def __init__(self, race: RaceStage) -> None:
        self._race = race
        self.upstream = Arbiter()  # it may be asked, or cancelled, before its Subscription comes

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream.switch(subscription)

    def on_next(self, item: Any) -> None:
        if self._race.has(self):
            self._race.pass_next(item)
        else:
            self._race.refuse(item)

    def on_error(self, error: Exception) -> None:
        if self._race.has(self):
            self._race.pass_error(error)
        else:
            drop_error(
                error, f"in {self._race.node.title}, which had another one; {self._race.node.where}"
            )

    def on_complete(self) -> None:
        if self._race.has(self):
            self._race.pass_end()


class RaceStage(Stage):
    """Passes on what the first flow that signals has; the others are cancelled then."""

    __slots__ = ("_claim", "_others", "_runners", "_subscribe", "_winner")

    def __init__(
        self,
        others: tuple[Node, ...],
        subscribe: Callable[[Node, Any, Scope], None],
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._others = others
        self._subscribe = subscribe
        self._claim = Claim()
        self._runners: list[_Runner] = [_Runner(self) for _ in range(len(others) + 1)]
        self._winner: _Runner | None = None

    def on_subscribe(self, subscription: Any) -> None:
        first, *others = self._runners
        self.downstream.on_subscribe(self)
        first.on_subscribe(subscription)
        for node, runner in zip(self._others, others, strict=True):
            if self.done or self._winner is not None:
                return
            self._subscribe(node, runner, self.scope)

    def has(self, runner: _Runner) -> bool:
        """Whether the runner is the one, which the first to ask becomes."""
        if self._winner is None and self._claim.take():
            self._winner = runner
            self._cancel(but=runner)
        return self._winner is runner

    def _cancel(self, but: _Runner | None = None) -> None:
        for runner in self._runners:
            if runner is not but:
                runner.upstream.cancel()

    def on_next(self, item: Any) -> None:
        self._runners[0].on_next(item)

    def on_error(self, error: Exception) -> None:
        self._runners[0].on_error(error)

    def on_complete(self) -> None:
        self._runners[0].on_complete()

    def pass_next(self, item: Any) -> None:
        """Pass on an item of the one."""
        super().on_next(item)

    def pass_error(self, error: Exception) -> None:
        """Pass on the error of the one."""
        super().on_error(error)

    def pass_end(self) -> None:
        """Pass on the end of the one."""
        super().on_complete()

    def request(self, n: int) -> None:
        winner = self._winner
        for runner in self._runners if winner is None else (winner,):
            runner.upstream.request(n)

    def cancel(self) -> None:
        if not self.done:
            self.done = True
            self._cancel()
