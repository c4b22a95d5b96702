"""Chained: the items of a join for a `for` loop, where that has no function to call between two of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any, cast


class Chained(chain, Generator[Any, None, None]):  # type: ignore[type-arg]
    """A chain of visits that can be closed, as the generator is that it stands for.

    An item costs what it does in a chain of the language's own. Nobody sees it here where a visit fails:
    it is to close the others by itself. One that a close does not end is to be short: it is gone through.
    """

    __slots__ = ("_visits",)

    _visits: Generator[Iterator[Any], None, None]

    @classmethod
    def over(cls, visits: Generator[Iterator[Any], None, None]) -> Chained:
        """Return the items of the visits, which look by themselves after what is to be done at the end."""
        chained = cast("Chained", cls.from_iterable(visits))
        chained._visits = visits
        return chained

    def send(self, value: None, /) -> Any:
        """Return the next item."""
        return cast("Iterator[Any]", self).__next__()

    def throw(self, *raised: Any) -> Any:
        """Be left, for what is raised where the loop stands; it is raised again."""
        try:
            return self._visits.throw(*raised)
        finally:
            self._empty()

    def close(self) -> None:
        """Be left."""
        self._visits.close()
        self._empty()

    def _empty(self) -> None:
        deque[Any](self, maxlen=0)
