"""A service that fails is left alone for a while; meanwhile there is another answer."""

import asyncio

from operators import CircuitBreaker, Flow

# What there is: a stand-in.

calls = []


async def ask(n):
    calls.append(n)
    if 2 <= n < 8:
        raise ConnectionError("down")
    return f"answer {n}"


# The pipeline.


def answers(questions):
    breaker = CircuitBreaker(failures=2, rest=3.0)

    def answer(n):
        asked = Flow.of(n).map_async(ask)
        return asked.circuit_breaker(breaker, fallback=lambda error: Flow.of(f"cached {n}"))

    return Flow.from_iterable(questions).throttle(1.0).concat_map(answer)


# ---


async def main():
    return [await answers(range(12)).to_list(), calls]


GIVES = [
    [
        "answer 0",
        "answer 1",
        *(f"cached {n}" for n in range(2, 9)),
        "answer 9",
        "answer 10",
        "answer 11",
    ],
    [0, 1, 2, 3, 6, 9, 10, 11],
]

if __name__ == "__main__":
    print(asyncio.run(main()))
