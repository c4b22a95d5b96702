"""A build when files have been quiet for half a second, with the names of those that changed."""

import asyncio

from operators import Flow

# What there is: a stand-in.


async def events():
    for name, pause in [("a.py", 0.1), ("b.py", 0.1), ("a.py", 2.0), ("c.py", 0.2), ("c.py", 1.0)]:
        yield name
        await asyncio.sleep(pause)


# The pipeline.


def builds(changes):
    # Not debounce, which keeps the last only: one group of all names, over when it has been quiet.
    return (
        Flow.from_async_iterable(changes)
        .group_by(lambda name: "all", idle=0.5)
        .flat_map(lambda burst: burst.to_set())
        .map(sorted)
    )


# ---


async def main():
    return await builds(events()).to_list()


GIVES = [["a.py", "b.py"], ["c.py"]]

if __name__ == "__main__":
    print(asyncio.run(main()))
