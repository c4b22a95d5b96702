"""Edge: the last stage before somebody's Subscriber, whose failures it keeps to itself (§2.13)."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import brief, stack_is_full, subscriber_raised
from operators._kernel.links.stage import FusedStage, Stage


class _Guard(Stage):
    """Keeps the failures of somebody's Subscriber from the stages above (§2.13)."""

    __slots__ = ()

    def on_subscribe(self, subscription: Any) -> None:
        try:
            super().on_subscribe(subscription)
        except Exception as error:
            self.broken(error, "on_subscribe")

    def on_error(self, error: Exception) -> None:
        try:
            super().on_error(error)
        except Exception as raised:
            self.broken(raised, "on_error")

    def on_complete(self) -> None:
        try:
            super().on_complete()
        except Exception as raised:
            self.broken(raised, "on_complete")

    def fail(self, error: Exception) -> None:
        try:
            super().fail(error)
        except Exception as raised:
            self.broken(raised, "on_error")

    def finish(self) -> None:
        try:
            super().finish()
        except Exception as raised:
            self.broken(raised, "on_complete")

    def broken(self, error: Exception, method: str) -> None:
        """Take a Subscriber that raises for cancelled; its error goes to the hook."""
        if isinstance(error, RecursionError) and stack_is_full():
            # Not its own: whoever has called all of this has room to tell it so.
            self.done = self.done and method not in ("on_error", "on_complete")
            raise error
        subscriber = self.downstream
        self.cancel()
        subscriber_raised(error, f"{method} of {brief(subscriber)}")


class Edge(_Guard):
    """The last stage before somebody's Subscriber, where that is no fused one."""

    __slots__ = ()

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        try:
            self.downstream.on_next(item)
        except Exception as error:
            self.broken(error, "on_next")


class FusedEdge(_Guard, FusedStage):
    """A fused stage that is the last before somebody's Subscriber."""

    __slots__ = ()
    foreign = True
