"""on_error_map: another error in place of one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result, shown
from operators._kernel.failures.failure import annotate, in_handling
from operators._kernel.links.signals import SignalsStep, Told
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node


class OnErrorMap(SignalsStep):
    """The same items, and fn(error) where upstream fails.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, with the error that fn gives, or that it raises
    """

    __slots__ = ("_fn",)
    name = "on_error_map"
    contract = Contract.PASS_THROUGH

    def __init__(self, fn: Callable[[Exception], Any]) -> None:
        need_callable("on_error_map", "fn", fn)
        self._fn = fn

    def told(self, node: Node) -> Told:
        return _Mapping(self._fn, node)


class _Mapping(Told):
    __slots__ = ("_fn",)

    def __init__(self, fn: Callable[[Exception], Any], node: Node) -> None:
        super().__init__(node)
        self._fn = fn

    def failed(self, error: Exception) -> Exception:
        try:
            made: Any = self._fn(error)
            _need_error(made)
        except Exception as raised:
            return in_handling(annotate(raised, self.node), error)
        if made is error:
            return made
        with suppress(Exception):  # one that takes no attribute is still the one to be passed on
            if made.__cause__ is None:
                made.__cause__ = error
        return annotate(made, self.node)


def _need_error(made: Any) -> None:
    if not isinstance(made, Exception):
        need_result("on_error_map", "fn", made)
        raise TypeError(f"on_error_map: fn must give an Exception (an instance), got {shown(made)}")
