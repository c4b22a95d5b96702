"""Run a flow to its end, or to Ctrl-C, while a view shows its meters."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

from operators._cli.report import failure_text, summary
from operators._cli.view import View
from operators._kernel.hosts import exits
from operators._kernel.hosts.threads import running, wait_for_new
from operators._kernel.kinds import resolved_chain
from operators._kernel.plan.node import Node
from operators._kernel.subscription.ends import NOWHERE
from operators.flow import Flow
from operators.schedulers import thread
from operators.watching.links import watching
from operators.watching.meters import Meters

_TICK = 0.1  # seconds between two looks at the meters
_PATIENCE = 2.0  # seconds until the user is told what a stop waits for
_GRACE = 5.0  # seconds for threads that clean up, after the end


def run(flow: Flow[Any], view: View) -> int:
    """Return the exit code, when the flow is over and the view has shown what came of it."""
    flow = _unfolded(flow)
    meters = Meters(flow)
    consumer = _Consumer()
    before = running()
    worker = thread("operators-run").worker()
    waited_for: Counter[str] = Counter()
    promised = flow.describe().in_flight
    with _stops(view.abandon) as stops, view.shown(promised):
        begun = time.monotonic()
        view.update(meters.read())
        worker.schedule(lambda: _subscribe(flow, consumer, meters))
        while not consumer.over.done() and not stops:
            wait([consumer.over], _TICK)
            reading = meters.read()
            waited_for[reading.waited_for] += 1
            view.update(reading)
        seconds = time.monotonic() - begun
        stopped = not consumer.over.done()
        if stopped:
            _cancel(consumer)
        worker.close()
        _settle(before, stopped=stopped)
        view.finish(meters.read())

    error = None if stopped else consumer.over.exception()
    print(flush=True)
    if error is not None:
        print(failure_text(error), end="\n\n", file=sys.stderr, flush=True)
    elif stopped:
        print(
            f"stopped by {signal.Signals(stops[0]).name}", end="\n\n", file=sys.stderr, flush=True
        )
    elif consumer.items:
        view.result(consumer.last)
        print()
    for line in summary(consumer.items, seconds, meters.read(), promised, waited_for):
        print(line)
    if stopped:
        return 128 + stops[0]
    return 0 if error is None else 1


def _unfolded(flow: Flow[Any]) -> Flow[Any]:
    """Return the flow with what a `defer` at its source makes in place of that, for all to be seen."""
    upstream: Node | None = None
    for node in resolved_chain(flow.node.chain()):
        upstream = Node(node.operator, upstream, node.site, node.label)
    assert upstream is not None
    return Flow(upstream)


def _subscribe(flow: Flow[Any], consumer: _Consumer, meters: Meters) -> None:
    try:
        with watching(meters):
            flow.subscribe(consumer)
    except BaseException as error:  # a user's function called sys.exit(), say
        consumer.broken(error)


class _Consumer:
    """Takes each item as it comes, as a `for` loop over the flow does, and keeps the last."""

    def __init__(self) -> None:
        self.over: Future[None] = Future()
        self.items = 0
        self.last: Any = None
        self._cancelled = False
        self._subscription: Any = NOWHERE

    def on_subscribe(self, subscription: Any) -> None:
        self._subscription = subscription
        if self._cancelled:
            subscription.cancel()
        else:
            subscription.request(1)

    def on_next(self, item: Any) -> None:
        self.items += 1
        self.last = item
        self._subscription.request(1)

    def on_error(self, error: Exception) -> None:
        self.broken(error)

    def on_complete(self) -> None:
        self.over.set_result(None)

    def broken(self, error: BaseException) -> None:
        if not self.over.done():
            self.over.set_exception(error)

    def cancel(self) -> None:
        self._cancelled = True
        self._subscription.cancel()


@contextmanager
def _stops(abandon: Callable[[], None]) -> Generator[list[int]]:
    """Collect the signals that ask for a stop; after the first, the next one ends the process.

    None of them raises where it happens to come: that could be anywhere in the pipeline.
    """
    stops: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        stops.append(number)
        if len(stops) > 1:
            abandon()
            _leave_at_once(128 + number)

    before: dict[int, Any] = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What is ignored was meant to be so, by nohup for one.
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            before[number] = signal.signal(number, on_signal)
    try:
        yield stops
    finally:
        if not stops:  # otherwise a second one must work to the end of the process
            for number, handler in before.items():
                signal.signal(number, handler)


def _leave_at_once(code: int) -> None:
    # Only where somebody has imported it there can be children of it.
    processes = sys.modules.get("multiprocessing")
    if processes is not None:
        for child in processes.active_children():
            child.kill()
    os._exit(code)


def _cancel(consumer: _Consumer) -> None:
    # On a thread of its own: what on_finally calls may have to wait for calls that are under way.
    worker = thread("operators-stop").worker()

    def cancel() -> None:
        consumer.cancel()
        worker.close()

    worker.schedule(cancel)


def _settle(before: set[Any], *, stopped: bool) -> None:
    """Wait for what cleans up after the pipeline, on_finally for one; a stop says what it waits for."""
    exits.spend(exits.SECONDS)  # what is waited for, is waited for here
    if not stopped:
        wait_for_new(before, _GRACE, daemons_only=True)
    elif not wait_for_new(before, _PATIENCE, daemons_only=False):
        print(
            "stopping: calls are still under way; Ctrl-C again does not wait for them",
            file=sys.stderr,
            flush=True,
        )
        wait_for_new(before, _GRACE, daemons_only=True)
