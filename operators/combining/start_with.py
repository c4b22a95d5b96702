"""start_with: some items before those of a flow."""

from __future__ import annotations

from operators._kernel.plan.node import Node
from operators.combining.concat_map import ConcatMap, given
from operators.sources.flows import InARow
from operators.sources.iterable import FromIterable


class StartWith(ConcatMap):
    """The given items, then upstream's.

    emits        the given items, then upstream's
    backpressures  passes demand on; what the given items leave over of it goes on to upstream
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(given, "start_with")


def start_with(items: tuple[object, ...], node: Node) -> Node:
    """Return the node of these items, followed by those of a flow."""
    if any(item is None for item in items):
        raise TypeError("start_with: None is not an element (§2.13)")
    first = Node(FromIterable(items, "of"))
    return Node(StartWith(), Node(InARow((first, node))))
