"""concat: the items of several flows, one after another."""

from __future__ import annotations

from operators.combining.concat_map import ConcatMap, given


class Concat(ConcatMap):
    """The items of all flows, one flow after another.

    emits        each item of each flow, in order
    backpressures  passes demand on to one flow at a time; what that leaves over of it goes on to the next,
                 which is subscribed to when there is demand
    completes    when the last flow does
    fails        when a flow does; those after it are never subscribed to
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(given, "concat")
