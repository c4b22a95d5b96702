"""The three most frequent words of every 10 s."""

import asyncio
from collections import Counter

from operators import Flow

# What there is: a stand-in.


async def words():
    for n in range(30):
        yield ["red", "blue", "red", "green", "blue", "red"][n % 6] if n < 15 else "black"
        await asyncio.sleep(1.0)


# The pipeline.


def top(words):
    return (
        Flow.from_async_iterable(words)
        .window_time(10.0)
        .flat_map(
            lambda window: window.collect(Counter, lambda counts, word: counts.update([word]))
        )
        .map(lambda counts: counts.most_common(3))
    )


# ---


async def main():
    return await top(words()).to_list()


GIVES = [
    [("red", 5), ("blue", 3), ("green", 2)],
    [("black", 5), ("red", 3), ("blue", 2)],
    [("black", 10)],
]

if __name__ == "__main__":
    print(asyncio.run(main()))
