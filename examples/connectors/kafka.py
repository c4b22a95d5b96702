"""Read, work, write, acknowledge, with a broker that lasts as long: `python examples/connectors/kafka.py`."""

from confluent_kafka import Producer

from operators import Flow
from operators.connectors import Message, kafka


def main() -> None:
    # The mock of the client library; elsewhere the addresses of your brokers.
    mock = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = mock.list_topics().brokers.values()
    servers = f"{broker.host}:{broker.port}"

    orders = Flow.of(("ann", 12), ("bob", 30), ("ann", 7))
    records = orders.map(lambda order: kafka.Record(str(order[1]), key=order[0]))
    records.apply(kafka.sink(servers, "orders")).run()

    def bill(order: Message[bytes]) -> Message[str]:
        return order.with_value(f"{order.headers['key'].decode()} has to pay {int(order.value)}")

    all_of_it = kafka.SourceSettings(end="caught_up")
    run = (
        kafka.source(servers, "orders", "billing", all_of_it)
        .map(bill)
        .apply(kafka.sink(servers, "bills"))
        .tap(lambda message: message.ack())  # the brokers have it
    )
    for message in sorted(run, key=lambda message: (message.headers["key"], message.value)):
        print(message.value)


if __name__ == "__main__":
    main()
