"""What is done in a process of its own, which has a JVM: `python -m tests.connectors.jvm_apart kit NAME`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.connectors import jvm, values
from operators.connectors.jvm.bridge import FromPublisher
from operators.schedulers import thread
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.operators.kit import probe


def java(name: str) -> Any:
    import jpype

    return jpype.JClass(name)


def flowable() -> Any:
    return java("io.reactivex.rxjava3.core.Flowable")


def numbers(items: Any) -> list[int]:
    return [int(item) for item in items]


# Checks -----------------------------------------------------------------------------------------


def libraries() -> str:
    """Each library's Publisher as a flow, and a flow as its upstream."""
    five = [*range(5)]
    flux = java("reactor.core.publisher.Flux")
    multi = java("io.smallrye.mutiny.Multi")
    for made in (flowable().range(0, 5), flux.range(0, 5), multi.createFrom().range(0, 5)):
        assert numbers(jvm.source(made).apply(values())) == five
    ours = jvm.to_publisher(Flow.range(5))
    assert numbers(flowable().fromPublisher(ours).toList().blockingGet()) == five
    assert numbers(flux.from_(ours).collectList().block()) == five
    made = multi.createFrom().publisher(java("java.util.concurrent.Flow$Publisher") @ ours)
    assert numbers(made.collect().asList().await_().indefinitely()) == five
    mono = java("reactor.core.publisher.Mono").just("a")
    assert list(jvm.source(mono).apply(values())) == ["a"]
    config = java("com.typesafe.config.ConfigFactory").load()
    system = java("org.apache.pekko.actor.ActorSystem").create("flows", config)
    sink = java("org.apache.pekko.stream.javadsl.Sink")
    alone = java("org.apache.pekko.stream.javadsl.AsPublisher").WITHOUT_FANOUT
    source = java("org.apache.pekko.stream.javadsl.Source")
    made = source.range(0, 4).runWith(sink.asPublisher(alone), system)
    assert numbers(jvm.source(made).apply(values())) == five
    assert (
        numbers(source.fromPublisher(ours).runWith(sink.seq(), system).toCompletableFuture().get())
        == five
    )
    return "RxJava, Reactor, Mutiny, Pekko"


def demand() -> str:
    """Demand is what is asked for, both ways."""
    asked: list[int] = []
    taken = java("io.reactivex.rxjava3.functions.LongConsumer")

    class Asked:
        def accept(self, n: Any) -> None:
            asked.append(int(n))

    import jpype

    made = flowable().range(0, 1_000).doOnRequest(jpype.JProxy(taken, inst=Asked()))
    seen = probe(jvm.source(made), 0)
    for n in (3, 1, 40):
        seen.request(n)
    assert len(seen.items) == 44
    assert asked == [3, 1, 40]
    asked.clear()
    ours = jvm.to_publisher(Flow.range(1_000).tap(on_request=asked.append))
    subscriber = flowable().fromPublisher(ours).test(0)
    for n in (2, 5):
        subscriber.request(n)
    subscriber.assertValueCount(7)
    subscriber.cancel()
    return f"told {asked}"


def jdk() -> str:
    """The JDK's own Flow, where a Subscriber of a sink takes what it sends."""
    got: list[int] = []
    over = threading.Event()

    class Taking:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(100)

        def on_next(self, item: Any) -> None:
            got.append(int(item))

        def on_error(self, error: Exception) -> None:
            raise error

        def on_complete(self) -> None:
            over.set()

    publisher = java("java.util.concurrent.SubmissionPublisher")()
    publisher.subscribe(jvm.to_subscriber(Taking()))
    for n in range(50):
        publisher.submit(n)
    publisher.close()
    assert over.wait(DEADLINE)
    assert got == list(range(50))
    return "50 items"


