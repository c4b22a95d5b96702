"""element_at: the item at an index."""

from __future__ import annotations

import pytest

from operators import Flow, NoItemError
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe
from tests.operators.ways import fails, gives


@pytest.mark.parametrize("index", [0, 1, 4])
def test_the_item_everywhere(index: int):
    gives(lambda f: f.element_at(index), range(10, 15), [10 + index])


def test_too_few():
    assert "had 2 items;" in str(fails(lambda f: f.element_at(2), [1, 2], NoItemError))
    assert "had 1 item;" in str(fails(lambda f: f.element_at(9), [1], NoItemError))
    assert "had no items;" in str(fails(lambda f: f.element_at(0), [], NoItemError))
    gives(lambda f: f.element_at(3, default="-"), [1, 2], ["-"])
    gives(lambda f: f.element_at(UNBOUNDED, default="-"), [1], ["-"])


def test_no_more_is_asked_for_than_comes_up_to_it():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).element_at(3)).request(1).request(UNBOUNDED)
    assert publisher.requests == [4]
    publisher.emit(0, 1, 2)
    assert seen.items == []
    publisher.emit(3)
    assert seen.signals[1:] == [("on_next", 3), ("on_complete", None)]
    assert publisher.cancels == 1

    pulled = Pulled(range(9))
    assert Flow.from_iterable(pulled).element_at(3).run() == 3
    assert (pulled.pulled, pulled.closed) == (4, 1)


def test_an_error_before_it_passes():
    fails(lambda f: f.element_at(2, default=1), [1, 2], KeyError, error=KeyError())
