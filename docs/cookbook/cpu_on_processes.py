"""Work for the processor on processes, results in order."""

import asyncio
from concurrent.futures import ProcessPoolExecutor

from operators import Flow

# What there is: a stand-in.


def digits(n):
    return len(str(2**n))


# The pipeline.


def lengths(numbers, pool):
    return Flow.from_iterable(numbers).map_async(digits, concurrency=4, executor=pool)


# ---


async def main():
    with ProcessPoolExecutor(2) as pool:
        return await lengths([10, 10_000, 5], pool).to_list()


GIVES = [4, 3011, 2]

if __name__ == "__main__":
    print(asyncio.run(main()))
