"""Metering: what passes each link of a pipeline, counted as it happens.

An item is in flight from the moment a source emits it until it is delivered: it is held by a stage
that queues, or in the hand of one stage that works on it. Counts change under one lock, and so the
largest number in flight is one that was there, never a sum of two moments.
"""

from __future__ import annotations

import threading
from typing import Any

from operators._kernel.contract import Contract
from operators._kernel.demand import demand_error, plain
from operators._kernel.kinds import NoneCheck
from operators._kernel.node import Node
from reactive_streams import UNBOUNDED

_QUEUES_WITHOUT_PLACES = {Contract.UNBOUNDED_UPSTREAM}


class Count:
    """The counts of one operator at its place in the pipeline, over all its subscriptions."""

    __slots__ = (
        "_dropped", "_stages", "delivering", "emitted", "end", "fed", "feeds_queue", "in_hand",
        "inner", "inputs", "links", "made", "most_held", "node", "output", "queues", "requested",
    )  # fmt: skip

    def __init__(self, node: Node, inner: int, *, made: bool) -> None:
        self.node = node
        self.inner = inner
        self.made = made
        """Whether it belongs to a flow that was made while the pipeline ran."""
        self.requested = 0
        self.emitted = 0
        self.delivering = 0  # items that it has begun, and not ended, to hand over
        self.fed = 0  # items that came since it last emitted one
        self.in_hand = 0  # 1 while the stage after it works on the item that it emitted
        self.most_held = 0
        self.end = ""
        self.links: list[Link] = []
        self.inputs: list[Count] = []
        self.output: Count | None = None
        self.feeds_queue = False
        operator = node.operator
        self.queues = bool(operator.holds) or operator.contract in _QUEUES_WITHOUT_PLACES
        self._stages: list[Any] = []
        self._dropped = 0

    def add_stage(self, stage: Any) -> None:
        """Take note of an object that does the work, and forget those that are over."""
        over = [each for each in self._stages if each.done]
        self._dropped += sum(getattr(each, "dropped", 0) for each in over)
        self._stages = [each for each in self._stages if not each.done]
        self._stages.append(stage)

    @property
    def wanting(self) -> bool:
        """Whether more was asked of it than it has emitted."""
        return any(link.requested > link.emitted for link in self.links)

    @property
    def live(self) -> bool:
        """Whether it is subscribed to, and has not ended."""
        return bool(self.links)

    @property
    def occupied(self) -> int:
        """The places taken of those that it has for items."""
        return self._held("occupied")

    @property
    def buffered(self) -> int:
        """The items that wait in it: for demand, or for others that are to go along."""
        return self._held("buffered")

    def _held(self, name: str) -> int:
        if not self.queues:
            return 0
        told = [n for stage in self._stages if (n := getattr(stage, name, None)) is not None]
        if told:
            return sum(told)
        # A fused stage does not tell: what came since its last item is what it has gathered.
        return min(self.fed, self.node.operator.holds) if self.links else 0

    @property
    def in_flight(self) -> int:
        """The items that it works on."""
        if self.queues:
            return max(0, self.occupied - self.buffered)
        return sum(each.in_hand for each in self.inputs)

    @property
    def dropped(self) -> int:
        """The items that its overflow policy dropped."""
        return self._dropped + sum(getattr(stage, "dropped", 0) for stage in self._stages)


