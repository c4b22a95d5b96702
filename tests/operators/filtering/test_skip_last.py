"""skip_last: all but the last items."""

from __future__ import annotations

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, probe
from tests.operators.ways import fails, gives


@pytest.mark.parametrize("n", [0, 1, 3, 5, 9, UNBOUNDED])
def test_all_but_the_last_n_everywhere(n: int):
    gives(lambda f: f.skip_last(n), range(5), list(range(5))[: max(0, 5 - n)])


def test_the_first_request_asks_for_n_more():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).skip_last(3)).request(2).request(5)
    assert publisher.requests == [5, 5]
    publisher.emit(*range(4))
    assert seen.items == [0]

    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled).skip_last(2)).request(3)
    assert (seen.items, pulled.pulled) == ([0, 1, 2], 5)


def test_what_is_kept_is_discarded_at_every_end():
    left: list[int] = []
    gives(lambda f: f.skip_last(2).on_discard(left.append), range(5), [0, 1, 2])
    eventually(lambda: len(left) == 50)  # where it is on another thread, the end may be told before
    assert left == [3, 4] * 25
    left.clear()
    fails(
        lambda f: f.skip_last(2).on_discard(left.append), range(5), KeyError, [0, 1, 2], KeyError()
    )
    eventually(lambda: len(left) == 50)
    assert left == [3, 4] * 25

    left.clear()
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).skip_last(2).on_discard(left.append), 1)
    publisher.emit(*range(3))
    seen.cancel()
    assert (seen.items, left) == ([0], [1, 2])
