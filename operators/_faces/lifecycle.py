"""The life of a subscription."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate

from typing_extensions import ParamSpec, TypeVar

from operators._faces.face import Face, T_co, at, need_flow, then
from operators._kernel.checks import need_callable, need_text
from operators._kernel.node import Node
from operators.lifecycle.on_discard import OnDiscard
from operators.lifecycle.on_finally import OnFinally
from operators.lifecycle.tap import tap

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")
P = ParamSpec("P")


class Lifecycle(Face[T_co]):
    """tap, on_finally, on_discard, named, pipe."""

    __slots__ = ()

    def tap(
        self,
        on_next: Callable[[T_co], object] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
        on_complete: Callable[[], object] | None = None,
        on_request: Callable[[int], object] | None = None,
        on_cancel: Callable[[], object] | None = None,
    ) -> Flow[T_co]:
        """Return the same flow, its signals shown to the given functions before they are passed on.

        What on_next, on_error or on_complete raises fails the flow; what on_request or on_cancel raises
        goes to the hook for dropped errors, since those must not fail (§3.15, §3.16).

        >>> list(Flow.of(1, 2).tap(print))
        1
        2
        [1, 2]
        """
        functions: dict[str, Callable[..., object] | None] = {
            "on_next": on_next,
            "on_error": on_error,
            "on_complete": on_complete,
            "on_request": on_request,
            "on_cancel": on_cancel,
        }
        return then(self, tap(functions))

    def on_finally(self, fn: Callable[[], object]) -> Flow[T_co]:
        """Return the same flow; `fn` is called once when it has completed, failed or been cancelled.

        >>> Flow.of(1, 2).on_finally(lambda: print("over")).take(1).run()
        over
        1
        """
        return then(self, OnFinally(fn))

    def on_discard(self, fn: Callable[[Any], object]) -> Flow[T_co]:
        """Return the same flow; items that the operators above hold when it ends early go to `fn`.

        Each item that was accepted and can no longer be delivered is handed over exactly once.

        >>> from operators.schedulers import immediate
        >>> left = []
        >>> Flow.range(9).buffer(2).on_discard(left.append).zip(Flow.of("only"), prefetch=2).run()
        ([0, 1], 'only')
        """
        return then(self, OnDiscard(fn))

    def named(self, label: str) -> Flow[T_co]:
        """Return the same flow, its last operator called by `label` in errors, explain() and meters.

        >>> Flow.range(3).map(str).named("as text").describe().stages[-1].title
        "map 'as text'"
        """
        need_text("named", "label", label)
        node = self.node
        return at(self, Node(node.operator, node.upstream, node.site, label))

    def pipe(
        self, fn: Callable[Concatenate[Flow[T_co], P], Flow[R]], *args: P.args, **kwargs: P.kwargs
    ) -> Flow[R]:
        """Return fn(self, ...): anybody's function from a flow to a flow, as an operator.

        Raises TypeError where `fn` is not callable or returns no Flow.

        >>> def evens(flow):
        ...     return flow.filter(lambda n: n % 2 == 0)
        >>> list(Flow.range(5).pipe(evens))
        [0, 2, 4]
        """
        need_callable("pipe", "fn", fn)
        made = fn(at(self, self.node), *args, **kwargs)
        need_flow("pipe", "fn", made)
        return made
