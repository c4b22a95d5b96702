"""Three sensors that report at their own pace, looked at every 100 ms."""

import asyncio
import itertools

from operators import Flow

# What there is: a stand-in.


async def sensor(name, every):
    for n in itertools.count():
        await asyncio.sleep(every)
        yield f"{name}{n}"


# The pipeline.


def readings(*sensors):
    # A sensor does not wait: what is newer takes the place of what nobody has looked at.
    first, *others = (Flow.from_async_iterable(each).on_backpressure_latest() for each in sensors)
    return first.combine_latest(*others, prefetch=1).sample(0.1)


# ---


async def main():
    sensors = sensor("a", 0.03), sensor("b", 0.07), sensor("c", 0.09)
    return await readings(*sensors).take(3).to_list()


GIVES = [("a2", "b0", "c0"), ("a5", "b1", "c1"), ("a8", "b3", "c2")]

if __name__ == "__main__":
    print(asyncio.run(main()))
