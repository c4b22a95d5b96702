"""Three processes share the partitions of a topic: `python examples/connectors/kafka_group.py [servers]`."""

import subprocess
import sys

from confluent_kafka import Producer

from operators import Flow
from operators.connectors import kafka


def work(servers: str) -> None:
    """One of the three: it bills its share of the orders, and ends when nobody has more for it."""
    settings = kafka.SourceSettings(end="caught_up")
    billed = (
        kafka.source(servers, "orders", "billing", settings)
        .map(lambda order: order.with_value(b"to pay: " + order.value))
        .apply(kafka.sink(servers, "bills"))
        .tap(lambda order: order.ack())
    )
    billed.run()


def main(servers: str | None) -> None:
    if servers is None:
        # The mock of the client library, which serves as long as it is there.
        mock = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
        (broker,) = mock.list_topics().brokers.values()
        servers = f"{broker.host}:{broker.port}"

    Flow.range(90).map(str).apply(kafka.sink(servers, "orders")).run()
    command = [sys.executable, __file__, "work", servers]
    workers = [subprocess.Popen(command) for _ in range(3)]
    for worker in workers:
        worker.wait()

    settings = kafka.SourceSettings(end="caught_up", promise="at_most_once")
    bills = {message.value for message in kafka.source(servers, "bills", "readers", settings)}
    print(len(bills), "bills")


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2])
    else:
        main(next(iter(sys.argv[1:]), None))
