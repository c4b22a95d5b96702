"""batch_while_waiting: lists of what has come since the last one."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.kinds import Link
from operators._kernel.links.inbox import InboxStage
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class BatchWhileWaiting(Link):
    """Lists of up to `size` items: what has come until there was demand, and one item at least.

    emits        a list of the items that wait, as soon as there are some and demand
    backpressures  asks upstream for `size` items, and for as many again as a list has taken
    completes    when upstream has and no item waits
    fails        when upstream has and no item waits
    """

    __slots__ = ("_size",)
    name = "batch_while_waiting"
    polled = True
    strict = True
    never_none = True
    contract = Contract.PREFETCH
    kind: type[list[Any]] = list
    """What a list is made as."""

    def __init__(self, size: int) -> None:
        need_count("batch_while_waiting", "size", size)
        self._size = size

    @property
    def holds(self) -> int:
        return self._size

    @property
    def details(self) -> str:
        return f"size={self._size}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _BatchStage(downstream, node, scope, self._size, self.kind)


class _BatchStage(InboxStage):
    __slots__ = ("_kind",)
    deliver = QueuedStage.deliver
    polled = QueuedStage.polled

    def __init__(
        self, downstream: Any, node: Node, scope: Scope, size: int, kind: type[list[Any]]
    ) -> None:
        super().__init__(downstream, node, scope, size)
        self._kind = kind

    def poll(self) -> Any:
        inbox = self.inbox
        batch = self._kind([inbox.poll() for _ in range(len(inbox.items))])
        if not batch:
            return EMPTY
        inbox.replenish_all()
        return batch
