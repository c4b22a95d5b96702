"""cast: items that have to be of a class."""

from __future__ import annotations

from tests.operators.kit import notes
from tests.operators.ways import fails, gives


def test_the_same_items_everywhere():
    gives(lambda f: f.cast(int), [1, True, 3], [1, True, 3])
    gives(lambda f: f.cast((int, str)), [1, "a"], [1, "a"])


def test_another_one_is_an_error_that_tells_what_it_was():
    error = fails(lambda f: f.cast(int), [1, "a", 2], TypeError, [1])
    assert str(error) == "cast: needs items of the class int, got 'a' (str)"
    assert "in cast, written at" in notes(error)
    error = fails(lambda f: f.cast((int, str)), [2.5], TypeError)
    assert "of the class int or str, got 2.5 (float)" in str(error)
