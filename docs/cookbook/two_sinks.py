"""Two sinks of one flow, and the end when both are through."""

import asyncio

from operators import Flow

# What there is: a stand-in.

archive, index = [], {}


async def store(document):
    await asyncio.sleep(0.01)
    archive.append(document)
    return document


# The pipeline.


def stored(documents):
    # Both get every document, at the pace of the slower; zip waits for both counts.
    to_archive, to_index = Flow.from_iterable(documents).broadcast(2)
    archived = to_archive.map_async(store, concurrency=4).count()
    indexed = to_index.enumerate().tap(lambda pair: index.setdefault(pair[1], pair[0])).count()
    return archived.zip(indexed)


# ---


async def main():
    return [await stored(["a", "b", "c"]), archive, index]


GIVES = [(3, 3), ["a", "b", "c"], {"a": 0, "b": 1, "c": 2}]

if __name__ == "__main__":
    print(asyncio.run(main()))
