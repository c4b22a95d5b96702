"""GroupedFlow: the flow of one group of group_by."""

from __future__ import annotations

from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from operators._faces.face import KINDS
from operators._kernel.plan.node import Node
from operators.flow import Flow

T_co = TypeVar("T_co", covariant=True)
K_co = TypeVar("K_co", covariant=True, default=Any)


class GroupedFlow(Flow[T_co], Generic[T_co, K_co]):
    """What `group_by` emits: the items of one key, for one Subscriber.

    >>> for group in Flow.range(4).group_by(lambda n: n % 2):
    ...     run = group.map(lambda n, key=group.key: (key, n)).for_each(print)
    (0, 0)
    (0, 2)
    (1, 1)
    (1, 3)
    """

    __slots__ = ("key",)
    derived: ClassVar[type[Any] | None] = Flow

    def __init__(self, node: Node, key: K_co) -> None:
        super().__init__(node)
        self.key: K_co = key
        """What the function of group_by gave for these items."""

    def __repr__(self) -> str:
        return f"<GroupedFlow {self.key!r}>"


KINDS["group_by"] = GroupedFlow
