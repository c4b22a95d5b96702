"""check_operator: what every operator has to keep, whatever it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from operators._kernel.failures.checks import need_callable
from operators._kernel.hosts.loops import running_loop
from operators.flow import Flow
from operators.testing._steps import same
from operators.testing.leaks import no_leaks
from operators.testing.ledger import Ledger
from operators.testing.publisher import TestPublisher
from operators.testing.subscriber import TestSubscriber
from reactive_streams import UNBOUNDED

T = TypeVar("T")
R = TypeVar("R")


class _Sign(Exception):
    """An error of upstream's."""


def check_operator(
    build: Callable[[Flow[T]], Flow[R]],
    items: Iterable[T],
    gives: Iterable[R],
    *,
    most: Callable[[int, int], int] | None = None,
    keeps: bool = False,
    handles_errors: bool = False,
    deadline: float = 10.0,
) -> None:
    """Raise AssertionError, which says what and how, unless the operator keeps what every operator has to.

    `build` puts it on a flow; of these `items` it `gives` those, finitely many. They are to be the same in a
    `for` and an `async for`, and pushed, whether they are asked for one at a time, by three or all at
    once, from a source that is pulled or pushed. Never more comes than was asked for, and nothing before or
    after the end. A cancel, and leaving a loop, reach the source; so does nothing asked for without demand,
    with `most(requested, delivered)` the most items that it may have asked upstream for. An error of
    upstream comes out (unless it `handles_errors`), and a bad request is answered by one (§3.9). With
    `keeps` what comes out are upstream's own items, perhaps in lists or tuples: none is lost in silence.
    Nothing is left running. For the rules one by one there is the conformance kit, `tck`.

    >>> from operators.testing import check_operator
    >>> check_operator(lambda flow: flow.buffer(2), range(5), [[0, 1], [2, 3], [4]], keeps=True)
    """
    need_callable("check_operator", "build", build)
    if running_loop() is not None:
        raise RuntimeError(
            "check_operator: is for a plain function, since it runs event loops of its own"
        )
    check = _Check(build, list(items), list(gives), most, deadline)
    for each in check.all(keeps=keeps, handles_errors=handles_errors):
        with no_leaks(seconds=deadline):
            try:
                each()
            except AssertionError as error:
                error.add_note(f"in the check: {(each.__doc__ or '').rstrip('.')}")
                raise
            finally:
                check.end()


