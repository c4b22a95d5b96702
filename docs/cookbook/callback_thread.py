"""A thread that calls back as it likes, whose oldest readings are dropped."""

import asyncio

from operators import Flow

# What there is: a stand-in.


def driver(callback):
    for reading in range(1_000):
        callback(reading)


dropped = []


# The pipeline.


def readings():
    def listen(emitter):  # on a thread of its own
        driver(emitter.emit)
        emitter.complete()

    flow = Flow.create(listen, overflow="drop_oldest", capacity=8)
    return flow.on_discard(dropped.append)


# ---


async def main():
    seen = await readings().to_list()
    return [seen == sorted(seen), seen[-1], len(seen) + len(dropped) <= 1_000]


GIVES = [True, 999, True]

if __name__ == "__main__":
    print(asyncio.run(main()))
