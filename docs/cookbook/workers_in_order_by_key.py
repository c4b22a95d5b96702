"""Four workers; what belongs to one customer is done in order."""

import asyncio

from operators import Flow

# What there is: a stand-in.

log = []


async def handle(order):
    _, number = order
    await asyncio.sleep(0.01 * (number % 3))
    log.append(order)
    return order


orders = [("ada", 2), ("bob", 1), ("ada", 1), ("cyd", 2), ("bob", 0), ("ada", 0)]


# The pipeline.


def handled(orders):
    return Flow.from_iterable(orders).map_async(
        handle, concurrency=4, ordered=False, key=lambda order: order[0]
    )


# ---


async def main():
    await handled(orders).for_each(lambda order: None)
    return [number for customer, number in log if customer == "ada"]


GIVES = [2, 1, 0]

if __name__ == "__main__":
    print(asyncio.run(main()))
