"""200 calls of an API: at most 20 a second and 8 at once, three tries with a growing pause, 1 s for each."""

import asyncio
from collections import Counter

from operators import Backoff, Flow

# What there is: a stand-in.

tries = Counter()


async def fetch(number):
    tries[number] += 1
    await asyncio.sleep(5.0 if number % 50 == tries[number] else 0.1)  # now and then it hangs
    if number % 7 == tries[number]:
        raise ConnectionError(number)
    return number


# The pipeline.


def answers(numbers):
    backoff = Backoff(first=0.2, jitter=0.0)

    def call(number):
        once = Flow.of(number).map_async(fetch).timeout(1.0)
        return once.retry(2, on=(ConnectionError, TimeoutError), backoff=backoff)

    return Flow.from_iterable(numbers).throttle(20.0).flat_map(call, concurrency=8)


# ---


async def main():
    return [await answers(range(200)).count(), tries.total()]


GIVES = [200, 233]

if __name__ == "__main__":
    print(asyncio.run(main()))