class Metering:
    """The counts of one pipeline. All of its links go through one lock."""

    def __init__(self, node: Node) -> None:
        self.lock = threading.Lock()
        self.counts: list[Count] = []
        self.most_in_flight = 0
        self._hands = 0  # items in the hand of a stage
        self._by_node: dict[int, Count] = {}
        self._by_place: dict[tuple[Any, ...], Count] = {}
        self.last = self._add_chain(node.chain(), 0)
        self._queues = [count for count in self.counts if count.queues]

    def _add_chain(self, chain: list[Node], inner: int) -> Count:
        last: Count | None = None
        joining: list[
            Count
        ] = []  # flows given to a source, which the operator after it puts together
        for node in chain:
            count = self._by_node.get(id(node))
            if count is None:
                count = self._by_node[id(node)] = Count(node, inner, made=False)
                self.counts.append(count)
                joining += [
                    self._add_chain(other.chain(), inner + 1) for other in node.operator.flows
                ]
                if last is not None:
                    count.inputs = [last, *joining]
                    joining = []
                for each in count.inputs:
                    each.output = count
                    each.feeds_queue = count.queues
            last = count
        assert last is not None
        return last

    def count(self, node: Node) -> Count:
        """Return the counts of a node; nodes of flows made again and again at one place share them."""
        count = self._by_node.get(id(node))
        if count is None:
            place = (node.site, node.operator.name, node.label)
            with self.lock:
                count = self._by_place.get(place)
                if count is None:
                    count = self._by_place[place] = Count(node, 1, made=True)
                    self.counts.append(count)
        return count

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber that counts what `node` emits."""
        return Link(self, self.count(node), downstream)

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        if not isinstance(node.operator, NoneCheck):
            count = self.count(node)
            with self.lock:
                count.add_stage(stage)

    def in_flight(self) -> int:
        """Return the items in flight now; the lock is to be held."""
        return self._hands + sum([self._held(count) for count in self._queues])

    def _held(self, count: Count) -> int:
        held = count.occupied
        if held > count.most_held:
            count.most_held = held
        return held

    def enter(self, count: Count, link: Link) -> None:
        """Take note that an item is about to be delivered."""
        with self.lock:
            link.emitted += 1
            count.emitted += 1
            count.delivering += 1
            count.fed = 0
            if count.made:
                return
            if not count.queues:
                for each in count.inputs:  # the item, or what became of it, has come further
                    self._put_down(each)
            if not count.in_hand:
                count.in_hand = 1
                self._hands += 1
            now = self.in_flight()
            if now > self.most_in_flight:
                self.most_in_flight = now
            if count.output is not None:
                count.output.fed += 1
            if count.feeds_queue:
                self._put_down(count)

    def leave(self, count: Count) -> None:
        """Take note that the delivery of an item has returned."""
        with self.lock:
            count.delivering -= 1
            self._put_down(count)
            if count.output is not None and count.feeds_queue:
                self._held(count.output)

    def _put_down(self, count: Count) -> None:
        if count.in_hand:
            count.in_hand = 0
            self._hands -= 1

    def awaited(self) -> Count | None:
        """Return whom the pipeline waits for, or None for its consumer; the lock is to be held."""
        count = self.last
        if not count.wanting or count.in_hand:
            return None
        while True:
            asked = [each for each in count.inputs if each.live and each.wanting]
            # An operator on several flows has work as long as one of them has: the slowest counts.
            if not asked or (count.in_flight and len(count.inputs) == 1):
                return count
            count = min(asked, key=lambda each: each.emitted)


class Link:
    """The Subscriber and the Subscription that stand in one link, and count what passes."""

    __slots__ = ("_count", "_downstream", "_metering", "_upstream", "emitted", "requested")

    def __init__(self, metering: Metering, count: Count, downstream: Any) -> None:
        self._metering = metering
        self._count = count
        self._downstream = downstream
        self._upstream: Any = None
        self.requested = 0
        self.emitted = 0

    def on_subscribe(self, subscription: Any) -> None:
        self._upstream = subscription
        with self._metering.lock:
            self._count.links.append(self)
            self._count.end = ""
        self._downstream.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        self._metering.enter(self._count, self)
        try:
            self._downstream.on_next(item)
        finally:
            self._metering.leave(self._count)

    def on_error(self, error: Exception) -> None:
        self._over("failed")
        self._downstream.on_error(error)

    def on_complete(self) -> None:
        self._over("completed")
        self._downstream.on_complete()

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is None:
            with self._metering.lock:
                self.requested = min(self.requested + n, UNBOUNDED)
                self._count.requested = min(self._count.requested + n, UNBOUNDED)
        self._upstream.request(n)

    def cancel(self) -> None:
        self._over("cancelled")
        self._upstream.cancel()

    def _over(self, end: str) -> None:
        with self._metering.lock:
            if self in self._count.links:
                self._count.links.remove(self)
                self._count.end = end
