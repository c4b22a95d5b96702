"""starmap: another item for each item, which is spread over the arguments."""

from __future__ import annotations

from tests.operators.kit import notes
from tests.operators.ways import fails, gives


def count(*parts: object) -> int:
    return len(parts)


def test_the_items_are_spread_everywhere():
    gives(lambda f: f.starmap(pow), [(2, 3), (3, 2)], [8, 9])
    gives(lambda f: f.starmap(count), [(), (1,), [1, 2], "abc"], [0, 1, 2, 3])
    gives(lambda f: f.starmap(pow), [], [])


def test_what_cannot_be_spread_and_what_fails_tells_where():
    error = fails(lambda f: f.starmap(pow), [(2, 3), 5], TypeError, [8])
    assert "in starmap, written at" in notes(error)
    assert "item: 5" in notes(error)
    error = fails(lambda f: f.starmap(divmod), [(1, 0)], ZeroDivisionError)
    assert "item: (1, 0)" in notes(error)
    fails(lambda f: f.starmap(pow), [], KeyError, error=KeyError())
