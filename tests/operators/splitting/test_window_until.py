"""window_until: a flow up to each item that says so."""

from __future__ import annotations

import pytest

from operators import Flow


def stretches(flow: Flow[Flow[int]]) -> list[list[int]]:
    return list(flow.concat_map(lambda window: window.to_list()))


def test_a_window_ends_with_the_item_that_says_so():
    flow = Flow.of(1, 2, 0, 0, 3).window_until(lambda n: n == 0)
    assert stretches(flow) == [[1, 2, 0], [0], [3]]


def test_the_predicate_is_called_once_an_item():
    seen: list[int] = []

    def look(n: int) -> bool:
        seen.append(n)
        return False

    stretches(Flow.range(5).window_until(look))
    assert seen == [0, 1, 2, 3, 4]


def test_an_error_of_the_predicate_names_the_item():
    with pytest.raises(ZeroDivisionError) as caught:
        stretches(Flow.of(1, 0).window_until(lambda n: 1 // n < 0))
    assert "item: 0" in "".join(caught.value.__notes__)
