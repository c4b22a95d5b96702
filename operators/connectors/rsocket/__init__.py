"""RSocket: requests and answers over TCP or WebSockets, whose demand is told to the other side exactly.

>>> from operators import Flow
>>> from operators.connectors import rsocket, values
>>> import queue
>>> urls = queue.Queue()
>>> responder = rsocket.Responder(request_stream=lambda message: Flow.of(b"one", b"two"))
>>> settings = rsocket.Settings(on_listening=urls.put)
>>> server = rsocket.listen("tcp://127.0.0.1:0", responder, settings).for_each(lambda _: None)
>>> list(rsocket.source(urls.get()).apply(values()))
[b'one', b'two']
>>> server.cancel()
"""

from operators.connectors.rsocket.client import connect, sink, source
from operators.connectors.rsocket.codec import (
    APPLICATION_ERROR,
    CANCELED,
    INVALID,
    REJECTED,
    ProtocolError,
    RemoteError,
)
from operators.connectors.rsocket.connection import Connection
from operators.connectors.rsocket.responder import Responder
from operators.connectors.rsocket.server import listen
from operators.connectors.rsocket.settings import Settings

__all__ = [
    "APPLICATION_ERROR",
    "CANCELED",
    "INVALID",
    "REJECTED",
    "Connection",
    "ProtocolError",
    "RemoteError",
    "Responder",
    "Settings",
    "connect",
    "listen",
    "sink",
    "source",
]
