"""using: a flow of what is made of a resource, which is given back at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result, shown
from operators._kernel.failures.failure import annotate, class_of, drop_error, in_handling
from operators._kernel.hosts.cleanups import Unbroken
from operators._kernel.kinds import AsyncIterableSource
from operators._kernel.links.signals import SignalsStep, Told
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.pulling import apull
from operators._kernel.subscription.scope import Scope
from operators.combining.concat_map import ConcatMap
from operators.sources.iterable import FromIterable
from operators.sources.publisher import as_node


class Using(ConcatMap):
    """The items of fn(resource), where the resource is what a context manager gives on entering it.

    emits        what the flow that fn makes emits
    backpressures  the manager is entered at the first request; then as that flow does
    completes    when that flow does, after the manager was left
    fails        when that flow does, after the manager was left; when factory, fn or the manager raises
    """

    __slots__ = ("_factory",)

    def __init__(self, factory: Callable[[], Any], fn: Callable[[Any], Any]) -> None:
        need_callable("using", "factory", factory)
        super().__init__(fn, "using")
        self._factory = factory

    @property
    def roots(self) -> bool:
        return True

    def make(self, item: Any) -> Node:
        manager = self._factory()
        kind = class_of(manager)
        if hasattr(kind, "__enter__"):
            return self._inside(manager)
        if hasattr(kind, "__aenter__"):
            return Node(_Awaited(partial(self._items, manager)))
        need_result("using", "factory", manager)
        raise TypeError(
            f"using: factory must give a context manager, got {shown(manager)}; for what needs no "
            "cleanup there is Flow.defer"
        )

    def _inside(self, manager: Any) -> Node:
        resource = manager.__enter__()
        try:
            inner = super().make(resource)
        except BaseException as error:
            manager.__exit__(type(error), error, error.__traceback__)
            raise
        return Node(_Leaving(manager), inner)

    async def _items(self, manager: Any, scope: Scope) -> AsyncIterator[Any]:
        async with _Whole(manager) as resource:
            inner = as_node("using", "fn", self.fn(resource))
            async with aclosing(apull(inner, scope)) as items:
                async for item in items:
                    yield item


class _Awaited(AsyncIterableSource):
    """The items of a flow of a resource that is awaited, for one run, which hears of what is discarded."""

    __slots__ = ("_make",)
    name = "using"
    contract = Contract.ON_DEMAND

    def __init__(self, make: Callable[[Scope], AsyncIterator[Any]]) -> None:
        self._make = make

    def aiterator_in(self, scope: Scope) -> AsyncIterator[Any]:
        return self._make(scope)


class _Whole:
    """An async context manager that is left to the end, once it is being left."""

    __slots__ = ("_manager",)

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def __aenter__(self) -> Any:
        return await self._manager.__aenter__()

    async def __aexit__(self, *raised: object) -> Any:
        with Unbroken():
            return await self._manager.__aexit__(*raised)


def using(factory: Callable[[], Any], fn: Callable[[Any], Any]) -> Node:
    """Return the node of a flow that is made of a resource."""
    return Node(Using(factory, fn), Node(FromIterable(("a resource",), "using")))


class _Leaving(SignalsStep):
    __slots__ = ("_manager",)
    name = "using"

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def told(self, node: Node) -> Told:
        return _Left(self._manager, node)


class _Left(Told):
    __slots__ = ("_manager",)

    def __init__(self, manager: Any, node: Node) -> None:
        super().__init__(node)
        self._manager = manager

    def completed(self) -> None:
        self._manager.__exit__(None, None, None)

    def failed(self, error: Exception) -> Exception:
        try:
            self._manager.__exit__(type(error), error, error.__traceback__)
        except Exception as raised:
            if raised is not error:
                return in_handling(annotate(raised, self.node), error)
        return error

    def cancelled(self) -> None:
        left = GeneratorExit()  # as a `with` in a generator sees it that is left early
        try:
            self._manager.__exit__(GeneratorExit, left, None)
        except GeneratorExit:
            return
        except Exception as error:
            drop_error(error, f"raised by the context manager of {self.node.title}")
