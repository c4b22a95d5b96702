"""Streams: one request, or one answer, of a connection; what comes, and what goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.failure import drop_error
from operators._kernel.subscription.drain import Drain
from operators.connectors.message import Message
from operators.connectors.rsocket import codec
from operators.connectors.rsocket.codec import MOST, ProtocolError
from reactive_streams import UNBOUNDED, Subscriber, Subscription

if TYPE_CHECKING:
    from operators.connectors.rsocket.engine import Engine

_AT_A_TIME = 64
"""Items of one stream that are written before others have their turn."""


class Stream:
    """Both directions of one request; each is None where there is none, or when it is over.

    All of it is called on the event loop of its connection.
    """

    __slots__ = ("engine", "id", "receiving", "requested", "sending")

    def __init__(self, engine: Engine, *, requested: bool) -> None:
        self.engine: Engine = engine
        self.id: int = 0
        self.requested: bool = requested
        """Whether it was begun from here."""
        self.receiving: Receiving | None = None
        self.sending: Sending | None = None

    def answered_frame(self, message: Message[bytes] | None, complete: bool) -> None:
        """Take what a PAYLOAD has: an item, the end, or both: two signals."""
        receiving = self.receiving
        if receiving is None:
            return  # it is cancelled, and they have crossed each other
        if message is not None:
            receiving.item(message)
        if complete and self.receiving is receiving:
            receiving.end(None)

    def error_frame(self, error: Exception) -> None:
        """Take the other side's error, which ends both directions."""
        self.fail(error)

    def request_n_frame(self, n: int) -> None:
        """Take the other side's demand."""
        if self.sending is not None:
            self.sending.ask(n)

    def cancel_frame(self) -> None:
        """Take the other side's cancel: who has begun the request wants nothing more of it at all."""
        if self.sending is not None:
            self.sending.stop()
        if not self.requested and self.receiving is not None:
            self.receiving.end(codec.RemoteError(codec.CANCELED, "the other side has cancelled"))

    def fail(self, error: Exception) -> None:
        """End both directions, as nothing more can be said."""
        sending = self.sending
        if self.receiving is not None:  # first: the end of what is sent may come by way of it
            self.receiving.end(error)
        if sending is not None:
            sending.stop(error)

    def look(self) -> None:
        """Forget it when both directions are over."""
        if self.receiving is None and self.sending is None:
            self.engine.forget(self)


