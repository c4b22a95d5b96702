"""The worlds in which one pipeline is run, and what is seen of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from operators import Flow
from operators.watching import Node, watching
from reactive_streams import UNBOUNDED, Publisher, Subscriber, Subscription
from tests.properties.pipelines import Source, Step, Trace, build


@dataclass
class Run:
    """One run: what happened, and how it ended."""

    trace: Trace
    ended: tuple[Any, ...] = ("left early",)

    def end(self, error: Exception | None) -> None:
        notes = tuple(getattr(error, "__notes__", ()))
        self.ended = ("completed",) if error is None else (type(error), str(error), notes)


class Opaque:
    """A Publisher of which only `subscribe` can be seen, so that what follows is pushed."""

    def __init__(self, publisher: Publisher[Any]) -> None:
        self._publisher = publisher

    def subscribe(self, subscriber: Subscriber[Any]) -> None:
        self._publisher.subscribe(subscriber)


class Splitter:
    """A watcher that changes nothing, but takes fused runs apart."""

    splits = True
    sees_links = True

    def link(self, node: Node, downstream: Any) -> Any:
        return downstream

    def stage(self, node: Node, stage: Any) -> None:
        pass

    def discarded(self, node: Node | None) -> None:
        pass


def fused(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    return build(opened(source, trace), steps, trace)


def pushed(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    return build(Flow.from_publisher(Opaque(opened(source, trace))), steps, trace)


def listed(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    """Of a list the end is known with its last item."""
    return build(Flow.from_iterable(list(source.items)), steps, trace)


def listed_pushed(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    publisher = Opaque(Flow.from_iterable(list(source.items)))
    return build(Flow.from_publisher(publisher), steps, trace)


def opened(source: Source, trace: Trace) -> Flow[Any]:
    # One line for both kinds: the notes of errors name it.
    return Flow.from_iterable(trace.generator("source", source))


def with_identities(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    """The same pipeline with stages in between that change nothing but who runs what."""
    flow = opened(source, trace)
    for index, step in enumerate(steps):
        flow = flow.on_finally(lambda: None) if index % 2 else flow.limit_rate(1 + index)
        flow = build_one(flow, index, step, trace)
    return flow.tap(on_request=lambda n: None)


def build_one(flow: Flow[Any], index: int, step: Step, trace: Trace) -> Flow[Any]:
    from tests.properties.pipelines import apply

    return apply(flow, index, step, trace)


# Consumers --------------------------------------------------------------------------------------


def by_for(flow: Flow[Any], trace: Trace, most: int | None = None) -> Run:
    run = Run(trace)
    items = iter(flow)
    try:
        taken(items, trace, run, most)
    finally:
        items.close()
    return run


def taken(items: Iterator[Any], trace: Trace, run: Run, most: int | None) -> None:
    got = 0
    try:
        while got != most:
            try:
                item = next(items)
            except StopIteration:
                run.end(None)
                return
            trace.add("out", item)
            got += 1
    except Exception as error:
        run.end(error)


async def by_async_for(flow: Flow[Any], trace: Trace, most: int | None = None) -> Run:
    run = Run(trace)
    items = aiter(flow)
    try:
        await ataken(items, trace, run, most)
    finally:
        await items.aclose()
    return run


async def ataken(items: AsyncIterator[Any], trace: Trace, run: Run, most: int | None) -> None:
    got = 0
    try:
        while got != most:
            try:
                item = await anext(items)
            except StopAsyncIteration:
                run.end(None)
                return
            trace.add("out", item)
            got += 1
    except Exception as error:
        run.end(error)


@dataclass
class Demand:
    """How a Subscriber asks: `first` in on_subscribe, then `step` when `when` items have come.

    `inside` says whether it asks in on_next, and thus inside of the loop that delivers to it.
    """

    first: int
    step: int
    inside: bool


ONE_BY_ONE = Demand(1, 1, inside=True)
FROM_OUTSIDE = Demand(0, 3, inside=False)
UNLIMITED = Demand(UNBOUNDED, 1, inside=True)


@dataclass
class Asking:
    """A Subscriber that follows a Demand, cancels after `most` items, and never gets more than asked."""

    demand: Demand
    trace: Trace
    run: Run
    most: int | None = None
    asked: int = 0
    got: int = 0
    over: bool = False
    inside: int = 0
    upstream: Subscription | None = field(default=None)

    def on_subscribe(self, subscription: Subscription) -> None:
        assert self.upstream is None
        self.upstream = subscription
        if self.most == 0:
            self.leave()
        elif self.demand.first:
            self.ask(self.demand.first)

    def ask(self, n: int) -> None:
        assert self.upstream is not None
        self.asked = min(self.asked + n, UNBOUNDED)
        self.trace.add("ask", n)
        self.upstream.request(n)

    def leave(self) -> None:
        assert self.upstream is not None
        self.over = True
        self.upstream.cancel()

    def on_next(self, item: Any) -> None:
        assert not self.over
        assert self.inside == 0, "on_next inside of on_next"
        self.inside += 1
        self.got += 1
        assert self.got <= self.asked
        self.trace.add("out", item)
        if self.got == self.most:
            self.leave()
        elif self.demand.inside and self.asked != UNBOUNDED and self.got == self.asked:
            self.ask(self.demand.step)
        self.inside -= 1

    def on_error(self, error: Exception) -> None:
        assert not self.over
        self.over = True
        self.trace.add("failed")
        self.run.end(error)

    def on_complete(self) -> None:
        assert not self.over
        self.over = True
        self.trace.add("complete")
        self.run.end(None)


def by_subscriber(
    flow: Flow[Any], trace: Trace, most: int | None = None, demand: Demand = ONE_BY_ONE
) -> Run:
    """Run a flow that is synchronous to its end."""
    run = Run(trace)
    subscriber = Asking(demand, trace, run, most)
    flow.subscribe(subscriber)
    while not subscriber.over:
        before = len(trace.events)
        subscriber.ask(demand.step)
        assert subscriber.over or len(trace.events) > before, "demand was lost"
    return run


def split(flow: Flow[Any], trace: Trace, most: int | None, demand: Demand) -> Run:
    with watching(Splitter()):
        return by_subscriber(flow, trace, most, demand)
