"""Connection: what can be asked of the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators.connectors.message import Message
from operators.connectors.rsocket import codec
from operators.connectors.rsocket.requests import Channel, Forget, Request
from operators.sources.publisher import as_node

if TYPE_CHECKING:
    from operators.connectors.rsocket.engine import Engine
    from operators.flow import Flow
    from reactive_streams import Publisher


class Connection:
    """One connection, over which both sides ask and answer, many requests at a time.

    The flows of its methods may be subscribed to on any thread or event loop, as often as you like: each is a
    request of its own. What comes of them comes on the event loop of the connection, and may not block.
    Payloads are bytes, or Messages of bytes with the metadata, bytes as well, in the header "metadata"; so
    are the messages that come.

    Demand is told exactly: a request(n) is a REQUEST_N of n, and the first one goes with the request
    (§1.1). Above 2^31 - 1 it is told in parts. A cancel is told (§3.12), and so is an error, which is a
    RemoteError here. When the connection is over they fail with a ConnectionResetError, or what has
    ended it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.peer: Any = engine.transport.peer
        """The address of the other side."""

    def __repr__(self) -> str:
        return f"<Connection with {self.peer}>"

    def request_stream(self, payload: bytes | Message[bytes] = b"") -> Flow[Message[bytes]]:
        """Return a flow of the items that the other side answers with."""
        return self._flow(Request(self._engine, codec.REQUEST_STREAM, payload))

    def request_response(self, payload: bytes | Message[bytes] = b"") -> Flow[Message[bytes]]:
        """Return a flow of the one item that the other side answers with, or of none."""
        return self._flow(Request(self._engine, codec.REQUEST_RESPONSE, payload))

    def request_channel(self, items: Publisher[Any]) -> Flow[Message[bytes]]:
        """Return a flow of what the other side answers to the items of a flow, or of anybody's Publisher.

        It is subscribed to at the first demand. Its first item is the request; the others are asked of it
        when the other side asks for them, `Settings.window` at a time at most. The flow completes when
        both directions have, or the other side has cancelled what goes. It is empty where `items` is. An
        error of `items` is told to the other side, and fails the flow.
        """
        from operators.flow import Flow

        given: Flow[Any] = Flow(as_node("rsocket.request_channel", "items", items))
        return self._flow(Channel(self._engine, given))

    def fire_and_forget(self, payload: bytes | Message[bytes] = b"") -> Flow[Message[bytes]]:
        """Return an empty flow: the payload is sent when it is subscribed to, at most once."""
        return self._flow(Forget(self._engine, payload))

    def metadata_push(self, metadata: bytes) -> Flow[Message[bytes]]:
        """Return an empty flow: the metadata, of the whole connection, is sent when it is subscribed to."""
        return self._flow(Forget(self._engine, metadata, push=True))

    async def close(self) -> None:
        """Close it, when what was said has gone."""
        await self._engine.finish()

    def _flow(self, publisher: Publisher[Message[bytes]]) -> Flow[Message[bytes]]:
        from operators.flow import Flow

        return Flow.from_publisher(publisher)
