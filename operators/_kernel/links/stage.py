"""Stage: the Subscriber of one link and the Subscription of the next.

Three kinds: `Stage` passes signals on as they come, `FusedStage` runs a segment of steps, and
`QueuedStage` emits from a loop of its own what it holds, when there is demand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from operators._kernel.failures.failure import (
    NOTHING,
    annotate,
    drop_late,
)
from operators._kernel.fusing.fusion import Receiver, pushed, received
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED


class Stage:
    """Passes signals through; subclasses override what they change.

    Owns the terminal-once and the cancel-once: after `done` nothing goes downstream any more.
    """

    __slots__ = ("__weakref__", "done", "downstream", "node", "scope", "upstream")

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        self.downstream: Any = downstream
        self.node: Node = node
        self.scope: Scope = scope
        self.upstream: Any = NOWHERE
        self.done: bool = False

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self.downstream.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
        else:
            self.downstream.on_next(item)

    def on_error(self, error: Exception) -> None:
        if self.done:
            drop_late(error, self.node)
            return
        self.done = True
        self.downstream.on_error(error)

    def on_complete(self) -> None:
        if not self.done:
            self.done = True
            self.downstream.on_complete()

    def request(self, n: int) -> None:
        self.upstream.request(n)

    def cancel(self) -> None:
        self.done = True
        self.upstream.cancel()

    def held_up(self) -> str:
        """Return what it waits for that is neither items nor demand, in words for people; "": nothing."""
        return ""

    def refuse(self, item: Any) -> None:
        """Discard an item that came after the end."""
        self.scope.discard((item,))

    def fail(self, error: Exception) -> None:
        """End the stream here: cancel upstream, then signal the error."""
        if self.done:
            drop_late(error, self.node)
            return
        self.done = True
        self.upstream.cancel()
        self.downstream.on_error(error)

    def finish(self) -> None:
        """End the stream here: cancel upstream, then complete."""
        if not self.done:
            self.done = True
            self.upstream.cancel()
            self.downstream.on_complete()

    def blame(self, error: Exception, item: Any = NOTHING) -> Exception:
        """Return the error with a note that names this operator."""
        return annotate(error, self.node, item)


class FusedStage(Stage):
    """Runs one segment of steps for each pushed item."""

    __slots__ = ("_closed", "_flush", "_leftovers", "_plain", "_receiver", "_shapers", "_turn", "_work",
                 "on_next", "unbounded")  # fmt: skip

    on_next: Any  # a generated function
    foreign: ClassVar[bool] = False

    def __init__(self, downstream: Any, segment: list[Node], scope: Scope) -> None:
        super().__init__(downstream, segment[0], scope)
        self.unbounded: bool = False
        """Whether upstream was asked for all, so that nothing need be asked for in place of an item."""
        self._closed = any(node.operator.closed for node in segment)
        shapers = [node.operator.shaper() for node in segment]
        self._shapers: list[Shaper | None] = shapers
        # Where all that is asked passes unchanged, downstream talks to upstream's own Subscription.
        self._plain = not any(
            shaper is not None or node.operator.stops or "skip" in node.operator.body
            for node, shaper in zip(segment, shapers, strict=True)
        )
        functions = pushed(segment, self, downstream.on_next, foreign=self.foreign)
        self.on_next, self._flush, self._leftovers, self._receiver = functions
        # Where items are held from one signal to the next, one thread at a time works with them: the
        # one that signals, or one that cancels and discards them.
        holds = any(node.operator.gathers for node in segment)
        self._turn: Drain | None = Drain() if holds else None
        if holds:
            self._work, self.on_next = self.on_next, self._work_alone

    @property
    def receiver(self) -> Receiver:
        """What makes an inlet right above one function with this stage."""
        return self._receiver if self._turn is None else received(self, self.on_next)

    @property
    def passed_by(self) -> bool:
        """Whether downstream has upstream's own Subscription, and a cancel does not come by here."""
        return self._plain

    def _work_alone(self, item: Any) -> None:
        self._alone(self._work, item)

    def _alone(self, work: Callable[..., None], *args: Any) -> None:
        turn = self._turn
        if turn is None or not turn.enter():
            # Upstream may signal from inside request (§3.3), and so from inside a signal; or else
            # somebody has cancelled, and the work is to find that out.
            work(*args)
            return
        try:
            work(*args)
        finally:
            self._settle(turn)

    def _settle(self, turn: Drain) -> None:
        while True:
            if self.done:
                self._discard_held()
            if not turn.again():
                return

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self.downstream.on_subscribe(subscription if self._plain else self)
        if self._closed:
            self.finish()

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is not None:
            self.upstream.request(n)  # whoever counts the demand signals the error, serially
            return
        self._ask(n, len(self._shapers))

    def again(self, index: int) -> None:
        """Ask for one item in place of one that the step at `index` rejected."""
        self._ask(1, index)

    def _ask(self, n: int, index: int) -> None:
        for shaper in reversed(self._shapers[:index]):
            if shaper is not None:
                n = shaper.grant(n)
        if n >= UNBOUNDED:
            self.unbounded = True  # of upstream, that is: a take may lie between
        if n > 0:
            self.upstream.request(n)

    def cancel(self) -> None:
        if not self.done:
            self.done = True
            try:
                self.upstream.cancel()
            except RecursionError:
                self.done = False  # it had no room: whoever has some ends it, by an error
                raise
            if self._turn is not None and self._turn.enter():
                self._settle(self._turn)

    def on_error(self, error: Exception) -> None:
        self._alone(self._pass_error, error)

    def _pass_error(self, error: Exception) -> None:
        if not self.done:
            self._discard_held()
        super().on_error(error)

    def on_complete(self) -> None:
        self._alone(self._complete)

    def _complete(self) -> None:
        if not self.done:
            self._flush()
        super().on_complete()

    def fail(self, error: Exception) -> None:
        if not self.done:
            self._discard_held()
        super().fail(error)

    def _discard_held(self) -> None:
        self.scope.discard(self._leftovers())
