"""Box: where what is pushed waits for somebody who pulls it; where it can, it is the last queue itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from threading import get_ident
from typing import Any

from operators._kernel.arbiter import Arbiter
from operators._kernel.failure import drop_error, user_frames
from operators._kernel.feed import PAUSE, Bell, Feed, Run
from operators._kernel.fusion import let_go
from operators._kernel.inbox import Inbox, InboxStage
from operators._kernel.kinds import NoneCheck
from operators._kernel.loops import running_loop
from operators._kernel.node import Node
from operators._kernel.queued import QueuedStage
from operators._kernel.relay import uncoupled
from operators._kernel.scope import Scope
from operators._kernel.stage import FusedStage


class Box:
    """The Subscriber of one flow that is pulled by somebody.

    Where the flow's last stage has a queue, that is polled, and nothing waits here. Else it keeps what it
    asked for until it is taken: at most its prefetch. Where it `shares` the places of a queue that is
    some steps above, what waits here has a place there.
    """

    pulls = True
    __slots__ = (
        "_bell", "_blocks", "_closed", "_done", "_error", "_generator", "_hasty", "_inbox", "_last", "_node",
        "_scope", "_shares", "_stage", "_started", "_waits", "begin", "runner",
    )  # fmt: skip

    begin: Callable[[], None]
    """Subscribes the box to its flow."""

    def __init__(
        self,
        chain: list[Node],
        last: Node,
        scope: Scope,
        run: Run,
        *,
        blocks: bool,
        prefetch: int,
        hasty: bool,
        shares: bool,
    ) -> None:
        self._node = next(n for n in reversed(chain) if not isinstance(n.operator, NoneCheck))
        self._last = last
        self._waits = any(node.operator.asynchronous for node in chain)
        self._scope = scope
        self._bell: Bell = (
            run.bell
        )  # made here, by the one who waits: other threads are going to ring it
        self._blocks = blocks
        self._hasty = hasty
        self._shares = shares
        self._inbox = Inbox(prefetch)
        # The Subscription may come later than the first item is wanted, or than the flow is left.
        self._inbox.upstream = Arbiter()
        self._stage: QueuedStage | None = None
        self._generator: Generator[Any, None, None] | None = None
        self._started = False
        self.runner: int = 0
        """The thread that takes out, and so must not be kept waiting for room; 0: none is known."""
        self._done = False
        self._closed = False
        self._error: Exception | None = None

    # The Subscriber.

    def on_subscribe(self, subscription: Any) -> None:
        if (
            isinstance(subscription, QueuedStage)
            and subscription.node is self._node
            and subscription.can_poll
        ):
            self._stage = subscription
            subscription.polled_by(self._bell)
        elif self._shares:
            _share(subscription, self._inbox.items)
        self._inbox.upstream.switch(subscription)

    def on_next(self, item: Any) -> None:
        self._inbox.items.append(item)
        if self._closed:
            self._discard()
        self._bell.ring()

    def on_error(self, error: Exception) -> None:
        if self._closed:
            drop_error(error, f"after {self._node.title} was left; {self._node.where}")
            return
        self._error = error
        self._end()

    def on_complete(self) -> None:
        self._end()

    def _end(self) -> None:
        self._inbox.completed = True
        self._done = True
        self._bell.ring()

    # The feed.

    def feed(self, *, eager: bool = False) -> Feed:
        """Return the feed of what comes in; it subscribes when it is pulled first, or at once."""
        if eager:
            self._start()
        pauses = not self._blocks
        self._generator = self._items()
        return Feed(
            self._generator, self._ending, self._close, pauses=pauses, failing=self._failing
        )

    def _start(self) -> None:
        self._started = True
        if self._blocks and self._waits and running_loop() is not None:
            raise self._refusal()
        self.begin()
        if self._stage is None and not self._done:
            uncoupled(self._inbox.fill)

    def _items(self) -> Generator[Any, None, None]:
        if not self._started:
            self._start()
        if self._blocks and running_loop() is None:
            self.runner = get_ident()
        if self._stage is not None:
            yield from self._stage.polled(self._pause)
            if not self._done:  # nor was it over when it was subscribed to
                return
        inbox = self._inbox
        items = inbox.items
        while True:
            if self._hasty and self._error is not None:
                break
            if items:
                yield inbox.poll()
                inbox.replenish()
            elif self._done:
                break
            else:
                if self._shares:  # whoever has the places looks only when it is asked
                    inbox.replenish_all()
                    if items:
                        continue
                if (pause := self._pause()) is not None:
                    yield pause
        if self._error is not None:
            raise self._error.with_traceback(user_frames(self._error.__traceback__))

    def _pause(self) -> Any:
        """Wait, and return None; or return PAUSE, for whoever pulls to wait."""
        if not self._blocks:
            return PAUSE
        if running_loop() is not None:
            raise self._refusal()
        self._bell.wait()
        return None

    def _refusal(self) -> RuntimeError:
        return RuntimeError(
            "a for loop (or run, list, sum, ...) over this flow would block the running event "
            f"loop, to wait for {self._last.title}, written at {self._last.where}; "
            "use `async for` or `await`"
        )

    def _ending(self) -> bool:
        if self._stage is not None:
            return self._stage.is_over()
        return self._done and (not self._inbox.items or (self._hasty and self._error is not None))

    def _failing(self) -> bool:
        if self._stage is not None:
            return self._stage.bad is not None or self._stage.failure is not None
        return self._error is not None

    def _close(self) -> None:
        let_go(self._generator)
        self._closed = True
        if self._stage is not None:
            self._stage.leave()
        elif self._started and not self._done:
            uncoupled(self._inbox.upstream.cancel)
        self._discard()

    def _discard(self) -> None:
        # Two threads may discard at once; each item is popped by one.
        with suppress(IndexError):
            while True:
                self._scope.discard((self._inbox.items.popleft(),))


def _share(stage: Any, items: deque[Any]) -> None:
    """Have the stage with a queue that is above some fused ones count these items as its own."""
    while isinstance(stage, FusedStage):
        stage = stage.upstream
    if isinstance(stage, InboxStage):
        stage.inbox.beyond = items
