"""The Subscriber at the end of a probe's link, which does as a script says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tck.driving.stand import ProbeError
from tck.scripts.script import Raise, Reaction, Reactions, Request


class Scripted:
    """A Subscriber that only reacts, and judges nothing; `told` is given the number of each element."""

    __slots__ = (
        "_ends", "_reactions", "_told", "elements", "error", "raised", "subscription", "turn",
    )  # fmt: skip

    def __init__(
        self,
        reactions: Reactions,
        told: Callable[[int], None],
        turn: AbstractContextManager[object] | None,
    ) -> None:
        self.turn: AbstractContextManager[object] | None = turn
        """What the calls of its Subscription take turns by; None where they need not."""
        self._reactions = reactions
        self._told = told
        self._ends = 0
        self.subscription: Any = None
        self.elements: list[Any] = []
        self.error: Any = None
        self.raised: bool = False

    def on_subscribe(self, subscription: Any) -> None:
        """Keeps the Subscription; a second one is cancelled (§2.5)."""
        if subscription is None:
            raise TypeError("on_subscribe: None is no Subscription (§2.13)")
        if self.subscription is not None:
            subscription.cancel()
            return
        self.subscription = subscription
        self._react(self._reactions.on_subscribe)

    def on_next(self, item: Any) -> None:
        """Keeps the element."""
        if item is None:
            raise TypeError("on_next: None is no element (§2.13)")
        self.elements.append(item)
        self._told(len(self.elements))
        self._react(self._reactions.after.get(len(self.elements), ()))
        self._react(self._reactions.each)

    def on_error(self, error: Any) -> None:
        """Keeps the error."""
        if error is None:
            raise TypeError("on_error: None is no error (§2.13)")
        self.error = error
        self._end()

    def on_complete(self) -> None:
        """Is over."""
        self._end()

    def _end(self) -> None:
        self._ends += 1
        if self._ends == 1:
            self._react(self._reactions.on_end)

    def _react(self, reactions: tuple[Reaction, ...]) -> None:
        for reaction in reactions:
            if isinstance(reaction, Raise):
                self.raised = True
                raise ProbeError("raised by the kit's Subscriber, on purpose")
            if self.turn is not None:
                if isinstance(reaction, Request):
                    self.call("request", reaction.n)
                else:
                    self.call("cancel")
            elif self.subscription is not None:  # without more frames: a Publisher may recurse
                if isinstance(reaction, Request):
                    self.subscription.request(reaction.n)
                else:
                    self.subscription.cancel()

    def call(self, name: str, *args: Any) -> None:
        """Calls the Subscription, when it is this thread's turn; where there is none, does nothing."""
        subscription = self.subscription
        if subscription is not None:
            with self.turn or nullcontext():
                getattr(subscription, name)(*args)
