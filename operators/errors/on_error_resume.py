"""on_error_resume, on_error_return: another flow, or one item, in place of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.fusing.heads import Resuming
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.scope import Scope
from operators.sources.iterable import FromIterable
from operators.sources.publisher import as_node


class OnErrorResume(Step, Link):
    """Upstream's items, and those of fn(error) if it fails.

    emits        what upstream emits, then what the flow that takes over emits
    backpressures  passes demand on; what is left of it goes on to the flow that takes over
    completes    when upstream, or the flow that took over, does
    fails        when the flow that took over does, or fn raises or gives no flow
    """

    __slots__ = ("_fn", "_returns", "name")
    strict = True
    begins_anew = True
    keeps = True
    contract = Contract.SEQUENTIAL
    head = "resume"
    pushes = False

    def __init__(
        self,
        fn: Callable[[Exception], Any],
        name: str = "on_error_resume",
        *,
        returns: bool = False,
    ) -> None:
        self.name: str = name
        self._returns = returns
        need_callable(name, "fn", fn)
        self._fn = fn

    @property
    def synchronous(self) -> bool:
        return self._returns

    def opened(self, place: Place) -> Resuming:
        return Resuming(place, _Once(self))

    def resume(self, error: Exception) -> Node:
        """Return the node of the flow that takes over."""
        return as_node(self.name, "fn", self._fn(error))

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        stage = _ReturnStage if self._returns else _ResumeStage
        return stage(self, downstream, node, scope)


def on_error_return(value: Any) -> OnErrorResume:
    """Return the operator that puts one item in place of an error."""
    if value is None:
        raise TypeError("on_error_return: None is not an element (§2.13)")
    last = Node(FromIterable((value,), "of"))
    return OnErrorReturn(lambda _: last, "on_error_return", returns=True)


class OnErrorReturn(OnErrorResume):
    """Upstream's items, and a value if it fails.

    emits        what upstream emits, then the value in place of an error
    backpressures  passes demand on; the value waits for demand
    completes    when upstream does, or with the value
    fails        never, but for a bad request
    """

    __slots__ = ()


class _Once:
    """Gives the flow that takes over after the first error.

    Where that ends in an on_error_resume of its own, there would be one inside of another, however often
    it goes on so; and so the inner one takes the place of this one, which has nothing to do any more.
    """

    __slots__ = ("_operator", "_resumed")

    def __init__(self, operator: OnErrorResume) -> None:
        self._operator = operator
        self._resumed = False

    def __call__(self, error: Exception) -> Node | None:
        if self._resumed:
            return None
        self._resumed = True
        return self._operator.resume(error)

    def unwrapped(self, chain: list[Node]) -> tuple[list[Node], Node | None]:
        """Return the chain without the on_error_resume at its end, and that, where there is one."""
        last = chain[-1]
        if not self._resumed or not isinstance(last.operator, OnErrorResume):
            return chain, None
        if last.operator is self._operator:
            # It gives back itself: that is to be too deep, rather than never to end.
            return chain, None
        self._operator = last.operator
        self._resumed = False
        return chain[:-1], last


class _ResumeStage(SwitchingStage):
    __slots__ = ("_once",)

    def __init__(self, operator: OnErrorResume, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._once = _Once(operator)

    def successor(self, error: Exception) -> Node | None:
        return self._once(error)

    def unwrapped(self, chain: list[Node]) -> list[Node]:
        if self.scope.linked:
            return chain
        chain, last = self._once.unwrapped(chain)
        self.node = last or self.node
        return chain


class _ReturnStage(_ResumeStage):
    __slots__ = ()
    at_home = False