class Receiving:
    """What comes: the Subscription of who wants it. `begin` sends the request, at the first demand.

    Of what is wanted no more than `most` is told, for a frame has 31 bits of it; the rest is told later.
    """

    __slots__ = (
        "_begin", "_cancelled", "_most", "_outstanding", "_stream", "_subscriber", "_untold", "_wanted",
        "over",
    )  # fmt: skip

    def __init__(
        self,
        stream: Stream,
        subscriber: Subscriber[Message[bytes]] | None,
        begin: Callable[[], object] | None,
    ) -> None:
        self._stream = stream
        self._subscriber: Subscriber[Message[bytes]] | None = subscriber
        self._begin = begin
        self._most = MOST
        self._wanted = 0
        self._untold = 0
        self._outstanding = 0
        self._cancelled = False
        self.over: bool = False
        stream.receiving = self

    # What the Subscriber calls, on any thread ---------------------------------------------------

    def request(self, n: int) -> None:
        """Ask for n more (§3.8)."""
        self._stream.engine.call(self._request, n, lost=self.lost)

    def cancel(self) -> None:
        """Ask for nothing more (§3.12)."""
        self._cancelled = True
        self._stream.engine.call(self._cancel, lost=self.lost)

    # On the loop --------------------------------------------------------------------------------

    def lost(self, error: Exception) -> None:
        """Take note that the loop is gone."""
        if not self._cancelled:
            self.end(error)

    def _request(self, n: int) -> None:
        if self.over:
            return
        self._wanted = min(self._wanted + n, UNBOUNDED)
        self._tell()

    def _tell(self) -> None:
        n = min(self._wanted, self._most - self._outstanding)
        if n <= 0:
            return
        if self._wanted != UNBOUNDED:
            self._wanted -= n
        self._outstanding += n
        self._untold += n
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
        elif self._stream.id:
            self._stream.engine.send(codec.request_n_frame(self._stream.id, self.told()))

    def told(self) -> int:
        """Return the demand that is to be told now."""
        n, self._untold = self._untold, 0
        return n

    def item(self, message: Message[bytes]) -> None:
        """Hand an item over."""
        self._outstanding -= 1
        if self._outstanding < 0:
            self._refuse(
                ProtocolError("§1.1: the other side has sent more items than were asked for")
            )
            return
        subscriber = self._subscriber
        if subscriber is not None and not self._cancelled:
            subscriber.on_next(message)
        if self._wanted and self._outstanding <= self._most // 2 and not self.over:
            self._tell()

    def unwanted(self) -> None:
        """Take note that the other direction is over."""

    def _refuse(self, error: Exception) -> None:
        stream = self._stream
        stream.engine.send(codec.cancel_frame(stream.id))
        self.end(error)
        if stream.requested and stream.sending is not None:
            stream.sending.stop()

    def end(self, error: Exception | None) -> None:
        """Hand the end over, and be over."""
        if self.over:
            return
        self.over = True
        subscriber, self._subscriber = self._subscriber, None
        stream = self._stream
        if (
            stream.sending is not None
            and stream.requested
            and error is None
            and not self._cancelled
        ):
            # What goes has its own end, and it is to be waited for.
            stream.sending.after = lambda late: self._told(subscriber, late)
            stream.receiving = None
            return
        stream.receiving = None
        stream.look()
        self._told(subscriber, error)

    def _told(self, subscriber: Subscriber[Any] | None, error: Exception | None) -> None:
        if subscriber is None or self._cancelled:
            return
        if error is None:
            subscriber.on_complete()
        else:
            subscriber.on_error(error)

    def _cancel(self) -> None:
        stream = self._stream
        self._subscriber = None
        if stream.requested and stream.sending is not None:
            stream.sending.stop()
        if self.over:
            return
        self.over = True
        stream.receiving = None
        if stream.id and not stream.engine.over:
            stream.engine.send(codec.cancel_frame(stream.id))
        stream.look()


