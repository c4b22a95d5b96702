"""apply: an operator of one's own; tests/custom has the rest."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.custom import Stage


class Loud(Stage[str, str]):
    def on_push(self, item: str) -> None:
        self.push(item.upper())


def test_an_operator_of_ones_own():
    assert list(Flow.of("a", "b").apply(Loud()).map(len)) == [1, 1]


@pytest.mark.parametrize("given", [str.upper, None, Flow.of(1), Loud])
def test_what_is_none(given: Any):
    with pytest.raises(TypeError, match=r"apply: needs an operator made with operators\.custom"):
        Flow.of("a").apply(given)
