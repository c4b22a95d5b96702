"""Links: wrappers that record each call between a Publisher and a Subscriber, and pass it on."""

from __future__ import annotations

from typing import Any

from tck.recording.recorder import Recorder
from tck.recording.trace import Side


def other(side: Side) -> Side:
    """Returns the party at the other end."""
    return "component" if side == "driver" else "driver"


class TracedSubscription:
    """Records request and cancel on their way to a Subscription."""

    __slots__ = ("_by", "_link", "_number", "_recorder", "target")

    def __init__(self, recorder: Recorder, link: str, target: Any, number: int, by: Side) -> None:
        self._recorder = recorder
        self._link = link
        self.target: Any = target
        self._number = number
        self._by: Side = by

    def request(self, n: int) -> None:
        """Asks for n more."""
        recorder = self._recorder
        began = recorder.enter(self._link, "request", self._by, n=n, subscription=self._number)
        try:
            self.target.request(n)
        except BaseException as error:
            recorder.leave(began, error)
            raise
        recorder.leave(began)

    def cancel(self) -> None:
        """Asks for no more."""
        recorder = self._recorder
        began = recorder.enter(self._link, "cancel", self._by, subscription=self._number)
        try:
            self.target.cancel()
        except BaseException as error:
            recorder.leave(began, error)
            raise
        recorder.leave(began)


class TracedSubscriber:
    """Records the four signals on their way to a Subscriber, and wraps the Subscription it is given.

    `by` says whose calls the four signals are; request and cancel are the other's, or `asks_by`'s.
    """

    __slots__ = ("__weakref__", "_asks_by", "_by", "_link", "_recorder", "_subscriptions", "target")

    def __init__(
        self, recorder: Recorder, link: str, target: Any, by: Side, asks_by: Side | None = None
    ) -> None:
        self._recorder = recorder
        self._link = link
        self.target: Any = target
        self._by: Side = by
        self._asks_by: Side = asks_by or other(by)
        self._subscriptions = 0

    def on_subscribe(self, subscription: Any) -> None:
        """Hands a Subscription over."""
        self._subscriptions += 1
        number = self._subscriptions
        recorder = self._recorder
        text = "" if subscription is not None else "None"
        began = recorder.enter(self._link, "on_subscribe", self._by, subscription=number, text=text)
        if subscription is not None:
            subscription = TracedSubscription(
                recorder, self._link, subscription, number, self._asks_by
            )
        try:
            self.target.on_subscribe(subscription)
        except BaseException as error:
            recorder.leave(began, error)
            raise
        recorder.leave(began)

    def on_next(self, item: Any) -> None:
        """Delivers one element."""
        recorder = self._recorder
        began = recorder.enter(self._link, "on_next", self._by, item=item)
        try:
            if recorder.running_away():
                recorder.brake.pull()
            self.target.on_next(item)
        except BaseException as error:
            recorder.leave(began, error)
            raise
        recorder.leave(began)

    def on_error(self, error: Any) -> None:
        """Ends the stream with an error."""
        recorder = self._recorder
        began = recorder.enter(self._link, "on_error", self._by, error=error)
        try:
            self.target.on_error(error)
        except BaseException as raised:
            recorder.leave(began, raised)
            raise
        recorder.leave(began)

    def on_complete(self) -> None:
        """Ends the stream."""
        recorder = self._recorder
        began = recorder.enter(self._link, "on_complete", self._by)
        try:
            self.target.on_complete()
        except BaseException as error:
            recorder.leave(began, error)
            raise
        recorder.leave(began)
