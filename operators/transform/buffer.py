"""buffer: lists of items."""

from __future__ import annotations

from typing import Any

from operators._kernel.checks import need_count
from operators._kernel.contract import Contract
from operators._kernel.demand import Multiple
from operators._kernel.step import Shaper, Step


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

    def values(self) -> dict[str, Any]:
        return {"held": [], "size": self._size}

    def shaper(self) -> Shaper:
        return Multiple(self._size)
