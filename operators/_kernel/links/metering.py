"""Metering: what passes each link of a pipeline, counted as it happens.

An item is in flight from the moment a source emits it until it is delivered: it is held by a stage
that queues, or in the hand of one stage that works on it. The signals of a link are serial (§1.3), and so
each link counts its own without a lock. Only where the largest number in flight is wanted, which is to be
one that was there and never a sum of two moments, do the items go through one lock (`exact`).
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any, ClassVar

from operators._kernel.fusing.feed import PAUSE
from operators._kernel.kinds import NoneCheck
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import demand_error, plain
from reactive_streams import UNBOUNDED

_QUEUES_WITHOUT_PLACES = {Contract.UNBOUNDED_UPSTREAM}


class Count:
    """The counts of one operator at its place in the pipeline, over all its subscriptions."""

    __slots__ = (
        "_dropped", "_emitted", "_exact", "_requested", "begun", "discarded", "end", "fed",
        "feeds_queue", "hand", "inner", "inputs", "links", "made", "most_held", "node", "output", "queues",
        "stages",
    )  # fmt: skip

    def __init__(self, node: Node, inner: int, *, made: bool, exact: bool) -> None:
        self.node: Node = node
        self.inner: int = inner
        self.made: bool = made
        """Whether it belongs to a flow that was made while the pipeline ran."""
        self._exact = exact
        self._requested = 0  # by links that are over, as is the next one
        self._emitted = 0
        self.fed: int = 0  # items that came since it last emitted one
        self.hand: int = (
            0  # 1 while the stage after it works on the item that it emitted; kept where exact
        )
        self.most_held: int = 0
        self.begun: bool = False
        """Whether there ever was a subscription to it."""
        self.end: str = ""
        self.links: list[Any] = []
        """Of each subscription what knows its `requested`, `emitted` and `delivering`."""
        self.inputs: list[Count] = []
        self.output: Count | None = None
        self.feeds_queue: bool = False
        operator = node.operator
        self.queues: bool = bool(operator.holds) or operator.contract in _QUEUES_WITHOUT_PLACES
        self.stages: list[Any] = []
        """The objects that do its work."""
        self._dropped = 0
        self.discarded: int = 0
        """The items of its that nobody will have."""

    def add_stage(self, stage: Any) -> None:
        """Take note of an object that does the work, and forget those that are over."""
        over = [each for each in self.stages if each.done]
        self._dropped += sum(getattr(each, "dropped", 0) for each in over)
        self.stages = [each for each in self.stages if not each.done]
        self.stages.append(stage)

    def add_link(self, link: Any) -> None:
        """Take note of a subscription."""
        self.begun = True
        self.end = ""
        self.links.append(link)

    def drop_link(self, link: Any, end: str) -> None:
        """Take note of the end of a subscription, whose numbers stay."""
        if link not in self.links:
            return
        self.links.remove(link)
        self._requested = min(self._requested + link.requested, UNBOUNDED)
        self._emitted += link.emitted
        self.end = end

    @property
    def requested(self) -> int:
        """The items asked of it."""
        links = list(self.links)
        asked: list[int] = [link.requested for link in links]
        return min(self._requested + sum(asked), UNBOUNDED)

    @property
    def emitted(self) -> int:
        """The items that it has given."""
        given: list[int] = [link.emitted for link in list(self.links)]
        return self._emitted + sum(given)

    @property
    def delivering(self) -> int:
        """Items that it has begun, and not ended, to hand over."""
        begun: list[int] = [link.delivering for link in list(self.links)]
        return sum(begun)

    @property
    def wanting(self) -> bool:
        """Whether more was asked of it than it has emitted."""
        return any(link.requested > link.emitted for link in list(self.links))

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
        told = [n for stage in self.stages if (n := getattr(stage, name, None)) is not None]
        if told:
            return sum(told)
        # A fused stage does not tell: what came since its last item is what it has gathered.
        return min(self.fed, self.node.operator.holds) if self.links else 0

    @property
    def in_hand(self) -> int:
        """1 while the stage after it works on the item that it emitted."""
        if self._exact:
            return self.hand
        further = self.output is not None and self.output.delivering
        return 1 if self.delivering and not further else 0

    @property
    def in_flight(self) -> int:
        """The items that it works on."""
        if self.queues:
            return max(0, self.occupied - self.buffered)
        return sum(each.in_hand for each in self.inputs)

    @property
    def dropped(self) -> int:
        """The items that its overflow policy dropped."""
        return self._dropped + sum(getattr(stage, "dropped", 0) for stage in self.stages)


class Metering:
    """The counts of one pipeline. Where it is `exact`, all items go through one lock."""

    def __init__(self, node: Node, *, exact: bool) -> None:
        self.lock: Any = threading.Lock()
        self.counts: list[Count] = []
        self.most_in_flight: int = 0
        """The largest number in flight so far; 0 where that is not exact."""
        self.owner: Any = None
        """Whoever is to know of the end, by its `ended`."""
        self._exact = exact
        self._kind = _ExactLink if exact else Link
        self._hands = 0  # items in the hand of a stage
        self._by_node: dict[int, Count] = {}
        self._by_place: dict[tuple[Any, ...], Count] = {}
        self.last: Count = self._add_chain(node.chain(), 0)
        self._queues = [count for count in self.counts if count.queues]

    def _add_chain(self, chain: list[Node], inner: int) -> Count:
        last: Count | None = None
        # Flows given to a source, which the operator after it puts together.
        joining: list[Count] = []
        for node in chain:
            count = self._by_node.get(id(node))
            if count is None:
                count = Count(node, inner, made=False, exact=self._exact)
                self._by_node[id(node)] = count
                self.counts.append(count)
                joining += [
                    self._add_chain(other.chain(), inner + 1) for other in node.operator.flows
                ]
                if last is not None or node.operator.contract is Contract.SHARED:
                    count.inputs = [each for each in (last, *joining) if each is not None]
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
                    count = self._by_place[place] = Count(node, 1, made=True, exact=self._exact)
                    self.counts.append(count)
        return count

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber that counts what `node` emits."""
        return self._kind(self, self.count(node), downstream)

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        if not isinstance(node.operator, NoneCheck):
            count = self.count(node)
            with self.lock:
                count.add_stage(stage)

    def discarded(self, node: Node | None) -> None:
        """Take note of an item that nobody will have."""
        count = (
            self.last if node is None or isinstance(node.operator, NoneCheck) else self.count(node)
        )
        count.discarded += 1

    def in_flight(self) -> int:
        """Return the items in flight now; where it is exact, the lock is to be held."""
        hands = self._hands if self._exact else sum([count.in_hand for count in self.counts])
        return hands + sum([self.held(count) for count in self._queues])

    def held(self, count: Count) -> int:
        """Return the places taken in a stage, and keep the largest number of these."""
        held = count.occupied
        if held > count.most_held:
            count.most_held = held
        return held

    def enter(self, count: Count, link: Link) -> None:
        """Take note that an item is about to be delivered."""
        with self.lock:
            link.emitted += 1
            link.delivering += 1
            count.fed = 0
            if count.made:
                return
            if not count.queues:
                for each in count.inputs:  # the item, or what became of it, has come further
                    self._put_down(each)
            if not count.hand:
                count.hand = 1
                self._hands += 1
            now = self.in_flight()
            if now > self.most_in_flight:
                self.most_in_flight = now
            if count.output is not None:
                count.output.fed += 1
            if count.feeds_queue:
                self._put_down(count)

    def leave(self, count: Count, link: Link) -> None:
        """Take note that the delivery of an item has returned."""
        with self.lock:
            link.delivering -= 1
            self._put_down(count)
            if count.output is not None and count.feeds_queue:
                self.held(count.output)

    def _put_down(self, count: Count) -> None:
        if count.hand:
            count.hand = 0
            self._hands -= 1

    def awaited(self) -> Count | None:
        """Return whom the pipeline waits for, or None for its consumer; where exact, hold the lock."""
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

    __slots__ = (
        "_asking", "_downstream", "_metering", "_output", "_upstream", "count", "delivering", "emitted",
        "requested",
    )  # fmt: skip

    def __init__(self, metering: Metering, count: Count, downstream: Any) -> None:
        self._metering = metering
        self.count: Count = count
        self._output = count.output
        self._downstream = downstream
        self._upstream: Any = None
        self._asking = threading.Lock()  # a request may come from any thread
        self.requested: int = 0
        self.emitted: int = 0
        self.delivering: int = 0

    def on_subscribe(self, subscription: Any) -> None:
        self._upstream = subscription
        with self._metering.lock:
            self.count.add_link(self)
        self._downstream.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        self.emitted += 1
        self.delivering += 1
        self.count.fed = 0
        if self._output is not None:
            self._output.fed += 1
        try:
            self._downstream.on_next(item)
        finally:
            self.delivering -= 1

    def on_error(self, error: Exception) -> None:
        self._over("failed")
        self._downstream.on_error(error)

    def on_complete(self) -> None:
        self._over("completed")
        self._downstream.on_complete()

    @property
    def queue(self) -> Any:
        """What is right above, for who polls instead of being pushed to; None: nobody is to."""
        return self._upstream

    def polled(self, items: Generator[Any, None, None]) -> Generator[Any, None, None]:
        """Return the items that somebody polls, each of which is asked for when it is wanted."""
        end = "cancelled"
        self.requested += 1
        try:
            for item in items:
                if item is not PAUSE:
                    self.emitted += 1
                    yield item
                    self.requested += 1
                else:
                    yield item
            end = "completed"
        except Exception:
            end = "failed"
            raise
        finally:
            self._over(end)

    def left(self) -> None:
        """Take note that whoever polls has left."""
        self._over("cancelled")

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is None:
            with self._asking:
                self.requested = min(self.requested + n, UNBOUNDED)
        self._upstream.request(n)

    def cancel(self) -> None:
        try:
            self._upstream.cancel()  # first: what that discards is part of the account
        finally:
            self._over("cancelled")

    def _over(self, end: str) -> None:
        metering = self._metering
        with metering.lock:
            self.count.drop_link(self, end)
        if self.count is metering.last and not self.count.live and metering.owner is not None:
            metering.owner.ended()


class _ExactLink(Link):
    """A link whose items go through the one lock of all."""

    __slots__ = ()
    queue: ClassVar[Any] = None

    def on_next(self, item: Any) -> None:
        self._metering.enter(self.count, self)
        try:
            self._downstream.on_next(item)
        finally:
            self._metering.leave(self.count, self)
