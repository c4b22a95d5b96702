"""Junction: where a standalone Processor's upstream and its chain of operators meet."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_methods
from operators._kernel.failures.failure import OneShotError, brief, drop_error
from operators._kernel.kinds import Source, refuse
from operators._kernel.links.inlet import Inlet
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.scope import Scope


class Junction(Source):
    """A source that is fed from outside: either side may come first, and only one of each comes.

    emits        what the Processor's on_next is given
    backpressures  demand goes to the Processor's upstream, once that is there
    completes    when the Processor's on_complete is called
    fails        when the Processor's on_error is called, or the upstream breaks a rule
    """

    __slots__ = ("_drain", "_end", "_ended", "_inlet", "_open", "_subscribed", "_taken",
                 "_upstream")  # fmt: skip
    name = "as_processor"
    contract = Contract.FOREIGN

    def __init__(self) -> None:
        self._drain = Drain()
        self._taken = Claim()
        self._subscribed = Claim()
        self._inlet: Inlet | None = None
        self._upstream: Any = None
        self._open = False
        self._end: tuple[Exception | None] | None = None
        self._ended = False

    # Downstream.

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        if not self._taken.take():
            refuse(downstream, OneShotError("this Processor has a Subscriber; it takes one only"))
            return
        self._inlet = Inlet(downstream, node, scope)
        self._inlet.open()  # it keeps the demand until upstream is there
        self._open = True
        self._proceed()

    # Upstream.

    def on_subscribe(self, subscription: Any) -> None:
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        if self._subscribed.take():
            self._upstream = subscription
            self._proceed()
        else:
            subscription.cancel()  # §2.5

    def on_next(self, item: Any) -> None:
        if item is None:
            raise TypeError("on_next: None is not an element (§2.13)")
        if self._inlet is not None:
            self._inlet.on_next(item)
            return
        # Without a Subscriber there was no demand; after a cancel there can be a last item (§2.8).
        drop_error(
            RuntimeError(f"an item came without demand (§1.1): {brief(item)}"), "in as_processor"
        )

    def on_error(self, error: Exception | None) -> None:
        if error is None:
            raise TypeError("on_error: None is not an error (§2.13)")
        self._finish(error)

    def on_complete(self) -> None:
        self._finish(None)

    def _finish(self, error: Exception | None) -> None:
        if self._end is None:
            self._end = (error,)
            if self._inlet is not None:
                self._inlet.upstream.close()  # at once (§2.4), whoever is to tell downstream
            self._proceed()

    def _proceed(self) -> None:
        if not self._drain.enter():
            return
        while True:
            # What downstream asks for inside its on_subscribe must wait for that to return (§1.3).
            inlet = self._inlet if self._open else None
            if inlet is not None and self._upstream is not None:
                upstream, self._upstream = self._upstream, None
                if self._end is None:  # else it is over, and takes no call any more (§2.4)
                    inlet.attach(upstream)
            if inlet is not None and self._end is not None and not self._ended:
                self._ended = True
                if self._end[0] is None:
                    inlet.on_complete()
                else:
                    inlet.on_error(self._end[0])
            if not self._drain.again():
                return
