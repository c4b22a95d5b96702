"""tap: look at what passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import annotate, drop_error, in_handling
from operators._kernel.fusing.feed import Feed
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.scope import Scope


class Tap(Step):
    """The same items, each shown to a function.

    emits        each item, after on_next(item) has returned
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or on_next raises
    """

    __slots__ = ("_fn",)
    name = "tap"
    function = "fn"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    keeps = True
    one_for_one = True
    body = "$fn($item)"

    def __init__(self, fn: Callable[[Any], object]) -> None:
        self._fn = fn

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn}


class TapSignals(Step, Link):
    """The same signals, each shown to a function.

    emits        each item, after on_next(item) has returned
    backpressures  passes demand on, after on_request(n)
    completes    when upstream does, after on_complete()
    fails        when upstream does, after on_error(error), or when one of the functions raises
    """

    __slots__ = ("functions",)
    name = "tap"
    function = "fn"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    head = "signals"
    pushes = False
    keeps = True
    one_for_one = True
    body = "$fn($item)"

    def __init__(self, functions: dict[str, Callable[..., object]]) -> None:
        self.functions: dict[str, Callable[..., object]] = functions

    @property
    def details(self) -> str:
        return ", ".join(self.functions)

    def values(self) -> dict[str, Any]:
        return {"fn": self.functions.get("on_next", _look_away)}

    def opened(self, place: Place) -> _Told:
        return _Told(self.functions, place)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _TapStage(self.functions, downstream, node, scope)


class TapRequests(Link):
    """The same signals, each shown to a function, those that go upstream as well.

    emits        each item, after on_next(item) has returned
    backpressures  passes demand on, after on_request(n)
    completes    when upstream does, after on_complete()
    fails        when upstream does, after on_error(error), or when one of the functions raises
    """

    __slots__ = ("functions",)
    name = "tap"
    keeps = True
    contract = Contract.PASS_THROUGH

    def __init__(self, functions: dict[str, Callable[..., object]]) -> None:
        self.functions: dict[str, Callable[..., object]] = functions

    @property
    def details(self) -> str:
        return ", ".join(self.functions)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _TapStage(self.functions, downstream, node, scope)


def _look_away(_: object) -> None:
    pass


class _Told:
    """Shows the ends of a stream that is pulled."""

    __slots__ = ("_functions", "_place")

    def __init__(self, functions: dict[str, Callable[..., object]], place: Place) -> None:
        self._functions = functions
        self._place = place

    def feed(self) -> Feed:
        """Return what is upstream."""
        return self._place.feed

    def completed(self) -> None:
        """Show that upstream has completed."""
        fn = self._functions.get("on_complete")
        if fn is not None:
            need_result("tap", "on_complete", fn())

    def failed(self, error: Exception) -> Exception:
        """Show the error of upstream, and return the one to be passed on."""
        fn = self._functions.get("on_error")
        if fn is not None:
            try:
                need_result("tap", "on_error", fn(error))
            except Exception as raised:
                return in_handling(annotate(raised, self._place.node, error), error)
        return error

    def cancelled(self) -> None:
        """Show that the stream is cancelled."""
        fn = self._functions.get("on_cancel")
        if fn is not None:
            try:
                need_result("tap", "on_cancel", fn())
            except Exception as error:
                node = self._place.node
                raised = annotate(error, node)
                drop_error(raised, f"raised by on_cancel of {node.title}, {node.where}")


def tap(functions: dict[str, Callable[..., object] | None]) -> Tap | TapSignals | TapRequests:
    """Return the operator for the functions given, fused where only items are looked at."""
    given = {name: fn for name, fn in functions.items() if fn is not None}
    for name, fn in given.items():
        need_callable("tap", name, fn)
    if not given:
        raise TypeError("tap: needs at least one function, such as on_next=print")
    if given.keys() == {"on_next"}:
        return Tap(given["on_next"])
    return TapRequests(given) if "on_request" in given else TapSignals(given)


class _TapStage(Stage):
    __slots__ = ("_functions",)

    def __init__(
        self, functions: dict[str, Callable[..., object]], downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._functions = functions

    def _show(self, name: str, *args: Any) -> Exception | None:
        fn = self._functions.get(name)
        if fn is not None:
            try:
                need_result("tap", name, fn(*args))
            except Exception as error:
                return self.blame(error, *args)
        return None

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        raised = self._show("on_next", item)
        if raised is None:
            self.downstream.on_next(item)
        else:
            self.fail(raised)

    def on_error(self, error: Exception) -> None:
        if not self.done:
            raised = self._show("on_error", error)
            if raised is not None:
                error = in_handling(raised, error)
        super().on_error(error)

    def on_complete(self) -> None:
        if self.done:
            return
        raised = self._show("on_complete")
        if raised is None:
            super().on_complete()
        else:
            super().on_error(raised)

    def request(self, n: int) -> None:
        n = plain(n)
        raised = None
        if demand_error(n) is None:
            raised = self.scope.home.run_back(partial(self._show, "on_request", n))
        if raised is not None:
            drop_error(raised, f"raised by on_request of {self.node.title}, {self.node.where}")
        self.upstream.request(n)

    def cancel(self) -> None:
        if not self.done:
            raised = self.scope.home.run_back(partial(self._show, "on_cancel"))
            if raised is not None:
                drop_error(raised, f"raised by on_cancel of {self.node.title}, {self.node.where}")
        super().cancel()