def identity() -> str:
    """An error that has crossed twice is the same, whichever side it came from."""
    mine = KeyError("mine")
    there = flowable().fromPublisher(jvm.to_publisher(Flow.error(mine)))
    seen = probe(jvm.source(there), 1)
    assert seen.error is mine
    theirs = java("java.io.IOException")("theirs")
    back = flowable().fromPublisher(
        jvm.to_publisher(jvm.source(flowable().error(theirs)).apply(values()))
    )
    caught = probe(jvm.source(back), 1).error
    assert caught.equals(theirs), caught

    class Raises:
        def on_subscribe(self, subscription: Any) -> None:
            raise mine

        on_next = on_error = on_complete = on_subscribe

    with pytest.raises(TypeError, match="RS") as wrapped:  # RxJava's, about it
        FromPublisher(flowable().range(0, 5)).subscribe(Raises())
    assert wrapped.value.__cause__ is mine
    return "the same"


# Faults -----------------------------------------------------------------------------------------


def it_fails() -> str:
    return outcome(jvm.source(flowable().error(java("java.io.IOException")("gone"))).run)


def illegal_argument() -> str:
    made = flowable().error(java("java.lang.IllegalArgumentException")("too many"))
    return outcome(jvm.source(made).run)


def the_flow_fails() -> str:
    made = flowable().fromPublisher(jvm.to_publisher(Flow.error(OSError("disk full"))))
    error = made.materialize().blockingFirst().getError()
    return f"{error.getClass().getName()}: {error.getMessage()}"


def no_publisher() -> str:
    return outcome(lambda: jvm.source(java("java.lang.Object")())).partition(", got")[0]


def cancel_while_it_waits() -> str:
    processor = java("io.reactivex.rxjava3.processors.PublishProcessor").create()
    run = jvm.source(processor).for_each(lambda _: None)
    cancelled_after(run, processor.hasSubscribers)
    eventually(lambda: not processor.hasSubscribers())
    return "the Subscription is cancelled"


def java_cancels() -> str:
    gone = threading.Event()
    ours = jvm.to_publisher(Flow.never().on_finally(gone.set))
    flowable().fromPublisher(ours).test().cancel()
    assert gone.wait(DEADLINE)
    return "the flow is cancelled"


def two_threads() -> str:
    flow = jvm.source(flowable().range(0, 500)).apply(values())
    runs: list[list[int]] = [[], []]
    handles = [flow.subscribe_on(thread("jvm")).for_each(each.append) for each in runs]
    for handle in handles:
        handle.result(DEADLINE)
    assert [numbers(each) for each in runs] == [list(range(500))] * 2
    return "a subscription each"


def slow_reader() -> str:
    made: list[int] = []
    ours = Flow.range(10_000).tap(made.append)
    seen = probe(jvm.source(flowable().fromPublisher(jvm.to_publisher(ours))), 10)
    eventually(lambda: len(seen.items) == 10)
    assert len(made) == 10
    seen.cancel()
    return "Java asks for what is asked for here, and no more is made"


CHECKS: dict[str, Callable[[], str]] = {
    each.__name__: each for each in (libraries, demand, jdk, identity)
}
FAULTS: dict[str, Callable[[], str]] = {
    "cancel while it waits": cancel_while_it_waits,
    "illegal argument there": illegal_argument,
    "it fails": it_fails,
    "Java cancels": java_cancels,
    "no Publisher": no_publisher,
    "slow reader": slow_reader,
    "the flow fails, for Java": the_flow_fails,
    "two threads": two_threads,
}


def kit(name: str) -> str:
    """Our kit over one of the catalogue."""
    from tck import Settings
    from tests.connectors.catalogue import SOURCES
    from tests.tck.verifying import conforms, verify_source

    own = next(each for each in SOURCES if each.name == name)
    conforms(verify_source(own, Settings(**own.declares)))
    return "conforms"


def main() -> None:
    jvm.start(os.environ["JARS"], options=("-Xrs",))
    what, name = sys.argv[1:]
    found = {"kit": kit, "check": lambda n: CHECKS[n](), "fault": lambda n: FAULTS[n]()}[what](name)
    print(found, flush=True)
    os._exit(0)  # whatever threads of libraries still run there


if __name__ == "__main__":
    main()
