"""Runs: each run that is watched looks at itself now and then, and says so when nothing moves."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from weakref import ref

from operators._kernel.failures.checks import need_callable, need_choice, need_methods, need_seconds
from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.loops import running_loop
from operators._kernel.links.metering import Metering
from operators._kernel.links.stations import Stations
from operators._kernel.plan.node import call_site, short
from operators._kernel.running.stacks import (
    Where,
    at_now,
    busy_loops,
    here_and_now,
)
from operators._kernel.subscription.scope import Everywhere
from operators.schedulers.rounds import Rounds
from operators.watching.metrics import RunMetrics, Sampler, metrics_of
from operators.watching.stalls import Stall, diagnose
from operators.watching.totals import Totals

if TYPE_CHECKING:
    from operators._kernel.plan.node import Node
    from operators.schedulers import Scheduler, Worker

EACH = ("operator", "queue")
_OFTEN = 0.1  # seconds between two looks, at most
_LOOKS = 4  # in the seconds of a stall: it is seen so late at most, by a fourth of them
_numbers = itertools.count(1)
_LOG = logging.getLogger("operators.watching")


class Listener(Protocol):
    """Who is told of the runs that are watched."""

    def begun(self, run: Run) -> None:
        """Take note of one that begins, in the context of whoever begins it."""
        ...

    def stalled(self, run: Run, stall: Stall) -> None:
        """Take note of one that does not move."""
        ...

    def ended(self, run: Run) -> None:
        """Take note of one that is over, or that nobody has any more."""
        ...


LISTENERS: list[Listener] = []


class Watch:
    """The settings with which runs are watched; called with the node of a flow, it begins to watch a run."""

    __slots__ = ("each", "report", "scheduler", "stall")

    def __init__(
        self,
        name: str,
        stall: float,
        each: str,
        report: Callable[[Stall], object] | None,
        scheduler: Any,
    ) -> None:
        need_choice(name, "each", each, EACH)
        need_seconds(name, "stall", stall)
        if not stall:
            raise ValueError(f"{name}: stall must be more than 0 seconds")
        if report is not None:
            need_callable(name, "report", report)
        if scheduler is not None:
            need_methods(name, "Scheduler", scheduler, "now", "worker")
        self.each: str = each
        self.stall: float = stall
        self.report: Callable[[Stall], object] = report or _log
        self.scheduler: Scheduler | None = scheduler

    def __call__(self, node: Node) -> Run:
        """Return what watches one run of the flow."""
        run = Run(node, self)
        _ALIVE[run.number] = ref(run)
        for listener in LISTENERS:
            listener.begun(run)
        try:
            if self.scheduler is None:
                _ROUNDS.add(run)
            else:
                run.look_by(self.scheduler.worker())
        except Exception as error:  # the flow is none the worse for that
            drop_error(
                error, f"raised where {node.title}, {node.where}, was to be watched for stalls"
            )
        return run


def _log(stall: Stall) -> None:
    _LOG.warning("%s", stall)


class Run:
    """The Watcher of one run, which says who holds it up when nothing has moved for a while."""

    splits: ClassVar[bool] = True

    def __init__(self, node: Node, watch: Watch) -> None:
        self.sees_links: bool = watch.each == "operator"
        self.node: Node = node
        self.most_in_flight: int = 0
        """The largest number in flight that anybody has seen."""
        self.number: int = next(_numbers)
        """Its place in the order of beginnings."""
        self.metering: Metering = Metering(node, exact=False) if self.sees_links else Stations(node)
        self.sampler: Sampler = Sampler(self.metering)
        self.metering.owner = self
        self.site: tuple[str, int] = call_site()
        """Where it was begun."""
        self.loop: Any = running_loop()
        self._begun_by = here_and_now()
        self._watch = watch
        self._now: Callable[[], float] = monotonic
        if watch.scheduler is not None:
            self._now = watch.scheduler.now
        self._seen: tuple[Any, ...] = ()
        self._began = self._since = self._judged = self._now()
        self._told: tuple[str, ...] = ()
        self._busy: dict[int, Any] = {}
        self._stuck: list[tuple[str, Any]] = []
        self._worker: Worker | None = None
        self._accounted = False

    # The Watcher ---------------------------------------------------------------------------------

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber that counts what `node` emits."""
        return self.metering.link(node, downstream)

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        self.metering.stage(node, stage)

    def discarded(self, node: Node | None) -> None:
        """Take note of an item that nobody will have."""
        self.metering.discarded(node)

    def ended(self) -> None:
        """Take note that it is over."""
        _ROUNDS.remove(self)
        self._account()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def is_over(self) -> bool:
        """Whether it is over, as far as is seen; who looks from outside finds out by that."""
        if isinstance(self.metering, Stations) and self.metering.refresh():
            self.ended()
        return self._accounted

    def _account(self) -> None:
        """Have what it has done be part of the totals, once."""
        if self._accounted:
            return
        self._accounted = True
        _ALIVE.pop(self.number, None)
        self.sampler.look(self._now())
        _PAST.append(metrics_of(self))
        for listener in LISTENERS:
            listener.ended(self)
        if len(_PAST) > _MOST:
            _add_up()

    def __del__(self) -> None:
        self._account()
        _ROUNDS.remove(self)  # nobody has it any more, and its thread may have nobody else

    # Looking -------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The flow, and where it was run."""
        return (
            f"the flow that ends with {self.metering.last.node.title}, run at {short(self.site)},"
        )

    @property
    def where(self) -> str:
        """Where it was begun, as file:line."""
        return short(self.site)

    @property
    def every(self) -> float:
        """Seconds from one look to the next."""
        return min(self._watch.stall / _LOOKS, _OFTEN)

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return self._now() - self._began

    def look_by(self, worker: Worker) -> None:
        """Look at oneself now and then, on a worker that is closed at the end."""
        self._worker = worker
        weak = ref(self)

        def look() -> None:
            run = weak()
            if run is None:
                worker.close()
            elif run._worker is worker:
                run.look()
                worker.schedule(look, run.every)

        worker.schedule(look, self.every)

    def look(self) -> None:
        """See whether anything has moved, and report where nothing has for as long as a stall takes."""
        now = self._now()
        if self.is_over():
            return
        self.sampler.look(now)
        seen = self._signature()
        if seen != self._seen:
            self._seen, self._since, self._told = seen, now, ()
            self._busy, self._stuck = {}, []
            self._judged = now
            return
        if now - self._judged < self._watch.stall / _LOOKS:
            return
        self._judged = now
        busy = busy_loops()
        self._stuck = [
            (name, frames)
            for ident, (name, frames, mark) in busy.items()
            if self._busy.get(ident) == mark
        ]
        self._busy = {ident: mark for ident, (_, _, mark) in busy.items()}
        last = self.metering.last
        if not last.live or now - self._since < self._watch.stall:
            return
        stall = diagnose(self, now - self._since)
        told = (stall.title, stall.where, stall.why)
        if told == self._told:
            return
        self._told = told
        try:
            for listener in LISTENERS:
                listener.stalled(self, stall)
            self._watch.report(stall)
        except Exception as error:
            drop_error(error, "raised by the report of a watch")

    def _signature(self) -> tuple[Any, ...]:
        counts = list(self.metering.counts)
        return tuple(
            [(count.requested, count.emitted, count.occupied, count.end) for count in counts]
        )

    def stuck_loops(self) -> list[tuple[str, Any]]:
        """Return the threads, with their stacks, whose event loop is held by the same line as a look ago."""
        return self._stuck

    def beginner(self) -> list[Where]:
        """Return what the task, or the thread, that began the run is at, where it is still at that."""
        return at_now(self._begun_by, self.site[0])


