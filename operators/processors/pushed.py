"""Pushed: what all processors have that anybody may emit into."""

from __future__ import annotations

from abc import abstractmethod
from enum import Enum
from typing import Any, ClassVar

from typing_extensions import TypeVar

from operators._kernel.failures.checks import need_exception, need_methods
from operators._kernel.kinds import Source
from operators._kernel.subscription.turnstile import Turnstile
from operators.flow import Flow
from reactive_streams import Subscription

T = TypeVar("T")


class Emitted(Enum):
    """What became of an emit; only OK is true."""

    OK = "the item was taken in"
    OVERFLOW = "there was no room: a Subscriber has not taken what waits for it"
    NO_SUBSCRIBER = "nobody was there, and it was dropped"
    CANCELLED = "the one Subscriber there can be has left"
    TERMINATED = "the stream is over"

    def __bool__(self) -> bool:
        return self is Emitted.OK


class Entry(Source):
    """The source of such a processor; its `core` is what takes the items in, and deals them out."""

    __slots__ = ("turnstile",)
    asynchronous = True
    polled = True
    never_none = True

    core: Any
    cancelled: bool
    """Whether it is over since the one Subscriber there can be has left."""

    def __init__(self) -> None:
        self.turnstile: Turnstile = Turnstile()
        """By which upstream is asked: its Subscribers may be on several threads (§2.7)."""

    @property
    @abstractmethod
    def subscribers(self) -> int:
        """The number of those who are subscribed now."""

    @property
    @abstractmethod
    def alone(self) -> bool:
        """Whether an item that comes now is dropped, since nobody is there."""


class Pushed(Flow[T]):
    """A Processor (§4.1) that is a Flow: whoever has it may emit, and whoever has it may subscribe.

    Emits of several threads are serialised (§1.3). It can be subscribed to an upstream as well, which it
    asks for as much as its Subscribers have taken; a second one is cancelled (§2.5).
    """

    __slots__ = ()
    derived: ClassVar[type[Any] | None] = Flow

    @property
    def _entry(self) -> Entry:
        entry: Entry = self.node.operator
        return entry

    @property
    def subscribers(self) -> int:
        """The number of those who are subscribed now."""
        return self._entry.subscribers

    @property
    def dropped(self) -> int:
        """The number of items that nobody was there to have."""
        return int(self._entry.core.dropped)

    def emit(self, item: T) -> Emitted:
        """Return OK, which is true, or why the item was not taken in; never blocks.

        Raises TypeError for None (§2.13).
        """
        if item is None:
            raise TypeError("emit: None is not an element (§2.13)")
        entry = self._entry
        alone = entry.alone
        taken = entry.core.offer(item)
        if taken is None:
            return Emitted.OVERFLOW
        if not taken:
            return Emitted.CANCELLED if entry.cancelled else Emitted.TERMINATED
        return Emitted.NO_SUBSCRIBER if alone else Emitted.OK

    def complete(self) -> bool:
        """End the stream for all, after what waits (§1.5); False: it was over."""
        over: bool = self._entry.core.end(None)
        return over

    def fail(self, error: Exception) -> bool:
        """End the stream for all with an error, after what waits (§1.4); False: it was over."""
        need_exception("fail", error)
        over: bool = self._entry.core.end(error)
        return over

    def on_subscribe(self, subscription: Subscription) -> None:
        """Take an upstream's Subscription (§2.5)."""
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        entry = self._entry
        if entry.turnstile.attach(subscription):  # else there is one already, or it is over
            entry.core.on_subscribe(entry.turnstile)

    def on_next(self, item: T) -> None:
        """Take an item of upstream."""
        if item is None:
            raise TypeError("on_next: None is not an element (§2.13)")
        entry = self._entry
        entry.core.on_next(item)
        entry.turnstile.heed()

    def on_error(self, error: Exception | None) -> None:
        """Take the error of upstream."""
        if error is None:
            raise TypeError("on_error: None is not an error (§2.13)")
        self._entry.turnstile.close()
        self._entry.core.on_error(error)

    def on_complete(self) -> None:
        """Take the end of upstream."""
        self._entry.turnstile.close()
        self._entry.core.on_complete()
