"""merge: the items of several flows, all at once."""

from __future__ import annotations

from operators.combining.concat_map import given
from operators.combining.flat_map import FlatMap


class Merge(FlatMap):
    """The items of all flows, as they come.

    emits        each item of each flow; where several have some they take turns
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are emitted; a
                 synchronous one for none ahead
    completes    when all flows have
    fails        when one of the flows does; the others are cancelled, and what they held is discarded
    """

    __slots__ = ()

    def __init__(self, flows: int, prefetch: int) -> None:
        super().__init__(given, flows, prefetch, "merge")
