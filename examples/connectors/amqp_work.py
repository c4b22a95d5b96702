"""A queue of work, one piece of which nobody can do: `python examples/connectors/amqp_work.py [url]`.

It needs a server, such as RabbitMQ: `docker run -p 5672:5672 rabbitmq`, or Debian's rabbitmq-server.
"""

import sys

from operators import Backoff, Flow
from operators.connectors import Message, amqp, values

# What is rejected goes to another queue, for somebody to look at.
DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders-dead"}


def bill(order: Message[bytes]) -> Flow[Message[bytes]]:
    if not order.value.isdigit():
        amqp.reject(order)
        return Flow.empty()
    return Flow.of(order.with_value(b"to pay: " + order.value))


def main(url: str) -> None:
    orders = amqp.SinkSettings(arguments=DEAD)
    Flow.of(b"3", b"twelve", b"4").apply(amqp.sink(url, "orders", orders)).run()
    list(amqp.source(url, "orders-dead", amqp.SourceSettings(follow=False)))  # it is made by that

    billed = (
        amqp.source(url, "orders", amqp.SourceSettings(prefetch=10))
        .concat_map(bill)
        .apply(amqp.sink(url, "bills"))
        .tap(lambda order: order.ack())  # it is confirmed: the order is dealt with
    )
    for made in billed.restart(Backoff(0.1, most=5)).take(2):
        print(made.value.decode())
    for dead in amqp.source(url, "orders-dead").apply(values()).take(1):
        print("nobody can read:", dead.decode())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "amqp://guest:guest@localhost/")
