"""Face: what every family of Flow's methods stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from operators._kernel.node import Node

if TYPE_CHECKING:
    from operators._kernel.node import Operator

T_co = TypeVar("T_co", covariant=True)


class Face(Generic[T_co]):
    """A place in a pipeline; it is never changed, every operator makes a new one."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node
        """The description of the pipeline up to here; for the library's own use."""

    def _then(self, operator: Operator) -> Any:
        return type(self)(Node(operator, self.node))
