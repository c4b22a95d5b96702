r"""TCP: frames of bytes as a flow, from a client or a server, with TLS if you like.

>>> import socket, threading
>>> from operators.connectors import tcp, values
>>> server = socket.create_server(("127.0.0.1", 0))
>>> def serve():
...     with server, server.accept()[0] as connection:
...         connection.sendall(b"one\ntwo\n")
>>> threading.Thread(target=serve).start()
>>> list(tcp.source(*server.getsockname()).apply(values()))
[b'one', b'two']
"""

from operators.connectors.framing import CutFrameError, FrameTooLargeError
from operators.connectors.tcp.client import connect, sink, source
from operators.connectors.tcp.connection import Connection
from operators.connectors.tcp.server import listen
from operators.connectors.tcp.settings import Settings

__all__ = [
    "Connection",
    "CutFrameError",
    "FrameTooLargeError",
    "Settings",
    "connect",
    "listen",
    "sink",
    "source",
]
