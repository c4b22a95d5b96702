"""buffer: lists of items."""

from __future__ import annotations

from typing import Any, ClassVar

from operators._kernel.failures.checks import need_count
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Multiple, Stride


class Buffer(Step):
    """Lists of `size` items.

    emits        a list of `size` items when it is full, and what is left at the end
    backpressures  each list asked for asks upstream for `size` items
    completes    when upstream does, after the last, perhaps shorter, list
    fails        when upstream does; the items of the list begun are discarded
    """

    __slots__ = ("_size",)
    name = "buffer"
    strict = True
    contract = Contract.MULTIPLIED
    steady = True
    shapes = True
    calls = False
    never_none = True
    body = """
$held.append($item)
if len($held) < $size:
    drop
$item = $held
$held = []
"""
    flush = """
if $held:
    $item, $held = $held, []
    emit
"""
    leftovers = "$held"

    def __init__(self, size: int) -> None:
        need_count("buffer", "size", size)
        self._size = size

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"size={self._size}"

    @property
    def form(self) -> str:
        return self.details

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        return n * self._size, self, 0

    def least(self, n: int) -> int:
        return (n - 1) * self._size + 1 if n else 0

    def values(self) -> dict[str, Any]:
        return {"held": [], "size": self._size}

    def shaper(self) -> Shaper:
        return Multiple(self._size)


class BufferWithGaps(Step):
    """Lists of `size` items, one begun at every `skip`-th, with items left out between them.

    emits        a list of `size` items when it is full, and what is left at the end
    backpressures  the lists asked for ask upstream for their items, and for those between them
    completes    when upstream does, after the last, perhaps shorter, list
    fails        when upstream does; the items of the list begun are discarded
    """

    __slots__ = ("_size", "_skip")
    name = "buffer"
    strict = True
    contract = Contract.STRIDED
    steady = True
    shapes = True
    calls = False
    never_none = True
    body = """
if $gap:
    $gap -= 1
    drop
$held.append($item)
if len($held) < $size:
    drop
$item, $held, $gap = $held, [], $between
"""
    flush: ClassVar[str] = Buffer.flush
    leftovers = "$held"

    def __init__(self, size: int, skip: int) -> None:
        self._size = size
        self._skip = skip

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"size={self._size}, skip={self._skip}"

    @property
    def form(self) -> str:
        return self.details

    def values(self) -> dict[str, Any]:
        return {"held": [], "size": self._size, "gap": 0, "between": self._skip - self._size}

    def shaper(self) -> Shaper:
        return Stride(self._size, self._skip)


class BufferOverlapping(LateStep):
    """Lists of `size` items, one begun at every `skip`-th, which share items.

    emits        a list of `size` items when it is full, and those begun at the end
    backpressures  the lists asked for ask upstream for their items, each of which is asked for once
    completes    when upstream does, after the last, shorter, lists, which wait for demand
    fails        when upstream does; the items that are in no list yet are discarded
    """

    __slots__ = ("_size", "_skip")
    name = "buffer"
    strict = True
    contract = Contract.STRIDED
    steady = True
    shapes = True
    calls = False
    never_none = True
    body = """
$held.append($item)
$fresh.append($item)
if len($held) < $size:
    drop
$item = $held[:]
del $held[:$skip]
$fresh.clear()
"""
    flush = """
while $held:
    $item = $held[:$size]
    del $held[:$skip]
    $fresh.clear()
    emit
"""
    leftovers = "$fresh"
    rest = "$held"

    def __init__(self, size: int, skip: int) -> None:
        self._size = size
        self._skip = skip

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"size={self._size}, skip={self._skip}"

    @property
    def form(self) -> str:
        return self.details

    def values(self) -> dict[str, Any]:
        return {"held": [], "fresh": [], "size": self._size, "skip": self._skip}

    def shaper(self) -> Shaper:
        return Stride(self._size, self._skip)


def buffer(size: int, skip: int | None) -> Step:
    """Return the operator for lists of `size` items, of which one begins at every `skip`-th."""
    made = Buffer(size)
    if skip is None:
        return made
    need_count("buffer", "skip", skip)
    if skip == size:
        return made
    return BufferWithGaps(size, skip) if skip > size else BufferOverlapping(size, skip)
