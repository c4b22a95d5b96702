"""as_processor: a chain of operators as a standalone Processor."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import TypeVar

from operators._faces.face import need_flow
from operators._kernel.failures.checks import need_callable
from operators._kernel.links.junction import Junction
from operators._kernel.plan.node import Node
from operators.flow import Flow
from reactive_streams import Processor, Subscriber, Subscription

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class _FlowProcessor(Processor[T_contra, R_co]):
    """The Processor of `as_processor`."""

    __slots__ = ("_flow", "_junction")

    def __init__(self, build: Callable[[Flow[T_contra]], Flow[R_co]]) -> None:
        self._junction = Junction()
        self._flow = build(Flow(Node(self._junction)))
        need_flow("as_processor", "build", self._flow)

    def subscribe(self, subscriber: Subscriber[R_co]) -> None:
        self._flow.subscribe(subscriber)

    def on_subscribe(self, subscription: Subscription) -> None:
        self._junction.on_subscribe(subscription)

    def on_next(self, item: T_contra) -> None:
        self._junction.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._junction.on_error(error)

    def on_complete(self) -> None:
        self._junction.on_complete()


def as_processor(build: Callable[[Flow[T]], Flow[R]]) -> Processor[T, R]:
    """Return a Processor that runs the operators which `build` puts on a flow (§4.1).

    It takes one upstream and one Subscriber, in either order: demand and the end wait for the side
    that comes later. A second upstream is cancelled (§2.5), a second Subscriber gets an error. Raises
    TypeError where `build` is not callable or gives no Flow; its `on_*` raise TypeError for None
    (§2.13).

    >>> from operators import Flow, as_processor
    >>> doubler = as_processor(lambda flow: flow.map(lambda n: n * 2))
    >>> Flow.of(1, 2).subscribe(doubler)
    >>> list(Flow.from_publisher(doubler))
    [2, 4]
    """
    need_callable("as_processor", "build", build)
    return _FlowProcessor(build)
