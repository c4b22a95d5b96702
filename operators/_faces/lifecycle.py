"""The life of a subscription."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate

from typing_extensions import ParamSpec, TypeVar

from operators._faces.face import KINDS, Face, T_co, at, need_face, need_flow, then
from operators._kernel.failures.checks import need_callable, need_text, shown
from operators._kernel.plan.node import Node
from operators.custom.kinds import Custom
from operators.lifecycle.checkpoint import checkpointed
from operators.lifecycle.kill_switch import KillSwitch, KillSwitchOperator
from operators.lifecycle.on_discard import OnDiscard
from operators.lifecycle.on_finally import OnFinally
from operators.lifecycle.on_start import OnStart
from operators.lifecycle.on_terminate import OnTerminate
from operators.lifecycle.tap import tap
from operators.watching.runs import Watch

if TYPE_CHECKING:
    from operators.flow import Flow
    from operators.resumable import ResumableFlow
    from operators.schedulers import Scheduler
    from operators.watching.stalls import Stall

R = TypeVar("R")
P = ParamSpec("P")


class Lifecycle(Face[T_co]):
    """tap, on_start, on_terminate, on_finally, on_discard, kill_switch, checkpoint, named, watch, pipe."""

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

    def on_start(self, fn: Callable[[], object]) -> Flow[T_co]:
        """Return the same flow; `fn` is called once before the first item, or the end, is asked for.

        What it raises fails the flow, of which nothing is run then.

        >>> list(Flow.of(1, 2).on_start(lambda: print("here we go")))
        here we go
        [1, 2]
        """
        return then(self, OnStart(fn))

    def on_terminate(self, fn: Callable[[], object]) -> Flow[T_co]:
        """Return the same flow; `fn` is called when it completes or fails, before that is told.

        A cancel is no such end; on_finally is told of that too. What `fn` raises fails the flow.

        >>> list(Flow.of(1, 2).on_terminate(lambda: print("that was all")).map(str))
        that was all
        ['1', '2']
        """
        return then(self, OnTerminate(fn))

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

    def kill_switch(self, switch: KillSwitch) -> Flow[T_co]:
        """Return the same flow, ended when somebody throws the switch: gracefully, or at once.

        One switch may be put into many flows. Raises TypeError for what is no KillSwitch.

        >>> from operators import KillSwitch
        >>> switch = KillSwitch()
        >>> list(Flow.range(9).kill_switch(switch).tap(lambda n: n == 2 and switch.shutdown()))
        [0, 1, 2]
        """
        return then(self, KillSwitchOperator(switch))

    def checkpoint(self, state: Mapping[str, Any] | None = None) -> ResumableFlow[T_co]:
        """Return the same flow, which knows its position; given one, what comes after it.

        `state()` of what it returns is the position after the last item that was given, to be saved, as
        JSON say. Another flow of the same sources and operators, which is given that, gives just the items
        that had not been given, in the same order. It counts items: put last, behind all that queues, it
        loses none and gives none twice, whatever is in flight. What comes first is left out as far up as
        it can be: `map`, `map_async` and `map_batches` call no function again for what was given, and
        `shuffle` draws again, from numbers; but what `filter` or `flat_map_iterable` stand on is gone
        through again.

        Raises TypeError where an operator may give other items the next time, or in another order (merge,
        anything by time, what drops, ordered=False, a shuffle without a seed, sources that are pushed), and
        ValueError for the state of another flow. That a source has the same items is up to you.

        >>> batches = Flow.range(10).shuffle(4, seed=1).buffer(2)
        >>> feed = batches.checkpoint()
        >>> given = [batch for _, batch in zip(range(2), feed)]
        >>> rest = batches.checkpoint(feed.state())
        >>> given + list(rest) == list(batches)
        True
        """
        need_face("checkpoint", self)
        made: ResumableFlow[T_co] = KINDS["checkpoint"](checkpointed(self.node, state))
        return made

    def named(self, label: str) -> Flow[T_co]:
        """Return the same flow, its last operator called by `label` in errors, explain() and meters.

        >>> Flow.range(3).map(str).named("as text").describe().stages[-1].title
        "map 'as text'"
        """
        need_text("named", "label", label)
        node = self.node
        return at(self, Node(node.operator, node.upstream, node.site, label))

    def watch(
        self,
        *,
        stall: float = 5.0,
        each: str = "operator",
        report: Callable[[Stall], object] | None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[T_co]:
        """Return the same flow; a run of it that does not move for `stall` seconds says who holds it up.

        Nothing moves while all that was asked for is still to come, or nobody asks for more: then `report`
        is called with a `Stall`, once until something has moved. It names the stage, since when, its demand
        and its buffer, and the line that the thread or task is at; without `report` that is logged as a
        warning of "operators.watching". What is upstream and downstream, up to whoever runs the flow, is
        watched; fused runs are taken apart for that, which costs each operator a fraction of a microsecond
        an item. `each="queue"` sees only the stages that queue, and costs next to nothing. Looks are taken
        four times in `stall` or more often, on a thread for all flows or by `scheduler`.
        Raises ValueError for no seconds.

        >>> list(Flow.range(3).map(str).watch(stall=5.0))
        ['0', '1', '2']
        """
        node = self.node
        watched = Node(node.operator, node.upstream, node.site, node.label)
        watched.watch = Watch("watch", stall, each, report, scheduler)
        return at(self, watched)

    def apply(self, operator: Custom[T_co, R]) -> Flow[R]:
        """Return the flow with an operator of one's own: see `operators.custom`.

        Raises TypeError where `operator` is none.

        >>> from operators.custom import Stage
        >>> class Loud(Stage[str, str]):
        ...     def on_push(self, item):
        ...         self.push(item.upper())
        >>> list(Flow.of("a", "b").apply(Loud()))
        ['A', 'B']
        """
        given: Any = operator
        if not isinstance(given, Custom):
            raise TypeError(
                f"apply: needs an operator made with operators.custom, got {shown(given)}; for a function "
                "from a flow to a flow there is pipe"
            )
        need_face("apply", self)
        return at(self, operator.place(self.node))

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
