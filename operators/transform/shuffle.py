"""shuffle: the items in an order drawn at random, from as many as a buffer holds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from operators._kernel.failures.checks import need_count, shown
from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Surcharge


class _Begun(NamedTuple):
    """A shuffle that has drawn so many items already: what its buffer held then, by number."""

    drawn: int
    slots: tuple[int, ...]
    chance: Any
    """The state of its random numbers."""

    @property
    def first(self) -> int:
        """The number of the first item that is still held."""
        return min(self.slots)


class Shuffle(LateStep):
    """The same items, in another order: each time one of `buffer` is drawn, and the next takes its place.

    emits        an item of those held when one more has come; at the end those that are left
    backpressures  passes demand on, with `buffer` items more the first time
    completes    when upstream has, and all are delivered
    fails        when upstream does; the items held are discarded
    """

    __slots__ = ("_begun", "_seed", "_size", "steady")
    name = "shuffle"
    contract = Contract.SURCHARGED
    calls = False
    keeps = True
    body = """
$item = $put($item)
if $item is $nothing:
    drop
"""
    flush = """
while $pool:
    $item = $draw()
    emit
"""
    remedy = "give it a seed"
    leftovers = "$pool.left()"
    rest = "$pool"

    def __init__(self, size: int, seed: Any, begun: _Begun | None = None) -> None:
        need_count(self.name, "buffer", size)
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise TypeError(f"{self.name}: seed must be an int or None, got {shown(seed)}")
        self._size = size
        self._seed: int | None = seed
        self._begun = begun
        self.steady: bool = seed is not None

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"buffer={self._size}, seed={self._seed}"

    @property
    def form(self) -> str:
        return self.details

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        # Which items are held says the seed alone, as long as there is no end; and so long ago there was
        # none, for as many have come since as the buffer holds. The rest is drawn again.
        drawn = sure - self._size
        if drawn <= 0:
            return 0, self, n
        random = Random(self._seed)
        pick, size = random.random, self._size
        slots = list(range(size))
        for number in range(size, size + drawn):
            slots[int(pick() * size)] = number
        begun = _Begun(drawn, tuple(slots), random.getstate())
        return begun.first, Shuffle(size, self._seed, begun), n - drawn

    def values(self) -> dict[str, Any]:
        begun = self._begun
        random = Random(self._seed)
        pool = _Pool(self._size, random.random)
        if begun is not None:
            random.setstate(begun.chance)
            pool.go_on(begun)
        return {"pool": pool, "put": pool.put, "draw": pool.draw, "nothing": NOTHING}

    def shaper(self) -> Shaper:
        begun = self._begun
        before = self._size
        if begun is not None:
            before += begun.drawn - begun.first
        return Surcharge(before)


class _Pool:
    """The items of which one is drawn next."""

    __slots__ = ("_items", "_number", "_pick", "_size", "_slots")

    def __init__(self, size: int, pick: Callable[[], float]) -> None:
        self._size = size
        self._pick = pick
        self._items: list[Any] = []
        self._slots: dict[int, int] = {}
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    def go_on(self, begun: _Begun) -> None:
        """Wait for the items that are held, whose numbers are known."""
        self._items = [NOTHING] * self._size
        self._slots = {number: slot for slot, number in enumerate(begun.slots)}
        self._number = begun.first

    def put(self, item: Any) -> Any:
        """Take an item; return one that is drawn for it, or NOTHING as long as there is room."""
        items = self._items
        if len(items) < self._size:
            items.append(item)
            return NOTHING
        if self._slots:
            slot = self._slots.pop(self._number, None)
            self._number += 1
            if slot is not None:
                items[slot] = item
            return NOTHING
        slot = int(self._pick() * self._size)
        drawn, items[slot] = items[slot], item
        return drawn

    def draw(self) -> Any:
        """Return one of those that are left, at the end."""
        if self._slots:
            raise RuntimeError(
                f"shuffle: upstream ended before its item {max(self._slots)}, which it had given before the "
                "checkpoint: a flow is resumed from the same source, with the same items"
            )
        items = self._items
        slot = int(self._pick() * len(items))
        items[slot], items[-1] = items[-1], items[slot]
        return items.pop()

    def clear(self) -> None:
        """Hold none of them any more."""
        self._items, self._slots = [], {}

    def left(self) -> list[Any]:
        """Return the items that are held."""
        return [item for item in self._items if item is not NOTHING]
