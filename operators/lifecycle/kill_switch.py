"""kill_switch: flows that somebody outside of them can end."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_exception
from operators._kernel.failures.failure import brief
from operators._kernel.kinds import Link
from operators._kernel.links.gate import Switch, SwitchedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class KillSwitch:
    """Ends the flows that it was put into by `flow.kill_switch(switch)`, from any thread.

    One that is put into one flow is for that alone; one that is put into many ends them all. It is thrown
    once: what is subscribed to later ends at once.

    >>> from operators import Flow, KillSwitch
    >>> switch = KillSwitch()
    >>> handle = Flow.never().kill_switch(switch).for_each(print)
    >>> switch.shutdown()
    True
    >>> handle.result()
    """

    def __init__(self) -> None:
        self.switch: Switch = Switch()
        """What is thrown; for the library's own use."""

    @property
    def thrown(self) -> bool:
        """Whether it was thrown."""
        return self.switch.thrown

    def shutdown(self) -> bool:
        """End all gracefully, and return True; False where it was thrown before.

        Upstream is cancelled; what has come from it is delivered still, and then the flow completes.
        """
        return self.switch.throw()

    def abort(self, error: Exception) -> bool:
        """End all at once with an error, and return True; False where it was thrown before.

        Upstream is cancelled, and what was not yet delivered is discarded.
        """
        need_exception("abort", error)
        return self.switch.throw(error)


class KillSwitchOperator(Link):
    """The same items, until the switch is thrown.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does, or the switch is thrown by shutdown
    fails        when upstream does, or with the error with which the switch is thrown by abort
    """

    __slots__ = ("_switch",)
    name = "kill_switch"
    keeps = True
    asynchronous = True
    contract = Contract.PASS_THROUGH

    def __init__(self, switch: Any) -> None:
        if not isinstance(switch, KillSwitch):
            raise TypeError(f"{self.name}: switch must be a KillSwitch, got {brief(switch)}")
        self._switch: KillSwitch = switch

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return SwitchedStage(self._switch.switch, downstream, node, scope)
