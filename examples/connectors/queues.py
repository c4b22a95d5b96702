"""A flow in the middle of a program of threads and queues: `python examples/connectors/queues.py`."""

import queue
import threading

from operators.connectors import queues


def main() -> None:
    orders: queue.Queue[int | None] = queue.Queue(maxsize=4)
    bills: queue.Queue[str | None] = queue.Queue(maxsize=4)

    def customer() -> None:
        for price in (12, 30, 7):
            orders.put(price)
        orders.join()  # all of them were acknowledged
        orders.put(None)

    threading.Thread(target=customer).start()
    billed = (
        queues.source(orders)
        .map(lambda order: order.with_value(f"to pay: {order.value}"))
        .apply(queues.sink(bills, queues.SinkSettings(end=None)))
        .for_each(lambda bill: bill.ack())
    )
    while (bill := bills.get()) is not None:
        print(bill)
    billed.result()


if __name__ == "__main__":
    main()
