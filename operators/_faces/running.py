"""Ways to run a flow."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Never, TextIO

from operators._faces.face import Face, T_co
from operators._kernel.failures.checks import need_callable, need_subscriber
from operators._kernel.failures.failure import NOTHING
from operators._kernel.running.assembly import subscribe_foreign
from operators._kernel.running.explain import Explanation, explain
from operators._kernel.running.handle import Handle, run_draining, run_each
from operators._kernel.running.pulling import apull, pull

if TYPE_CHECKING:
    from reactive_streams import Subscriber


class Running(Face[T_co]):
    """for, async for, await, run, for_each, subscribe; and explain."""

    __slots__ = ()

    def subscribe(
        self, subscriber: Subscriber[T_co] = NOTHING, *others: Never, **functions: Never
    ) -> None:
        """Subscribe anybody's Subscriber: on_subscribe comes first (§1.9), items only on demand (§1.1).

        A Subscriber that raises is as good as cancelled, and what it raised goes to the hook for dropped
        errors (§2.13). Raises TypeError for None, and for what is no Subscriber.
        """
        if subscriber is NOTHING or others or functions:
            raise TypeError(
                "subscribe: takes a Subscriber, and nothing else; for functions there are for_each(fn), "
                "and tap(on_error=..., on_complete=...) before it"
            )
        need_subscriber("subscribe", subscriber)
        subscribe_foreign(self.node, subscriber)

    def __iter__(self) -> Generator[T_co, None, None]:  # noqa: PYI058 - it can be closed
        """Return a generator of the items; leaving the loop early cancels.

        An item is asked for when the loop wants it, and taken straight from the last queue of the flow: the
        loop holds one item. Leaving returns when all cleanup upstream is over. Raises the flow's error,
        and RuntimeError rather than block a running event loop.
        """
        return pull(self.node)

    def __aiter__(self) -> AsyncGenerator[T_co, None]:  # noqa: PYI058 - it can be closed
        """Return an async generator of the items; leaving the loop early cancels."""
        return apull(self.node)

    def __await__(self) -> Generator[Any, None, T_co | None]:
        """Return, when awaited, the last item, or None for a flow without items."""
        return self._last().__await__()

    async def _last(self) -> T_co | None:
        last = None
        async for item in self:
            last = item
        return last

    def run(self, *, drain_on: Iterable[int] = ()) -> T_co | None:
        """Return the last item, or None for a flow without items, when the flow has completed.

        Blocks the calling thread; raises the flow's error.

        The first of the signals `drain_on` (of the process: SIGTERM, SIGINT) that comes drains the run,
        as `Handle.drain` says: sources give nothing more, what was begun is finished, and then it returns.
        The next one cancels it. Afterwards the signals have the handlers that they had before. That takes
        the main thread: RuntimeError elsewhere; ValueError for what is no signal with a handler.

        >>> Flow.range(5).run()
        4
        >>> import signal
        >>> def stop_at(n):
        ...     if n == 2:
        ...         signal.raise_signal(signal.SIGTERM)
        >>> Flow.interval(0.001).tap(stop_at).run(drain_on=(signal.SIGTERM,)) < 1_000
        True
        """
        if drain_on:
            last_of_all: T_co | None = run_draining(self.node, drain_on)
            return last_of_all
        last = None
        for item in self:
            last = item
        return last

    def for_each(self, fn: Callable[[T_co], object], *, drain_on: Iterable[int] = ()) -> Handle:
        """Start the flow, with `fn` called for each item, and return a handle to drain, cancel or await it.

        Demand is unbounded. What `fn` raises cancels the flow, and is raised by the handle's result. On
        a running event loop the handle comes back at once, whatever the source. On a plain thread a
        synchronous source runs here: the handle comes back when it is over; `subscribe_on(thread())`
        has it run elsewhere.

        A task that awaits the handle and is cancelled, by `asyncio.timeout` or `wait_for` perhaps, cancels
        the run, and ends when all cleanup upstream is over. Signals of `drain_on` drain it, as with `run`.

        >>> Flow.of(1, 2).for_each(print).result()
        1
        2
        """
        need_callable("for_each", "fn", fn)
        return run_each(self.node, fn, drain_on)

    def describe(self) -> Explanation:
        """Return the stages of the pipeline, as data, and the number of items it may hold in flight.

        >>> Flow.range(9).buffer(4).describe().in_flight
        5
        """
        return explain(self.node)

    def _repr_html_(self) -> str:
        """Return what `describe` gives, as a table, for a notebook."""
        return self.describe().html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print what `explain` does, for IPython; inside of something else, the short form."""
        text = repr(self)
        if not cycle and not getattr(printer, "indentation", 0):
            text = f"{text}\n{self.describe()}"
        printer.text(text)

    def explain(self, file: TextIO | None = None) -> None:
        """Print the stages to `file` (standard output), and how many items may be in flight in total.

        Of each stage it says where it was written, its demand contract, how many items it may hold, and
        which fused run it belongs to.
        """
        print(self.describe(), file=file or sys.stdout)
