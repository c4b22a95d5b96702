"""An operator of lines for one item: the differences of neighbours, fused with what stands beside it.

Run it: `python examples/custom/step.py`.
"""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.custom import Contract, Step


class Differences(Step[float, float]):
    """By how much each item is more than the one before; nothing for the first."""

    name = "differences"
    contract = Contract.REPLACES
    body = """
if $seen:
    $item, $seen[0] = $item - $seen[0], $item
else:
    $seen.append($item)
    skip
"""

    def values(self) -> dict[str, Any]:
        """Return the state of one run."""
        return {"seen": []}


if __name__ == "__main__":
    print(list(Flow.of(1, 4, 9, 16, 25).apply(Differences()).map(str)))
