"""A server that answers with a flow, and a client: `python examples/connectors/http_orders.py`.

It serves itself, with uvicorn in a thread; the server's side is plain ASGI.
"""

import socket
import threading
from typing import Any

import uvicorn

from operators import Flow
from operators.connectors import http, values


def price(order: dict[str, int]) -> dict[str, int]:
    return {"price": order["cups"] * 3}


async def app(scope: Any, receive: Any, send: Any) -> None:
    orders = http.body(scope, receive).apply(values())
    await http.Response(orders.map(price))(scope, receive, send)


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()

    orders = Flow.range(1, 4).map(lambda cups: {"cups": cups})
    asking = http.ClientSettings(body=orders, body_format="json", format="json")
    host, port = listening.getsockname()
    for answer in http.source(f"http://{host}:{port}/", asking).apply(values()):
        print(answer)

    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
