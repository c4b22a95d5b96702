"""One source for three readers; the slow one gets the latest and holds nobody up."""

import asyncio

from operators import Flow

# What there is: a stand-in.


async def prices():
    for price in range(20):
        yield price
        await asyncio.sleep(0.01)


async def slowly(price):
    await asyncio.sleep(0.075)
    return price


# The pipeline.


def readers(prices):
    # Begun when all three are there; the slow one asks for less, and gets the latest.
    shared = Flow.from_async_iterable(prices).publish().auto_connect(3)
    slow = shared.on_backpressure_latest().map_async(slowly, concurrency=1)
    return shared.count(), shared.sum(), slow.to_list()


# ---


async def main():
    count, total, slow = await asyncio.gather(*readers(prices()))
    return [count, total, slow[0], len(slow) < 6]


GIVES = [20, 190, 0, True]

if __name__ == "__main__":
    print(asyncio.run(main()))
