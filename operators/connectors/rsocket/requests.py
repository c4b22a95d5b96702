"""Requests: what is asked of the other side, as Publishers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators.connectors.message import Message
from operators.connectors.rsocket import codec
from operators.connectors.rsocket.streams import Receiving, Sending, Stream
from reactive_streams import Publisher, Subscriber

if TYPE_CHECKING:
    from operators.connectors.rsocket.engine import Engine


class Request:
    """A REQUEST_STREAM or REQUEST_RESPONSE, sent when something is asked for; anew for each Subscriber."""

    def __init__(self, engine: Engine, kind: int, payload: Any) -> None:
        codec.parts(payload)  # what is none is refused where it is given
        self._engine = engine
        self._kind = kind
        self._payload = payload

    def subscribe(self, subscriber: Subscriber[Message[bytes]]) -> None:
        """Subscribe (§1.9)."""
        engine, kind, payload = self._engine, self._kind, self._payload
        stream = Stream(engine, requested=True)

        def begin() -> None:
            try:
                number = engine.begin(stream)
                n, fragment = receiving.told(), engine.settings.fragment
                frames = codec.request_frames(kind, number, payload, fragment, n)
            except Exception as error:
                receiving.end(error)
            else:
                engine.send(*frames)

        receiving = Receiving(stream, subscriber, begin)
        subscriber.on_subscribe(receiving)


class Channel:
    """A REQUEST_CHANNEL: the first item of a Publisher is its payload, and the others follow on demand."""

    def __init__(self, engine: Engine, items: Publisher[Any]) -> None:
        self._engine = engine
        self._items = items

    def subscribe(self, subscriber: Subscriber[Message[bytes]]) -> None:
        """Subscribe (§1.9)."""
        engine = self._engine
        stream = Stream(engine, requested=True)

        def opening(item: Any) -> list[bytes]:
            codec.parts(item)
            number, kind = engine.begin(stream), codec.REQUEST_CHANNEL
            fragment = engine.settings.fragment
            return codec.request_frames(kind, number, item, fragment, receiving.told())

        def begin() -> None:
            sending = Sending(stream, 1)
            sending.opening = opening
            self._items.subscribe(sending)

        receiving = Receiving(stream, subscriber, begin)
        subscriber.on_subscribe(receiving)


class Forget:
    """A REQUEST_FNF, or METADATA_PUSH: sent when it is subscribed to; over when it is on its way."""

    def __init__(self, engine: Engine, payload: Any, *, push: bool = False) -> None:
        codec.parts(payload)
        self._engine = engine
        self._payload = payload
        self._push = push

    def subscribe(self, subscriber: Subscriber[Message[bytes]]) -> None:
        """Subscribe (§1.9)."""
        stream = Stream(self._engine, requested=True)
        receiving = Receiving(stream, subscriber, None)

        def send() -> None:
            try:
                self._send()
            except Exception as error:
                receiving.end(error)
            else:
                receiving.end(None)

        subscriber.on_subscribe(receiving)
        self._engine.call(send, lost=receiving.lost)

    def _send(self) -> None:
        engine, payload = self._engine, self._payload
        engine.need_open()
        if self._push:
            engine.send(codec.push_frame(payload))
        else:
            number, fragment = engine.number(), engine.settings.fragment
            engine.send(*codec.request_frames(codec.REQUEST_FNF, number, payload, fragment))
