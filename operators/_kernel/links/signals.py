"""Signals: a step that is told how a stream begins and ends, pulled or pushed, and has a say in it."""

from __future__ import annotations

from typing import Any, ClassVar

from operators._kernel.fusing.feed import Feed
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link, refuse
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.scope import Scope


class Told:
    """What is told of one subscription; one end is told, and once."""

    __slots__ = ("_place", "node")

    def __init__(self, node: Node) -> None:
        self.node: Node = node
        self._place: Place | None = None

    def at(self, place: Place) -> Told:
        """Return this for a stream that is pulled."""
        self._place = place
        return self

    def feed(self) -> Feed:
        """Return what is upstream, where that is pulled."""
        assert self._place is not None
        return self._place.feed

    def begun(self) -> None:
        """Take note that it begins, at least once; what this raises is the end of it."""

    def completed(self) -> None:
        """Take note that upstream has completed; what this raises is the error instead."""

    def failed(self, error: Exception) -> Exception:
        """Take note that upstream has failed, and return the error to be passed on; raises nothing."""
        return error

    def cancelled(self) -> None:
        """Take note that it was cancelled; raises nothing."""


class SignalsStep(Step, Link):
    """Passes the items on as they are; what `told` returns has a say in the ends."""

    __slots__ = ()
    contract: Contract = Contract.PASS_THROUGH
    head: ClassVar[str] = "signals"
    pushes = False
    keeps = True
    one_for_one = True

    def told(self, node: Node) -> Told:
        """Return what is told of one subscription."""
        raise NotImplementedError

    def opened(self, place: Place) -> Told:
        return self.told(place.node).at(place)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SignalsStage(self.told(node), downstream, node, scope)


class _SignalsStage(Stage):
    __slots__ = ("_end", "_told")

    def __init__(self, told: Told, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._told = told
        self._end = Claim()  # a cancel may come at the same time as the end

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        try:
            self._told.begun()
        except Exception as error:
            self.done = self._end.take()
            subscription.cancel()
            refuse(self.downstream, self.blame(error))
            return
        self.downstream.on_subscribe(self)

    def on_error(self, error: Exception) -> None:
        super().on_error(self._told.failed(error) if self._end.take() else error)

    def on_complete(self) -> None:
        if not self._end.take():
            return
        try:
            self._told.completed()
        except Exception as error:
            super().on_error(self.blame(error))
        else:
            super().on_complete()

    def cancel(self) -> None:
        super().cancel()
        if self._end.take():
            self.scope.home.run_back(self._told.cancelled)
