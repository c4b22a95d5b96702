"""Face: what every family of Flow's methods stands on."""

from __future__ import annotations

from functools import cache
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from typing_extensions import TypeVar

from operators._kernel.failures.checks import flow_of, need_result, shown
from operators._kernel.failures.failure import class_of
from operators._kernel.plan.node import Node, Placed

if TYPE_CHECKING:
    from operators._kernel.plan.node import Operator
    from operators.flow import Flow

    _ClassMethod = classmethod[Any, Any, Any]
else:
    _ClassMethod = classmethod  # which cannot be subscripted at run time

C = TypeVar("C", bound=type)
T_co = TypeVar("T_co", covariant=True)


KINDS: dict[str, type[Any]] = {}
"""The classes of flows that have more than a flow, by the operator that makes them."""


class Face(Placed, Generic[T_co]):
    """A place in a pipeline; it is never changed, every operator makes a new one."""

    __slots__ = ()
    derived: ClassVar[type[Any] | None] = None
    """The class of the flows that its operators make; None: its own."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith("operators._faces."):
            # The families are a matter of ours: who calls a method wrongly is to read of the Flow.
            for member in vars(cls).values():
                method: Any = getattr(member, "__func__", member)
                if isinstance(method, FunctionType):
                    method.__qualname__ = f"Flow.{method.__name__}"

    def __init__(self, *node: Node) -> None:
        given: tuple[Any, ...] = node
        if len(given) != 1 or not isinstance(given[0], Node):
            raise _no_flow(given)
        self.node: Node = given[0]


def _no_flow(given: tuple[Any, ...]) -> TypeError:
    if not given:
        return TypeError("Flow: is made by a source; without items it is Flow.empty()")
    value = given[0]
    if len(given) > 1:
        return TypeError("Flow: is made by a source; for single items use Flow.of")
    need_result("Flow", "what it was given", value)
    return TypeError(f"Flow: is made by a source, got {shown(value)}; use {flow_of(value)}")


def need_face(operator: str, value: Any) -> None:
    """Raise TypeError unless `value`, which a method was called on, is a flow."""
    if isinstance(value, Face):
        return
    if class_of(value) in (list, tuple) and any(isinstance(each, Face) for each in value):
        remedy = f"give the flows one by one: Flow.{operator}(*flows)"
    else:
        remedy = flow_of(value)
    raise TypeError(f"{operator}: is called on a flow, got {shown(value)}; use {remedy}")


def then(face: Face[Any], operator: Operator) -> Flow[Any]:
    """Return the flow with one more operator."""
    need_face(operator.name, face)
    return at(face, Node(operator, face.node))


def source(operator: Operator) -> Flow[Any]:
    """Return the flow that begins with a source."""
    return _whole()(Node(operator))


@cache
def _whole() -> type[Flow[Any]]:
    from operators.flow import Flow

    return Flow


def derived_class(face: Face[Any]) -> type[Any]:
    """Return the class of the flows that its operators make."""
    return face.derived or type(face)


def at(face: Face[Any], node: Node) -> Flow[Any]:
    """Return a flow of the same class at another node."""
    made: Any = derived_class(face)(node)
    flow: Flow[Any] = made
    return flow


def need_flow(operator: str, name: str, value: Any) -> None:
    """Raise TypeError unless `value`, which the user's function `name` has returned, is a Flow."""
    if not isinstance(value, Face):
        need_result(operator, name, value)
        hint = "; is there a `return` missing?" if value is None else ""
        raise TypeError(f"{operator}: {name} must return a Flow, got {shown(value)}{hint}")


class _OfTheClass(_ClassMethod):
    """A class method that is none of the instances'."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return MethodType(self.__func__, owner)
        name = self.__func__.__name__

        def misused(*_: object, **__: object) -> None:
            raise TypeError(
                f"{name}: is a source, and takes nothing of the flow that it was called on; "
                f"it is Flow.{name}(...), which flow.concat and flow.merge put beside another flow"
            )

        return misused


def sources_only(family: C) -> C:
    """Have the class methods of a family refuse to be called on a flow, which they would ignore."""
    methods: dict[str, Any] = dict(vars(family))
    for name, method in methods.items():
        if class_of(method) is classmethod:
            setattr(family, name, _OfTheClass(method.__func__))
    return family
