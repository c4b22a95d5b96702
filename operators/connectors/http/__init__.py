"""HTTP: answers and requests as flows, on both sides; the client by httpx, the server side plain ASGI.

>>> from operators import Flow
>>> from operators.connectors import http
>>> app = http.Response(Flow.range(3).map(lambda n: {"n": n}))  # NDJSON, for any ASGI server
>>> asking = http.source("http://127.0.0.1:8000/", http.ClientSettings(format="json"))
"""

from operators.connectors.framing import BadRecordError, FrameTooLargeError
from operators.connectors.http.asgi import Response, body, last_event_id
from operators.connectors.http.client import sink, source
from operators.connectors.http.errors import ClosedError, StatusError
from operators.connectors.http.event_source import events
from operators.connectors.http.settings import ClientSettings, ServerSettings, WebSocketSettings
from operators.connectors.http.websocket import WebSocket
from operators.connectors.http.websocket_client import websocket
from operators.connectors.http.websocket_server import WebSocketApp

__all__ = [
    "BadRecordError",
    "ClientSettings",
    "ClosedError",
    "FrameTooLargeError",
    "Response",
    "ServerSettings",
    "StatusError",
    "WebSocket",
    "WebSocketApp",
    "WebSocketSettings",
    "body",
    "events",
    "last_event_id",
    "sink",
    "source",
    "websocket",
]
