"""PassingStage: a stage of several inputs that passes upstream's items on as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.links.serial import SerialStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED


class PassingStage(SerialStage):
    """Passes upstream's items on as they come, and demand up, until an event ends it.

    It holds no item, but for one that comes in the midst of another signal.
    """

    __slots__ = ("passed",)
    can_poll = False
    keeps_count = False

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.passed: Callable[[Any], None] = _passing(self, downstream.on_next)
        """Passes an item on."""

    def request(self, n: int) -> None:
        self.upstream.request(n)  # which counts the demand, and answers a bad one

    def on_next(self, item: Any) -> None:
        self.passed(item)

    def pass_later(self, item: Any) -> None:
        """Pass an item on that comes in the midst of another signal, or after the end."""
        if self.over:
            self.refuse(item)
        else:
            self.outbox.append(item)
            self.schedule()

    def _turn(self) -> None:
        if self._ended():
            return
        self.deliver(UNBOUNDED)
        if not self._ended() and self.exhausted():
            self._terminate(self.failure)


class GateStage(PassingStage):
    """A PassingStage that has nothing to do with an item but to pass it on."""

    __slots__ = ("on_next",)

    on_next: Any  # no method of its own between

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.on_next = self.passed


def _passing(stage: PassingStage, emit: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what passes an item on, with everything at hand that it needs for each."""
    drain = stage.drain
    outbox = stage.outbox
    take, leave, marks = drain.take, drain.leave, drain.marks

    def passed(item: Any) -> None:
        # Whatever else ends the stream leaves a mark, and is seen to before the next item comes.
        if stage.done or outbox:
            stage.pass_later(item)
            return
        try:
            take()
        except IndexError:
            stage.pass_later(item)
            return
        try:
            emit(item)
        except BaseException as raised:
            stage.interrupt(raised)
            raise
        leave(None)
        if marks and drain.revive():
            stage.run()

    return passed
