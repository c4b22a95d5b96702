"""Ask every 2 s whether a job is done, for a minute at most."""

import asyncio

from operators import Flow

# What there is: a stand-in.

answers = iter(["queued", "running", "running", "done"])


async def status(_):
    await asyncio.sleep(0.1)
    return next(answers)


# The pipeline.


def job():
    return (
        Flow.interval(2.0, delay=0.0)
        .on_backpressure_latest()  # a tick while a call goes on is left out
        .map_async(status, concurrency=1)
        .distinct_until_changed()
        .take_until(lambda state: state == "done")
        .timeout(whole=60.0)
    )


# ---


async def main():
    return await job().to_list()


GIVES = ["queued", "running", "done"]

if __name__ == "__main__":
    print(asyncio.run(main()))
