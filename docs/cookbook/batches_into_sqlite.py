"""Batches of 100 rows, or of what has come within 0.5 s, into SQLite."""

import asyncio
import sqlite3

from operators import Flow

# What there is: a stand-in.


async def readings():
    for n in range(250):
        yield n, n * n
        await asyncio.sleep(1.0 if n == 120 else 0.001)


database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE reading (n INTEGER, square INTEGER)")


def insert(rows):
    with database:
        database.executemany("INSERT INTO reading VALUES (?, ?)", rows)
    return len(rows)


# The pipeline.


def written(rows):
    return Flow.from_async_iterable(rows).buffer_size_or_time(100, 0.5).map(insert)


# ---


async def main():
    return [await written(readings()).to_list(), *database.execute("SELECT count(*) FROM reading")]


GIVES = [[100, 21, 100, 29], (250,)]

if __name__ == "__main__":
    print(asyncio.run(main()))
