"""A large file for an async consumer; after SIGTERM the lines that were begun are finished."""

import asyncio
import signal
import tempfile

from operators import Flow

# What there is: a stand-in.

done, written = [], []


def large_file():
    file = tempfile.TemporaryFile("w+")  # noqa: SIM115
    file.writelines(f"line {n}\n" for n in range(10_000))
    file.seek(0)
    return file


async def consume(line):
    done.append(line)
    if len(done) == 5:
        signal.raise_signal(signal.SIGTERM)
    await asyncio.sleep(0.001)
    return line


# The pipeline.


def consumed(lines):
    flow = Flow.from_iterable(lines).map_async(consume, concurrency=4)
    return flow.for_each(written.append, drain_on=(signal.SIGTERM, signal.SIGINT))


# ---


async def main():
    with large_file() as file:
        await consumed(file)
    return [written == done, 5 <= len(written) < 20]


GIVES = [True, True]

if __name__ == "__main__":
    print(asyncio.run(main()))
