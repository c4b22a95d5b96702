"""A stage with handlers: items that follow one another at once, as one with its number.

Run it: `python examples/custom/stage.py`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from operators import Flow
from operators.custom import Contract, Stage

T = TypeVar("T")


class Runs(Stage[T, tuple[T, int]], Generic[T]):
    """Each run of equal items, no longer than `most`, as a pair of item and number."""

    contract = Contract.REPLACES
    holds = 2

    def __init__(self, most: int) -> None:
        self.most = most

    def on_start(self) -> None:
        """Begin without a run."""
        self.run: list[T] = []

    def on_push(self, item: T) -> None:
        """Go on with the run, or give it and begin another."""
        if self.run and (self.run[0] != item or len(self.run) == self.most):
            self.give()
        self.run.append(item)

    def on_end(self) -> None:
        """Give the last run."""
        if self.run:
            self.give()
        self.complete()

    def give(self) -> None:
        """Push the run as a pair."""
        run, self.run = self.run, []
        self.push((run[0], len(run)))

    def held(self) -> list[T]:
        """Return what is to be discarded where the stream is cut off."""
        return self.run


if __name__ == "__main__":
    print(list(Flow.from_iterable("aaabccd").apply(Runs[str](most=2))))
