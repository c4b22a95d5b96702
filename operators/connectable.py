"""ConnectableFlow: a flow whose Subscribers share one subscription to its upstream."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import TypeVar

from operators._faces.face import KINDS
from operators._kernel.plan.node import Node
from operators._kernel.running.sharing import Connection
from operators.flow import Flow
from operators.multicast.publish import AutoConnect, Publish, RefCount
from operators.schedulers import Scheduler

T_co = TypeVar("T_co", covariant=True)


class ConnectableFlow(Flow[T_co]):
    """What `publish` and `replay` give: it has its items when it is connected.

    Everything that a flow has makes a flow of it that belongs to the same connection.

    >>> numbers = Flow.range(3).publish()
    >>> first, second = numbers.for_each(print), numbers.map(lambda n: -n).for_each(print)
    >>> _ = numbers.connect()
    0
    0
    1
    -1
    2
    -2
    """

    __slots__ = ()
    derived: ClassVar[type[Any] | None] = Flow

    @property
    def _publish(self) -> Publish:
        publish: Publish = self.node.operator
        return publish

    def connect(self) -> Connection:
        """Return the connection to upstream, which is made unless there is one that is not over.

        Its items go to whoever has subscribed by then, and to who comes later. `cancel` of the connection
        ends it for all, with a Disconnected error.
        """
        return self._publish.sharing.connect()

    def ref_count(
        self, subscribers: int = 1, *, grace: float = 0.0, scheduler: Scheduler | None = None
    ) -> Flow[T_co]:
        """Return a flow that connects with the `subscribers`-th Subscriber, and cancels with the last.

        `grace` seconds after the last has left it cancels, unless another has come. The seconds are those
        of `scheduler`, or else of the running event loop, or of the library's own. After the end the next
        Subscriber has upstream subscribed to again. Raises ValueError for less than 1 Subscriber.

        >>> shared = Flow.range(3).publish().ref_count()
        >>> list(shared), list(shared)
        ([0, 1, 2], [0, 1, 2])
        """
        name = "ref_count"
        return Flow(Node(RefCount(name, self.node, subscribers, grace, scheduler)))

    def auto_connect(self, subscribers: int = 1) -> Flow[T_co]:
        """Return a flow that connects with the `subscribers`-th Subscriber, and stays connected.

        Who comes after the end gets the end, and the history of a `replay`. Raises ValueError for less than 1
        Subscriber.

        >>> shared = Flow.range(3).publish().auto_connect(2)
        >>> first, second = shared.for_each(print), shared.for_each(print)
        0
        0
        1
        1
        2
        2
        """
        return Flow(Node(AutoConnect("auto_connect", self.node, subscribers)))


KINDS["publish"] = ConnectableFlow
