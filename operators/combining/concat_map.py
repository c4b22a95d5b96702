"""concat_map: the items of the flows made of each item, one flow at a time; concat, of given flows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.fusing.feed import PAUSE
from operators._kernel.fusing.opening import Place
from operators._kernel.fusing.turns import OneByOne
from operators._kernel.hosts.slices import Slice
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.relay import forsake
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node


def given(flow: Node) -> Node:
    """Return the flow: for an operator over flows that it was given."""
    return flow


class ConcatMap(Step, Link):
    """The items of fn(item), one inner flow after another.

    emits        each item of each inner flow, in order
    backpressures  asks upstream for one item when an inner flow has ended and there is demand; demand
                 that one inner flow left over goes on to the next
    completes    when upstream and the last inner flow have
    fails        when an inner flow does, fn raises or gives no flow, or upstream fails, which is
                 signalled after the inner flow that runs
    """

    __slots__ = ("fn", "name")
    strict = True
    contract = Contract.SEQUENTIAL
    head = "turns"
    pushes = False
    nests = True
    visits = True
    opens = True
    async_body = """
$inner = $open($make($item))
try:
    if $inner.asynchronous:
        async for $item in $inner.items:
            ...
    else:
        for $item in $inner.items:
            if $item is $pause:
                paused
            ...
finally:
    await $inner.aclose()
"""

    def __init__(self, fn: Callable[[Any], Any], name: str = "concat_map") -> None:
        self.name: str = name
        need_callable(name, "fn", fn)
        self.fn: Callable[[Any], Any] = fn

    def values(self) -> dict[str, Any]:
        return {"make": self.make, "open": None, "pause": PAUSE, "inner": None}

    def bound(self, place: Place) -> dict[str, Any]:
        return {"open": place.open_either}

    def opened(self, place: Place) -> OneByOne:
        return OneByOne(place, self.make)

    @property
    def prefetch_upstream(self) -> int:
        return 1

    @property
    def synchronous(self) -> bool:
        return self.fn is given

    @property
    def roots(self) -> bool:
        return self.fn is given

    def make(self, item: Any) -> Node:
        """Return the node of the inner flow for an item."""
        return as_node(self.name, "fn", self.fn(item))

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ConcatMapStage(self, downstream, node, scope)


class _ConcatMapStage(Stage):
    __slots__ = (
        "_alone", "_arbiter", "_asked", "_cleaning", "_completed", "_drain", "_failure", "_inner",
        "_interrupted", "_operator", "_source", "_waiting",
    )  # fmt: skip

    def __init__(self, operator: ConcatMap, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._operator = operator
        self._arbiter = Arbiter()
        self._drain = Drain()
        self._waiting: deque[Any] = deque()
        self._inner = False
        self._alone = scope.part
        self._cleaning = False
        self._source: Node | None = None
        self._interrupted = False
        self._asked = False
        self._completed = False
        self._failure: Exception | None = None

    def giver(self) -> Node | None:
        """Return the source of the inner flow that runs."""
        return self._source

    # The outer link.

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self._drain.enter()  # no inner flow begins, on another thread perhaps, before this is over
        self.downstream.on_subscribe(self)
        self._run()

    def on_next(self, item: Any) -> None:
        self._waiting.append(item)
        self._asked = False
        self._proceed()

    def on_error(self, error: Exception) -> None:
        if self.done or self._interrupted:
            self._drop(error)
            return
        self._failure = error
        self.on_complete()

    def on_complete(self) -> None:
        self._completed = True
        self._proceed()

    def _proceed(self) -> None:
        if self._drain.enter():
            self._run()

    def _run(self) -> None:
        slice_ = Slice()
        try:
            while True:
                self._turn()
                if not self._drain.again():
                    return
                if slice_.over:
                    slice_.go_on(self._run, self._stranded)
                    return
        except BaseException as raised:
            self._interrupted = (
                True  # its error, if there is one, is told by whoever has room for it
            )
            if not isinstance(raised, Exception):
                self._break_off(raised)
            raise

    def _stranded(self, error: Exception) -> None:
        if not self.done:
            self._arbiter.cancel()
            self.fail(self.blame(error))
        self._run()

    def _break_off(self, raised: BaseException) -> None:
        if not self.done:
            self.done = True
            self._arbiter.cancel()
            self.upstream.cancel()
            forsake(self.downstream, raised)
        self._drain = Drain()  # the turn may have been half given back
        self._turn()

    def _turn(self) -> None:
        # Both are looked at before what waits: the last item comes before the end, and one that was asked
        # for is there before it is no longer awaited. Else a second one would be asked for.
        completed, asked = self._completed, self._asked
        if self.done:
            self._drop_failure()
            while self._waiting:
                self.refuse(self._waiting.popleft())
        elif self._inner:
            pass
        elif self._waiting:
            if self._is_cleaned_up():
                self._subscribe(self._waiting.popleft())
        elif completed:
            failure, self._failure = self._failure, None
            self._end(failure)
        elif self._arbiter.wanted and not asked:
            self._asked = True
            self.upstream.request(1)

    def _is_cleaned_up(self) -> bool:
        """Whether the inner flow before has left nothing; where it has, this goes on when that is over."""
        if self._alone.settled:
            return True
        if not self._cleaning:
            self._cleaning = True
            self._alone.pending.then(self._cleaned_up)
        return False

    def _cleaned_up(self) -> None:
        self._cleaning = False
        self._proceed()

    def _subscribe(self, item: Any) -> None:
        try:
            inner = self._operator.make(item)
        except Exception as error:
            self.fail(self.blame(error, item))
            self._drop_failure()
            return
        self._inner = True
        self._source = inner.chain()[0]
        subscribe(inner, _Inner(self), self._alone)

    def _end(self, error: Exception | None) -> None:
        self.done = True
        if error is None:
            self.downstream.on_complete()
        else:
            self.downstream.on_error(error)

    def _drop_failure(self) -> None:
        # Upstream's, which waited for an inner flow; that has failed as well, or nobody is there.
        failure, self._failure = self._failure, None
        if failure is not None:
            self._drop(failure)

    def _drop(self, error: Exception) -> None:
        # A bad request is answered by the inner flow as well as by the outer one, and once is enough.
        answer = self._arbiter.answer(error)
        if (type(error), error.args) != (type(answer), answer.args) or not self._arbiter.misused:
            super().on_error(error)

    # The inner link.

    def inner_subscribed(self, subscription: Any) -> None:
        self._arbiter.switch(subscription)

    def inner_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
        else:
            self._arbiter.produced += 1
            self.downstream.on_next(item)

    def inner_failed(self, error: Exception) -> None:
        if self._failure is error:
            self._failure = None  # both have it from the same place
        self.fail(error)
        self._proceed()

    def inner_completed(self) -> None:
        self._inner = False
        self._proceed()

    # Downstream's link.

    def request(self, n: int) -> None:
        self._arbiter.request(n)
        if self._arbiter.misused and not self._inner:
            self.upstream.request(n)  # between two inner flows it is the outer one that answers
        if self._drain.enter():
            self.scope.home.run_back(self._run)

    def cancel(self) -> None:
        self.done = True
        self._arbiter.cancel()
        self.upstream.cancel()
        self._proceed()


class _Inner:
    __slots__ = ("on_complete", "on_error", "on_next", "on_subscribe", "stage")

    def __init__(self, stage: _ConcatMapStage) -> None:
        self.stage = stage
        self.on_subscribe = stage.inner_subscribed
        self.on_next = stage.inner_next
        self.on_error = stage.inner_failed
        self.on_complete = stage.inner_completed
