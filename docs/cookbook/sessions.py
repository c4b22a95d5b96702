"""Sessions: what a user does until there is nothing for 30 s."""

import asyncio

from operators import Flow

# What there is: a stand-in.


async def clicks():
    for user, pause in [("ada", 5), ("bob", 10), ("ada", 40), ("ada", 5), ("bob", 60)]:
        yield user
        await asyncio.sleep(pause)


# The pipeline.


def sessions(clicks):
    return (
        Flow.from_async_iterable(clicks)
        .group_by(lambda user: user, idle=30.0)
        .flat_map(lambda session: session.count().map(lambda n: (session.key, n)), concurrency=100)
    )


# ---


async def main():
    return await sessions(clicks()).to_list()


GIVES = [("bob", 1), ("ada", 2), ("ada", 1), ("bob", 1)]

if __name__ == "__main__":
    print(asyncio.run(main()))
