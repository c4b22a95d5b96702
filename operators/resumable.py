"""ResumableFlow: a flow that knows how many items it has given, and goes on from there."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import TypeVar

from operators._faces.face import KINDS
from operators.flow import Flow
from operators.lifecycle.checkpoint import Checkpoint

T_co = TypeVar("T_co", covariant=True)


class ResumableFlow(Flow[T_co]):
    """What `checkpoint` gives: its `state()` is the position, from which another one goes on.

    Each run begins where the flow was resumed, and its position is that of the newest run. Operators
    that are added to it make a plain flow.

    >>> numbers = Flow.range(10).shuffle(4, seed=1)
    >>> feed = numbers.checkpoint()
    >>> for n in feed:
    ...     if n == 5:
    ...         break
    >>> feed.state()
    {'version': 1, 'given': 3, 'flow': ['range', 'shuffle(buffer=4, seed=1)']}
    >>> list(numbers.checkpoint(feed.state())) == list(numbers)[3:]
    True
    """

    __slots__ = ()
    derived: ClassVar[type[Any] | None] = Flow

    def state(self) -> dict[str, Any]:
        """Return the position after the last item that was given, as what JSON and pickle can save.

        It is a few numbers and names, whatever is buffered: {"version": 1, "given": items, "flow": names}.
        Inside of a loop the item that the loop is at counts as given. Safe for any thread.
        """
        operator: Checkpoint = self.node.operator
        return operator.state()


KINDS["checkpoint"] = ResumableFlow
