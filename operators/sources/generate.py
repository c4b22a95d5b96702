"""generate: items made one after another from a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import brief
from operators._kernel.kinds import IterableSource
from operators._kernel.plan.contract import Contract


class Generate(IterableSource):
    """Items made by a function from a state that it passes on to itself.

    emits        what `step` returns first, one call for each item asked for
    backpressures  `step` is not called ahead of demand
    completes    when `step` returns None
    fails        when `step` raises or returns something else than a pair
    """

    __slots__ = ("_seed", "_step")
    name = "generate"
    contract = Contract.ON_DEMAND

    def __init__(self, seed: Any, step: Callable[[Any], tuple[Any, Any] | None]) -> None:
        need_callable("generate", "step", step)
        self._seed = seed
        self._step = step

    def iterator(self) -> Iterator[Any]:
        return self._unfold()

    def _unfold(self) -> Iterator[Any]:
        state = self._seed
        step = self._step
        while (made := step(state)) is not None:
            try:
                item, state = made
            except (TypeError, ValueError):
                need_result("generate", "step", made)
                raise TypeError(
                    f"generate: step must return (item, next state) or None, got {brief(made)}"
                ) from None
            yield item
