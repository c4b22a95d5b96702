"""The ledger: produced = delivered + dropped + discarded."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Hashable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.failure import brief, class_of

if TYPE_CHECKING:
    from typing import TypeVar

    from operators.flow import Flow

    T = TypeVar("T")


_CONTAINERS = (list, tuple, set, frozenset, deque)


class Ledger:
    """An account of items: which were produced, and what has become of each.

    `produces` stands behind a source, `delivers` before the consumer, `drop` is what an operator that drops
    is given. An item may come out in a list, a tuple, a set or as a value of a dict, and in several.
    Items of another kind, made of what was produced, are told by `key`, which gives what they stand for: a
    hashable value, or a list of such. Any thread may use it.

    >>> from operators import Flow
    >>> from operators.schedulers import immediate
    >>> from operators.testing import ledger
    >>> with ledger() as book:
    ...     flow = book.produces(Flow.range(9)).publish_on(immediate(), prefetch=4)
    ...     for item in book.delivers(flow):
    ...         break
    >>> book.produced, book.delivered, book.discarded
    ([0, 1, 2, 3], [0], [1, 2, 3])
    """

    def __init__(self, key: Callable[[Any], Any] | None = None) -> None:
        self._key = key
        self.produced: list[Any] = []
        self.delivered: list[Any] = []
        self.dropped: list[Any] = []
        self.discarded: list[Any] = []

    # Where items go by ---------------------------------------------------------------------------

    def produces(self, flow: Flow[T]) -> Flow[T]:
        """Return the flow, each item of which is written down as produced."""
        return flow.tap(self.produced.append)

    def delivers(self, flow: Flow[T]) -> Flow[T]:
        """Return the flow, each item of which is delivered; what is discarded above it is written down."""
        return flow.on_discard(self.discarded.append).tap(self.delivered.append)

    def made(self, item: T) -> T:
        """Write down an item as produced, and return it."""
        self.produced.append(item)
        return item

    def became(self, item: Any, parts: Iterable[T]) -> list[T]:
        """Write down that these are in the place of an item, which is accounted for by that; return them."""
        made = list(parts)
        if item in self.produced:
            self.produced.remove(item)
        self.produced += made
        return made

    def drop(self, item: Any) -> None:
        """Write down an item as dropped: to be given as on_drop=."""
        self.dropped.append(item)

    # The account ---------------------------------------------------------------------------------

    @property
    def lost(self) -> list[Any]:
        """What was dropped or discarded."""
        return [*self.dropped, *self.discarded]

    @property
    def missing(self) -> list[Any]:
        """What was produced, and neither delivered, nor dropped, nor discarded."""
        missing = self._count(self.produced) - self._count(self.delivered) - self._count(self.lost)
        return list(missing.elements())

    @property
    def wrong(self) -> list[Any]:
        """What was delivered and lost as well, or lost twice, or was never produced."""
        produced, lost = self._count(self.produced), self._count(self.lost)
        given = self._count(self.delivered)
        once = Counter({item: min(n, max(1, produced[item])) for item, n in given.items()})
        return list((once + lost - produced).elements())

    def check(self, seconds: float = 5.0) -> None:
        """Raise AssertionError, which says what is missing, unless it is even within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.missing and time.monotonic() < deadline:
            time.sleep(0.001)
        for what, items in (
            ("neither delivered, nor dropped, nor discarded", self.missing),
            ("delivered and lost, lost twice, or never produced", self.wrong),
        ):
            if items:
                shown = ", ".join(map(brief, items[:10]))
                more = f", and {len(items) - 10} more" if len(items) > 10 else ""
                raise AssertionError(
                    f"{what}: {shown}{more}\n    produced {len(self.produced)}, delivered "
                    f"{len(self.delivered)}, dropped {len(self.dropped)}, discarded {len(self.discarded)}"
                )

    def _count(self, items: list[Any]) -> Counter[Hashable]:
        return Counter(key for item in items.copy() for key in self._keys(item))

    def _keys(self, item: Any) -> Iterable[Hashable]:
        if self._key is not None:
            made: Any = self._key(item)
            return list(made) if class_of(made) is list else [made]
        if type(item) in _CONTAINERS:
            return [key for part in item for key in self._keys(part)]
        if class_of(item) is dict:
            return self._keys(list(item.values()))
        return [item if isinstance(item, Hashable) else id(item)]


@contextmanager
def ledger(key: Callable[[Any], Any] | None = None, seconds: float = 5.0) -> Generator[Ledger]:
    """Give a ledger, which is checked at the end of the `with`, unless that raises; see `Ledger`."""
    book = Ledger(key)
    yield book
    book.check(seconds)
