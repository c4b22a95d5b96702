"""PartitionHub: Subscribers come and go, and a function says which of them an item is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypeVar

from operators._kernel.failures.checks import need_callable, need_choice, need_count
from operators._kernel.links.parting import Parting
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.multicast.publish import IDLE
from operators.processors.pushed import Entry, Pushed

T = TypeVar("T")


class _Parted(Entry):
    """The items that a hub is given, each to one of its Subscribers.

    emits        to each Subscriber the items for which fn gives its id
    backpressures  up to `capacity` items wait in all of it; then an emit says OVERFLOW, so that the one
                 that an item is for sets the pace
    completes    when the hub is completed, for each Subscriber after what waits for it
    fails        when the hub is given an error, after what waits; when fn raises, or gives no id
    """

    __slots__ = ("_capacity", "core")
    name = "PartitionHub"
    contract = Contract.PREFETCH
    cancelled = False

    def __init__(
        self,
        fn: Callable[[Any, tuple[int, ...]], int | None],
        capacity: int,
        idle: str,
        subscribers: int,
        on_drop: Callable[[Any], object] | None,
    ) -> None:
        super().__init__()
        need_callable(self.name, "fn", fn)
        need_count(self.name, "capacity", capacity)
        need_choice(self.name, "idle", idle, IDLE)
        need_count(self.name, "subscribers", subscribers)
        if on_drop is not None:
            need_callable(self.name, "on_drop", on_drop)
        self._capacity = capacity
        self.core: Parting = Parting(
            Node(self), capacity, fn, hold=idle == "hold", least=subscribers, on_drop=on_drop
        )

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"capacity={self._capacity}"

    @property
    def subscribers(self) -> int:
        return len(self.core.ids)

    @property
    def alone(self) -> bool:
        return self.core.nobody

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self.core.open(downstream, node, scope)


class PartitionHub(Pushed[T]):
    """Gives each item to one of those who are subscribed, who may come and go: the one that `fn` says.

    Each Subscriber has an id: 0 for the first that came, 1 for the next, and so on. `fn(item, ids)` is given
    the ids of those who are there, in the order in which they came, and gives one of them, or None to drop
    the item; `len(ids)` is their number. It is called for one item at a time (§1.3). What it raises, and an
    id that is not there, is the error of all.

    Up to `capacity` items wait, for all together, so that the one that an item is for sets the pace. What
    waits for one that leaves is discarded. Until `subscribers` of them have come, and while nobody is
    there, items wait (idle="hold") or are dropped, counted and given to `on_drop` (idle="drop").

    >>> from operators.processors import PartitionHub
    >>> words = PartitionHub(lambda word, ids: ids[len(word) % len(ids)], subscribers=2)
    >>> even = words.for_each(lambda word: print("even", word))
    >>> odd = words.for_each(lambda word: print("odd", word))
    >>> [bool(words.emit(word)) for word in ("one", "four")]
    odd one
    even four
    [True, True]
    """

    __slots__ = ()

    def __init__(
        self,
        fn: Callable[[T, tuple[int, ...]], int | None],
        *,
        capacity: int = 256,
        idle: str = "hold",
        subscribers: int = 1,
        on_drop: Callable[[T], object] | None = None,
    ) -> None:
        super().__init__(Node(_Parted(fn, capacity, idle, subscribers, on_drop)))

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of those who are subscribed now, in the order in which they came."""
        parting: Parting = self._entry.core
        return parting.ids

    def waiting(self, subscriber: int) -> int:
        """Return how many items wait for the Subscriber with this id; 0 where there is none.

        A `fn` that gives each item to whom the fewest items wait for:
        `lambda item, ids: min(ids, key=hub.waiting)`.
        """
        parting: Parting = self._entry.core
        return parting.waiting(subscriber)
