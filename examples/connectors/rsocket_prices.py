"""A shop that is asked for prices, and for a stream: `python examples/connectors/rsocket_prices.py`."""

import queue
from typing import Any

from operators import Flow
from operators.connectors import Message, rsocket, values

PRICES = {b"tea": b"7", b"rum": b"12"}


def price(question: Message[bytes]) -> Flow[bytes]:
    return Flow.of(b"price of %b: %b" % (question.value, PRICES[question.value]))


def count(_: Message[bytes]) -> Flow[bytes]:
    return Flow.range(1, 1_000_000_000).map(lambda n: b"%d" % n)


def main() -> None:
    urls: queue.Queue[str] = queue.Queue()
    settings = rsocket.Settings(on_listening=urls.put)
    responder = rsocket.Responder(request_response=price, request_stream=count)
    serving = rsocket.listen("ws://127.0.0.1:0", responder, settings).for_each(lambda _: None)
    url = urls.get()

    def ask(connection: rsocket.Connection) -> Flow[Any]:
        return Flow.of(b"tea", b"rum").concat_map(connection.request_response).apply(values())

    for answer in rsocket.connect(url, ask):
        print(answer.decode())
    # Three are asked for, one at a time, and three are sent: the rest of a milliard is never made.
    print(b" ".join(rsocket.source(url).apply(values()).take(3)).decode())
    serving.cancel()


if __name__ == "__main__":
    main()
