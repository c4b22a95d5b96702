"""Face: what every family of Flow's methods stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from operators._kernel.node import Node

if TYPE_CHECKING:
    from operators._kernel.node import Operator
    from operators.flow import Flow

T_co = TypeVar("T_co", covariant=True)


class Face(Generic[T_co]):
    """A place in a pipeline; it is never changed, every operator makes a new one."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node: Node = node
        """The description of the pipeline up to here; for the library's own use."""

    def _then(self, operator: Operator) -> Flow[Any]:
        return self._at(Node(operator, self.node))

    def _at(self, node: Node) -> Flow[Any]:
        made: Any = type(self)(node)
        flow: Flow[Any] = made
        return flow


def need_flow(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value`, which the user's function `name` has returned, is a Flow."""
    if not isinstance(value, Face):
        raise TypeError(
            f"{operator}: {name} must return a Flow, got {value!r} ({type(value).__name__})"
        )
