"""Incoming: what comes of a channel that the other side has begun."""

from __future__ import annotations

from operators._kernel.failures.failure import OneShotError
from operators._kernel.kinds import refuse
from operators._kernel.subscription.demand import Claim
from operators.connectors.message import Message
from operators.connectors.rsocket.streams import Receiving, Stream
from reactive_streams import Subscriber


class Incoming(Receiving):
    """A Publisher for one Subscriber: the first payload, which is here, and then what is asked for."""

    __slots__ = ("_claim", "_first", "_last")

    def __init__(self, stream: Stream, first: Message[bytes], *, complete: bool) -> None:
        super().__init__(stream, None, None)
        self._first: Message[bytes] | None = first
        self._last: list[Exception | None] = [None] if complete else []
        self._claim = Claim()

    def subscribe(self, subscriber: Subscriber[Message[bytes]]) -> None:
        """Subscribe (§1.9); a second Subscriber is refused."""
        if not self._claim.take():
            refuse(subscriber, OneShotError("what comes of a channel has a Subscriber already"))
            return
        subscriber.on_subscribe(self)
        self._stream.engine.call(self._attach, subscriber, lost=self.lost)

    def _attach(self, subscriber: Subscriber[Message[bytes]]) -> None:
        if not self._cancelled:
            self._subscriber = subscriber
            self._go_on()

    def _request(self, n: int) -> None:
        self._wanted += n
        self._go_on()

    def _go_on(self) -> None:
        subscriber = self._subscriber
        if subscriber is None:
            return
        first = self._first
        if first is not None and self._wanted:
            self._first = None
            self._wanted -= 1
            subscriber.on_next(first)
        if self._last and (self._first is None or self._last[0] is not None):
            super().end(self._last[0])
        elif self._first is None and not self.over:
            self._tell()

    def end(self, error: Exception | None) -> None:
        """Hand the end over: an error at once, the completion after the first payload."""
        if not self._last:
            self._last.append(error)
            self._go_on()

    def unwanted(self) -> None:
        """Say that nothing is wanted, where nobody has subscribed: the answer is over."""
        if not self._claim.taken:
            self._cancel()
