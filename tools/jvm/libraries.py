"""Publishers of the JVM's libraries, for our kit to look at; to be imported when the JVM runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import bridge
from bridge import Bridge
from jpype import JClass

_A_MILLISECOND = JClass("java.time.Duration").ofMillis(1)
_TIMED = {"max_elements": 200}
"""A timed one gives an element each millisecond: the checks that need thousands would take minutes."""


@dataclass(frozen=True)
class Foreign:
    """A kind of Publisher of one library; `make(elements)` gives a Java Publisher, as does `fail()`."""

    library: str
    kind: str
    code: str
    """How one would write it in Java."""
    make: Callable[[int], Any]
    fail: Callable[[], Any]
    declares: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """What it is called in a report."""
        return f"{self.library}, {self.kind}"

    def publisher(self, elements: int) -> bridge.FromPublisher:
        """Return it as a Publisher of Python."""
        return bridge.FromPublisher(self.make(elements))

    def failed(self) -> bridge.FromPublisher:
        """Return one that fails, as a Publisher of Python."""
        return bridge.FromPublisher(self.fail())


def _boom() -> Any:
    return JClass("java.lang.RuntimeException")("on purpose")


def rxjava() -> Iterator[Foreign]:
    """Return those of RxJava 3."""
    flowable = JClass("io.reactivex.rxjava3.core.Flowable")
    # What our Subscribers raise on purpose it would print.
    JClass("io.reactivex.rxjava3.plugins.RxJavaPlugins").setErrorHandler(Bridge.deaf())
    schedulers = JClass("io.reactivex.rxjava3.schedulers.Schedulers")
    unit = JClass("java.util.concurrent.TimeUnit").MILLISECONDS

    def fail() -> Any:
        return flowable.error(_boom())

    name = "RxJava 3.1.10"
    yield Foreign(
        name, "range", "Flowable.range(0, n)",
        lambda n: flowable.range(0, n), fail, {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "asynchronous", "Flowable.range(0, n).observeOn(Schedulers.computation())",
        lambda n: flowable.range(0, n).observeOn(schedulers.computation()), fail,
        {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "timed",
        "Flowable.intervalRange(0, n, 0, 1, MILLISECONDS).onBackpressureBuffer()",
        lambda n: flowable.intervalRange(0, n, 0, 1, unit).onBackpressureBuffer(), fail, _TIMED,
    )  # fmt: skip
    yield Foreign(
        name, "shared", "Flowable.range(0, n).share()",
        lambda n: flowable.range(0, n).share(), fail,
    )  # fmt: skip


def reactor() -> Iterator[Foreign]:
    """Return those of Project Reactor."""
    flux = JClass("reactor.core.publisher.Flux")
    JClass("reactor.core.publisher.Hooks").onErrorDropped(Bridge.deaf())
    JClass("reactor.util.Loggers").useCustomLoggers(Bridge.mute())
    schedulers = JClass("reactor.core.scheduler.Schedulers")

    def fail() -> Any:
        return flux.error(_boom())

    name = "Reactor 3.7.1"
    yield Foreign(
        name, "range", "Flux.range(0, n)", lambda n: flux.range(0, n), fail,
        {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "asynchronous", "Flux.range(0, n).publishOn(Schedulers.parallel())",
        lambda n: flux.range(0, n).publishOn(schedulers.parallel()), fail,
        {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "timed", "Flux.interval(Duration.ofMillis(1)).onBackpressureBuffer().take(n)",
        lambda n: flux.interval(_A_MILLISECOND).onBackpressureBuffer().take(n), fail, _TIMED,
    )  # fmt: skip
    yield Foreign(
        name, "shared", "Flux.range(0, n).share()", lambda n: flux.range(0, n).share(), fail,
    )  # fmt: skip


def mutiny() -> Iterator[Foreign]:
    """Return those of SmallRye Mutiny, which are of `java.util.concurrent.Flow`."""
    multi = JClass("io.smallrye.mutiny.Multi")
    JClass("io.smallrye.mutiny.infrastructure.Infrastructure").setDroppedExceptionHandler(
        Bridge.deaf()
    )
    executor = JClass("io.smallrye.mutiny.infrastructure.Infrastructure").getDefaultExecutor()
    adapted = JClass("org.reactivestreams.FlowAdapters").toPublisher

    def ranged(n: int) -> Any:
        return multi.createFrom().range(0, n) if n else multi.createFrom().empty()

    def fail() -> Any:
        return adapted(multi.createFrom().failure(_boom()))

    name = "Mutiny 2.7.0"
    yield Foreign(
        name, "range", "Multi.createFrom().range(0, n)", lambda n: adapted(ranged(n)), fail,
        {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "asynchronous",
        "Multi.createFrom().range(0, n).emitOn(Infrastructure.getDefaultExecutor())",
        lambda n: adapted(ranged(n).emitOn(executor)), fail, {"per_subscriber": True},
    )  # fmt: skip
    yield Foreign(
        name, "timed",
        "Multi.createFrom().ticks().every(Duration.ofMillis(1)).onOverflow().bufferUnconditionally()"
        ".select().first(n)",
        lambda n: adapted(
            multi.createFrom().ticks().every(_A_MILLISECOND).onOverflow().bufferUnconditionally()
            .select().first(n)
        ),
        fail, _TIMED,
    )  # fmt: skip
    yield Foreign(
        name, "shared", "Multi.createFrom().range(0, n).broadcast().toAllSubscribers()",
        lambda n: adapted(ranged(n).broadcast().toAllSubscribers()), fail,
    )  # fmt: skip


def pekko() -> Iterator[Foreign]:
    """Return those of Pekko Streams; an actor stands behind each."""
    source = JClass("org.apache.pekko.stream.javadsl.Source")
    sink = JClass("org.apache.pekko.stream.javadsl.Sink")
    alone = JClass("org.apache.pekko.stream.javadsl.AsPublisher")
    config = JClass("com.typesafe.config.ConfigFactory").parseString(
        'pekko { loglevel = "OFF", stdout-loglevel = "OFF", daemonic = on }'
    )
    system = JClass("org.apache.pekko.actor.ActorSystem").create("tck", config.withFallback(
        JClass("com.typesafe.config.ConfigFactory").load()
    ))  # fmt: skip

    def ranged(n: int) -> Any:
        return source.range(1, n) if n else source.empty()

    def run(made: Any, fan_out: Any = alone.WITHOUT_FANOUT) -> Any:
        return made.runWith(sink.asPublisher(fan_out), system)

    def fail() -> Any:
        return run(source.failed(_boom()))

    name = "Pekko Streams 1.1.2"
    # A cancel is a message to an actor, which sends up to 1,000 elements (sync-processing-limit) for each
    # message before it: a check that makes two requests gives it two.
    mailbox = {"after_cancel": 2_000}
    yield Foreign(
        name, "range", "Source.range(1, n).runWith(Sink.asPublisher(WITHOUT_FANOUT), system)",
        lambda n: run(ranged(n)), fail, mailbox,
    )  # fmt: skip
    yield Foreign(
        name, "asynchronous",
        "Source.range(1, n).async().runWith(Sink.asPublisher(WITHOUT_FANOUT), system)",
        lambda n: run(ranged(n).async_()), fail, mailbox,
    )  # fmt: skip
    yield Foreign(
        name, "timed",
        "Source.tick(Duration.ZERO, Duration.ofMillis(1), 1).take(n)"
        ".runWith(Sink.asPublisher(WITHOUT_FANOUT), system)",
        lambda n: run(source.tick(_A_MILLISECOND, _A_MILLISECOND, 1).take(n)), fail,
        {**_TIMED, **mailbox},
    )  # fmt: skip
    yield Foreign(
        name, "shared", "Source.range(1, n).runWith(Sink.asPublisher(WITH_FANOUT), system)",
        lambda n: run(ranged(n), alone.WITH_FANOUT), fail, mailbox,
    )  # fmt: skip


def _submitted(executor: Any, pause: int, shared: bool, n: int, error: Any = None) -> Any:
    return JClass("Bridge$Submitted")(executor, n, pause, shared, error)


def jdk() -> Iterator[Foreign]:
    """Return those of the JDK's SubmissionPublisher."""
    pool = JClass("java.util.concurrent.ForkJoinPool").commonPool()
    name = f"JDK {JClass('java.lang.System').getProperty('java.version')}"
    here = JClass("Bridge$Submitted").here()
    for kind, code, executor, pause, shared in (
        ("range", "SubmissionPublisher(Runnable::run, n)", here, 0, False),
        ("asynchronous", "SubmissionPublisher(commonPool(), n)", pool, 0, False),
        ("timed", "SubmissionPublisher(commonPool(), n), one each millisecond", pool, 1, False),
        ("shared", "SubmissionPublisher(commonPool(), n), one for all", pool, 0, True),
    ):
        yield Foreign(
            name, kind, code,
            partial(_submitted, executor, pause, shared), partial(_submitted, executor, 0, False, 0, _boom()),
            {"max_elements": 200 if pause else 10_000},
        )  # fmt: skip


def everybody() -> Iterator[Foreign]:
    """Return all of them."""
    for each in (rxjava, reactor, mutiny, pekko, jdk):
        yield from each()
