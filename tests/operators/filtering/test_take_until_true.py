"""take_until: the items up to the first that passes a test, and that one."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import fails, gives


def test_up_to_and_with_the_first_that_passes_everywhere():
    gives(lambda f: f.take_until(lambda n: n == 2), range(5), [0, 1, 2])
    gives(lambda f: f.take_until(lambda n: n == 0), range(5), [0])
    gives(lambda f: f.take_until(lambda n: n > 9), range(5), [0, 1, 2, 3, 4])
    gives(lambda f: f.take_until(lambda n: n > 9), [], [])


def test_upstream_is_left_with_that_item():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).take_until(lambda n: n == 2), 5)
    publisher.emit(1, 2)
    assert seen.signals[1:] == [("on_next", 1), ("on_next", 2), ("on_complete", None)]
    assert (publisher.cancels, publisher.requests) == (1, [5])

    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled).take_until(lambda n: n == 2), 3)
    assert seen.completed
    assert (pulled.pulled, pulled.closed) == (3, 1)


def test_an_error_passes_and_that_of_the_predicate_tells_where():
    fails(lambda f: f.take_until(lambda n: False), [1], KeyError, [1], KeyError())
    error = fails(lambda f: f.take_until(lambda n: 1 // n > 9), [1, 0], ZeroDivisionError, [1])
    assert "in take_until, written at" in notes(error)
    assert "item: 0" in notes(error)


def test_behind_what_leaves_out():
    gives(lambda f: f.take_until(lambda n: n == 3).filter(lambda n: n % 2), range(9), [1, 3])
    gives(lambda f: f.take_until(lambda n: n == 4).filter(lambda n: n % 2), range(9), [1, 3])