class Sending:
    """What goes: the Subscriber of a Publisher of ours.

    It asks for what the other side has asked for, in portions, so that no more than the window waits to be
    written.
    """

    __slots__ = (
        "_asked", "_at_last", "_drain", "_end", "_engine", "_items", "_stream", "_subscription", "_unwritten",
        "_wanted", "_window", "after", "listed", "opening", "over",
    )  # fmt: skip

    def __init__(self, stream: Stream, n: int) -> None:
        self._stream = stream
        self._engine = stream.engine
        self._window = stream.engine.settings.window
        self._items: deque[Any] = deque()
        self._drain = Drain()
        self._end: list[Exception | None] = []
        self._at_last: Callable[[], object] | None = None
        self._subscription: Subscription | None = None
        self._wanted = n
        self._asked = 0  # of the Publisher, and not come
        self._unwritten = 0  # come, and not given to the kernel
        self.opening: Callable[[Any], list[bytes]] | None = None
        """What makes the request of the first item, where that is one."""
        self.after: Callable[[Exception | None], object] | None = None
        """Told of the end of it, where that of the other direction waits for it."""
        self.listed: bool = False
        """Whether the writer knows that there is something to write."""
        self.over: bool = False
        stream.sending = self

    # What the Publisher calls, on any thread ----------------------------------------------------

    def on_subscribe(self, subscription: Subscription) -> None:
        """Take the Subscription; on the loop or not."""
        self._engine.call(self._subscribed, subscription)

    def on_next(self, item: Any) -> None:
        """Take an item, which is written soon."""
        self._items.append(item)
        self._news()

    def on_error(self, error: Exception) -> None:
        """Take the error, which is told to the other side."""
        self._end.append(error)
        self._news()

    def on_complete(self) -> None:
        """Take the end."""
        self._end.append(None)
        self._news()

    def _news(self) -> None:
        if self._drain.enter():
            self._engine.call(self._turn)

    # On the loop --------------------------------------------------------------------------------

    def _subscribed(self, subscription: Subscription) -> None:
        if self.over or self._subscription is not None:
            subscription.cancel()
            return
        self._subscription = subscription
        self._pull()

    def ask(self, n: int) -> None:
        """Take the other side's demand."""
        self._wanted = min(self._wanted + n, UNBOUNDED)
        self._pull()

    def _pull(self) -> None:
        room = self._window - self._asked - self._unwritten
        n = min(self._wanted, room)
        # A portion at a time, unless it is all that is wanted.
        if n <= 0 or (n < self._wanted and 4 * room < self._window) or self._subscription is None:
            return
        self._wanted -= n
        self._asked += n
        self._subscription.request(n)

    def _turn(self) -> None:
        while True:
            if not self.over:
                self._engine.ready(self)
            if not self._drain.again():
                return

    def take(self, batch: list[bytes]) -> int:
        """Add the frames of what is next to the batch; return the number of items."""
        if self.over:
            return 0
        end = list(self._end)  # looked at first: what comes before it is in the queue by then
        items = self._items
        stream = self._stream
        fragment = self._engine.settings.fragment
        taken = 0
        try:
            while items and taken < _AT_A_TIME:
                item = items.popleft()
                opening, self.opening = self.opening, None
                if opening is None:
                    batch.extend(codec.item_frames(stream.id, item, fragment))
                else:
                    batch.extend(opening(item))
                taken += 1
        except Exception as error:
            self._no_item(error, batch)
            return taken
        self._asked -= taken
        self._unwritten += taken
        if items:
            self._engine.ready(self)
        elif end:
            self._finish(end[0], batch)
        return taken

    def written(self, n: int) -> None:
        """Take note that items were given to the kernel."""
        self._unwritten -= n
        at_last, self._at_last = self._at_last, None
        if at_last is not None:
            at_last()
        if not self.over:
            self._pull()

    def _no_item(self, error: Exception, batch: list[bytes]) -> None:
        if self._subscription is not None:
            self._subscription.cancel()
        if not self._stream.requested:  # else it is who has asked that is told
            drop_error(error, "of an answer of rsocket, which is no payload")
        self._finish(error, batch)

    def _finish(self, error: Exception | None, batch: list[bytes]) -> None:
        stream = self._stream
        if not stream.id:  # nothing was asked, so there is no answer
            if stream.receiving is not None:
                stream.sending = None
                stream.receiving.end(error)
        elif error is None:
            batch.append(codec.complete_frame(stream.id))
        else:
            code = error.code if isinstance(error, codec.RemoteError) else codec.APPLICATION_ERROR
            text = error.text if isinstance(error, codec.RemoteError) else _said(error)
            batch.append(codec.error_frame(stream.id, code, text))
            receiving, stream.receiving = stream.receiving, None
            if receiving is not None:  # an error ends both; here it is told when it has gone
                self._at_last = partial(receiving.end, error)
        self._over(error)

    def stop(self, error: Exception | None = None) -> None:
        """Ask for nothing more: nobody wants it, or nobody will get it."""
        if self.over:
            return
        if self._subscription is not None:
            self._subscription.cancel()
        self._items.clear()
        self._over(error)

    def _over(self, error: Exception | None) -> None:
        self.over = True
        stream = self._stream
        stream.sending = None
        if stream.receiving is not None:
            stream.receiving.unwanted()
        stream.look()
        after, self.after = self.after, None
        if after is not None:
            after(error)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
