"""Tail a log, and alert at most once per 5 s when 3 errors come within 10 s."""

import asyncio

from operators import Flow

# What there is: a stand-in.


async def log():
    for second in range(40):
        yield "ERROR disk full" if second % 12 < 4 else "INFO all is well"
        await asyncio.sleep(1.0)


# The pipeline.


def alerts(lines):
    return (
        Flow.from_async_iterable(lines)
        .filter(lambda line: line.startswith("ERROR"))
        .timestamp()
        .scan(lambda seen, error: [*seen, error][-3:], [])
        .filter(lambda last: len(last) == 3 and last[-1][0] - last[0][0] <= 10.0)
        .map(lambda last: f"3 errors in {last[-1][0] - last[0][0]:.0f} s")
        .throttle_first(5.0)
    )


# ---


async def main():
    return await alerts(log()).to_list()


GIVES = ["3 errors in 2 s", "3 errors in 10 s", "3 errors in 10 s", "3 errors in 10 s"]

if __name__ == "__main__":
    print(asyncio.run(main()))
