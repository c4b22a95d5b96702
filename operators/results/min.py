"""min: the smallest item."""

from __future__ import annotations

from typing import ClassVar

from operators.results.max import Max


class Min(Max):
    """The smallest item, or that with the smallest key; the first of several that are.

    emits        that item when upstream has completed; for no items the default
    backpressures  asks upstream without bound, at the first request
    completes    with that item
    fails        when upstream does, key raises, two items cannot be compared, or with a NoItemError
                 for no items without a default
    """

    __slots__ = ()
    name = "min"
    body: ClassVar[str] = Max.body.replace("$rank > $most", "$rank < $most")