class _Check:
    def __init__(
        self,
        build: Callable[[Flow[Any]], Flow[Any]],
        items: list[Any],
        gives: list[Any],
        most: Callable[[int, int], int] | None,
        deadline: float,
    ) -> None:
        self._build = build
        self._items = items
        self._gives = gives
        self._most = most
        self._deadline = deadline
        self._began: list[TestSubscriber[Any]] = []

    def end(self) -> None:
        """Cancel what a check that has failed has left."""
        for seen in self._began:
            if seen.subscribed and not (seen.ended or seen.cancelled):
                seen.cancel()
        self._began.clear()

    def all(self, *, keeps: bool, handles_errors: bool) -> list[Callable[[], None]]:
        """Return the checks."""
        checks = [
            self.in_a_for, self.in_an_async_for, self.pushed, self.twice, self.demand, self.cancelled,
            self.left, self.bad_request,
        ]  # fmt: skip
        if not handles_errors:
            checks.append(self.failing)
        if keeps:
            checks.append(self.accounted_for)
        return checks

    # Values -------------------------------------------------------------------------------------

    def _sources(self) -> list[tuple[str, Flow[Any]]]:
        pulled = Flow.from_iterable(self._items)
        return [
            ("a list", pulled),
            ("an iterator", Flow.defer(lambda: Flow.from_iterable(iter(self._items)))),
            ("a Publisher", Flow.from_publisher(pulled)),
        ]

    def _compare(self, came: list[Any], how: str) -> None:
        if len(came) != len(self._gives) or not all(map(same, came, self._gives)):
            raise AssertionError(f"{how}: expected {self._gives!r}, got {came!r}")

    def in_a_for(self) -> None:
        """The items in a for loop."""
        for name, source in self._sources():
            self._compare(list(self._build(source)), f"in a for, from {name}")

    def in_an_async_for(self) -> None:
        """The items in an async for."""

        async def collect(flow: Flow[Any]) -> list[Any]:
            async with asyncio.timeout(self._deadline):
                return [item async for item in flow]

        for name, source in self._sources():
            self._compare(
                asyncio.run(collect(self._build(source))), f"in an async for, from {name}"
            )

    def pushed(self) -> None:
        """The items where they are pushed."""
        for name, source in self._sources():
            for n in (1, 3, 256, UNBOUNDED):
                seen = self._seen()
                self._build(source).subscribe(seen)
                while not seen.ended:
                    before = len(seen.items)
                    seen.request(n)
                    at_least = min(before + n, len(self._gives))
                    seen.await_items(at_least)
                    if len(seen.items) == before and not seen.ended:
                        seen.request(n).await_end()
                seen.assert_completed()
                self._compare(seen.items, f"pushed from {name}, with request({n}) at a time")

    def twice(self) -> None:
        """The items of a second run of the same flow."""
        flow = self._build(Flow.from_iterable(self._items))
        self._compare(list(flow), "in the first run")
        self._compare(list(flow), "in a second run, of the same flow")

    # Signals ------------------------------------------------------------------------------------

    def _seen(self, request: int = 0) -> TestSubscriber[Any]:
        self._began.append(TestSubscriber[Any](request, deadline=self._deadline))
        return self._began[-1]

    def demand(self) -> None:
        """What it asks upstream for."""
        source, seen = self._source(), self._seen()
        self._build(Flow.from_publisher(source)).subscribe(seen)
        seen.assert_count(0)
        items = iter(self._items)
        for requested in range(len(self._gives) + 1):
            self._feed(source, items)
            delivered = len(seen.items)
            if self._most is not None:
                most = self._most(requested, delivered)
                asked = source.requested
                if asked > most:
                    raise source.failure(
                        f"with {requested} items requested, and {delivered} delivered, it may have asked for "
                        f"{most}, and has asked for {asked}"
                    )
            seen.assert_count(min(delivered, requested))
            if seen.ended:
                return
            seen.request(1)
        seen.cancel()

    def _source(self) -> TestPublisher[Any]:
        return TestPublisher(deadline=self._deadline)

    def _feed(self, source: TestPublisher[Any], items: Any) -> None:
        while source.outstanding and source.subscribed:
            try:
                source.emit(next(items))
            except StopIteration:
                return

    def cancelled(self) -> None:
        """A cancel."""
        source, seen = self._source(), self._seen()
        self._build(Flow.from_publisher(source)).subscribe(seen)
        source.await_subscriber()
        seen.cancel()
        source.await_cancel()
        seen.request(1).assert_nothing()

    def left(self) -> None:
        """Leaving a loop early."""
        closed: list[bool] = []

        def pulled() -> Any:
            try:
                yield from self._items
            finally:
                closed.append(True)

        for _ in self._build(Flow.defer(lambda: Flow.from_iterable(pulled()))):
            break
        if self._gives and not closed:
            raise AssertionError("a for loop was left, and the source was not closed")

    def bad_request(self) -> None:
        """A request for no items."""
        source, seen = self._source(), self._seen()
        self._build(Flow.from_publisher(source)).subscribe(seen)
        seen.request(0).await_end().assert_error(ValueError, match=r"3\.9")
        source.await_cancel()

    def failing(self) -> None:
        """An error of upstream."""
        source, seen = self._source(), self._seen(UNBOUNDED)
        self._build(Flow.from_publisher(source)).subscribe(seen)
        source.await_subscriber()
        source.fail(_Sign("upstream's"))
        seen.await_end().assert_error(_Sign)

    def accounted_for(self) -> None:
        """What becomes of the items it holds."""
        for many in range(len(self._items) + 1):
            for end in ("cancel", "error", "completion"):
                book, source, seen = Ledger(), self._source(), self._seen()
                flow = self._build(book.produces(Flow.from_publisher(source)))
                book.delivers(flow).subscribe(seen)
                source.await_subscriber()
                for item in self._items[:many]:
                    if not source.outstanding and source.subscribed:
                        seen.request(1)
                    if source.outstanding:
                        source.emit(item)
                if end == "cancel":
                    seen.cancel()
                elif source.subscribed:
                    source.fail(_Sign()) if end == "error" else source.complete()
                    if not seen.ended:
                        seen.request(UNBOUNDED).await_end()
                try:
                    book.check(self._deadline)
                except AssertionError as error:
                    error.add_note(f"after {many} items and {end}")
                    raise
