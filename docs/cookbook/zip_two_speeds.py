"""A quick and a slow source, item by item: the quick one waits."""

import asyncio

from operators import Flow

# What there is: a stand-in.

made = 0


async def quick():
    global made
    for made in range(1_000):
        yield made


async def slow():
    for n in range(5):
        await asyncio.sleep(0.1)
        yield n


# The pipeline.


def pairs(left, right):
    return Flow.from_async_iterable(left).zip(Flow.from_async_iterable(right), prefetch=4)


# ---


async def main():
    return [await pairs(quick(), slow()).to_list(), made < 12]


GIVES = [[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)], True]

if __name__ == "__main__":
    print(asyncio.run(main()))
