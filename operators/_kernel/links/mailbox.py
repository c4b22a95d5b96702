"""Box: where what is pushed waits for somebody who pulls it; where it can, it is the last queue itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from itertools import chain
from threading import get_ident
from typing import Any

from operators._kernel.failures.failure import drop_error, user_frames
from operators._kernel.fusing.feed import PAUSE, Bell, Feed, Run
from operators._kernel.fusing.fusion import let_go
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.waiting import refusal_to_wait
from operators._kernel.kinds import NoneCheck
from operators._kernel.links.inbox import Inbox, InboxStage
from operators._kernel.links.metering import Link
from operators._kernel.links.queued import QueuedStage
from operators._kernel.links.stage import FusedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Demand
from operators._kernel.subscription.relay import is_coupled, pulled_uncoupled, uncoupled
from operators._kernel.subscription.scope import Scope


class Box:
    """The Subscriber of one flow that is pulled by somebody.

    Where the flow's last stage has a queue, that is polled, and nothing waits here. Else it keeps what it
    asked for until it is taken: at most its prefetch. Where it `shares` the places of a queue that is
    some steps above, what waits here has a place there.
    """

    pulls = True
    __slots__ = (
        "_bell",
        "_blocks",
        "_closed",
        "_done",
        "_error",
        "_generator",
        "_hasty",
        "_inbox",
        "_items",
        "_last",
        "_link",
        "_node",
        "_parts",
        "_polls",
        "_scope",
        "_shares",
        "_stage",
        "_started",
        "_untold",
        "_waits",
        "begin",
        "runner",
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
        # Made here, by the one who waits: other threads are going to ring it.
        self._bell: Bell = run.bell
        self._blocks = blocks
        self._hasty = hasty
        self._shares = shares
        # Else the queue's own loop is to bring what it holds to where it should.
        self._polls = not run.pushes
        self._inbox = Inbox(prefetch)
        self._items = self._inbox.items
        # The Subscription may come later than the first item is wanted, or than the flow is left.
        self._inbox.upstream = Arbiter()
        self._stage: QueuedStage | None = None
        self._link: Link | None = None
        self._parts: Generator[Any, None, None] | None = None
        self._generator: Generator[Any, None, None] | None = None
        self._started = False
        self.runner: int = 0
        """The thread that takes out, and so must not be kept waiting for room; 0: none is known."""
        self._done = False
        self._closed = False
        self._error: Exception | None = None
        self._untold: list[Exception] = []

    @property
    def downstream(self) -> Any:
        """The drive that takes out, and is rung for; None: a loop does, which is whose thread it is."""
        return None if self._polls else self._bell

    # The Subscriber.

    def on_subscribe(self, subscription: Any) -> None:
        # Who watches the link lets whoever polls through, and counts what is taken.
        link = subscription if isinstance(subscription, Link) else None
        queue = subscription if link is None else link.queue
        if (
            self._polls
            and isinstance(queue, QueuedStage)
            and queue.node is self._node
            and queue.can_poll
            # Of what is polled the queue alone keeps count.
            and (link is not None or isinstance(queue, InboxStage) or type(queue.demand) is Demand)
        ):
            self._stage = queue
            self._link = link
            queue.polled_by(self._bell)
        elif self._shares:
            _share(subscription, self._inbox.items)
        self._inbox.upstream.switch(subscription)

    def on_next(self, item: Any) -> None:
        items = self._items
        items.append(item)
        if self._closed:
            self._discard()
        # Who waits has found nothing, and so it is the first one that is waited for.
        if len(items) == 1:
            self._bell.ring()

    def on_error(self, error: Exception) -> None:
        self._untold.append(error)
        if not self._closed:
            self._error = error
            self._end()
        if self._closed:  # by now, perhaps, and by one who did not see it
            self._drop()

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
        self._parts = self._pulled()
        # No frame of ours between, for each.
        items: Iterator[Any] = chain.from_iterable(self._parts)
        return Feed(
            items, self._ending, self._close,
            pauses=pauses, failing=self._failing, queued=self._items.__len__,
        )  # fmt: skip

    def _start(self) -> None:
        self._started = True
        if self._waits and self._bell.blocks and running_loop() is not None:
            raise refusal_to_wait(self._last)
        self.begin()
        if self._stage is None and not self._done:
            if self._polls:
                uncoupled(self._inbox.fill)
            else:
                self._inbox.fill()

    def _pulled(self) -> Generator[Generator[Any, None, None], None, None]:
        """Give what is to be pulled, one after the other."""
        if not self._started:
            self._start()
        if self._blocks and running_loop() is None:
            self.runner = get_ident()
        stage = self._stage
        items = self._taken() if stage is None else stage.polled(self._pause)
        if self._link is not None:
            items = self._link.polled(items)
        # Inside another flow's signal, what this one has to do is not put off until that is over.
        self._generator = pulled_uncoupled(items) if is_coupled() else items
        yield self._generator
        if stage is not None and self._done:  # it was over when it was subscribed to
            self._generator = self._taken()
            yield self._generator

    def _taken(self) -> Generator[Any, None, None]:
        inbox, pushes, hasty = self._inbox, not self._polls, self._hasty
        items, limit, taken = self._items, inbox.limit, 0
        while not (hasty and self._error is not None):
            done = self._done  # looked at before the items, the last of which come before it
            if items:
                while items and (self._error is None or not hasty):
                    item = items.popleft()
                    taken += 1
                    if pushes and taken >= limit:
                        # Whoever gives it on may not come back before more is asked for.
                        taken = self._ask(taken)
                    yield item
                    if taken >= limit:
                        taken = self._ask(taken)
            elif done:
                break
            else:
                if self._shares:  # whoever has the places looks only when it is asked
                    inbox.taken, taken = taken, 0
                    inbox.replenish_all()
                    if items:
                        continue
                if (pause := self._pause()) is not None:
                    yield pause
        if self._error is not None:
            self._untold.clear()
            raise self._error.with_traceback(user_frames(self._error.__traceback__))

    def _ask(self, taken: int) -> int:
        """Ask for as many as were taken; return those for which none were asked for."""
        inbox = self._inbox
        inbox.taken = taken
        inbox.replenish()
        return inbox.taken

    def _pause(self) -> Any:
        """Wait, and return None; or return PAUSE, for whoever pulls to wait."""
        if not self._blocks:
            return PAUSE
        if running_loop() is not None:
            raise refusal_to_wait(self._last)
        self._bell.wait()
        return None

    def _ending(self) -> bool:
        if self._stage is not None:
            return self._stage.is_over()
        return self._done and (not self._inbox.items or (self._hasty and self._error is not None))

    def _failing(self) -> bool:
        if self._stage is not None:
            return self._stage.bad is not None or self._stage.failure is not None
        return self._error is not None

    def _close(self) -> None:
        let_go(self._parts)
        let_go(self._generator)
        self._closed = True
        if self._stage is not None:
            self._stage.leave()
            if self._link is not None:
                self._link.left()
        elif self._started and not self._done:
            uncoupled(self._inbox.upstream.cancel)
        self._drop()
        self._discard()

    def _drop(self) -> None:
        """Hand an error that nobody has seen, and nobody will, to the hook; it has one taker."""
        with suppress(IndexError):
            drop_error(self._untold.pop(), f"after {self._node.title} was left; {self._node.where}")

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