_ROUNDS = Rounds("operators-watch")
_ALIVE: dict[int, ref[Run]] = {}
_PAST: deque[RunMetrics] = deque()  # what is over and not added up yet: by whoever asks
_TOTALS = Totals()
_MOST = 1000  # of those that wait to be added up


def runs() -> list[Run]:
    """Return the runs that are watched now, in the order of their beginnings."""
    found = [run for weak in list(_ALIVE.values()) if (run := weak()) is not None]
    return sorted([run for run in found if not run.is_over()], key=lambda run: run.number)


def totals() -> Totals:
    """Return what all runs that are or were watched have done, by their places in the user's code."""
    live = metrics()
    over = _add_up()  # what has ended meanwhile is to be there once
    return _TOTALS.and_of([run for run in live if run.number not in over])


def _add_up() -> set[int]:
    added: set[int] = set()
    while True:
        try:
            run = _PAST.popleft()
        except IndexError:
            return added
        _TOTALS.add(run, over=True)
        added.add(run.number)


def metrics() -> tuple[RunMetrics, ...]:
    """Return what each run that is watched now, and is not over, has done so far.

    >>> from operators import Flow
    >>> from operators.schedulers import thread
    >>> from operators.watching import metrics
    >>> numbers = iter(Flow.range(100).publish_on(thread(), prefetch=8).watch())
    >>> [next(numbers) for _ in range(3)]
    [0, 1, 2]
    >>> (run,) = metrics()
    >>> [(stage.title, stage.emitted) for stage in run.stages][1]
    ('publish_on', 3)
    >>> numbers.close()
    """
    return tuple([metrics_of(run) for run in runs()])


@contextmanager
def watch_all(
    stall: float = 5.0,
    *,
    each: str = "operator",
    report: Callable[[Stall], object] | None = None,
    scheduler: Scheduler | None = None,
) -> Generator[None, None, None]:
    """Watch every flow of the process that is run inside the `with`, as `flow.watch` does for one.

    >>> from operators import Flow
    >>> from operators.watching import watch_all
    >>> with watch_all(stall=5.0):
    ...     list(Flow.range(3))
    [0, 1, 2]
    """
    before = Everywhere.begin
    Everywhere.begin = Watch("watch_all", stall, each, report, scheduler)
    try:
        yield
    finally:
        Everywhere.begin = before
