"""What a failed try has to clean up is done before the next one begins, pulled and pushed alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import eventually
from tests.operators.ways import CONSUMERS, SOURCES

Build = Callable[[Callable[[], Flow[Any]], list[str]], Flow[Any]]


def retried(attempt: Callable[[], Flow[Any]], log: list[str]) -> Flow[Any]:
    return Flow.defer(attempt).on_finally(lambda: log.append("end")).retry(5)


def retried_below_steps(attempt: Callable[[], Flow[Any]], log: list[str]) -> Flow[Any]:
    return retried(lambda: attempt().map(lambda x: x), log).map(lambda x: x)


def retried_around_a_join(attempt: Callable[[], Flow[Any]], log: list[str]) -> Flow[Any]:
    return (
        Flow.of(0)
        .flat_map(lambda _: Flow.defer(attempt).on_finally(lambda: log.append("end")))
        .retry(5)
    )


def resumed(attempt: Callable[[], Flow[Any]], log: list[str]) -> Flow[Any]:
    def again(_: Exception) -> Flow[Any]:
        return Flow.defer(attempt).on_finally(lambda: log.append("end")).on_error_resume(again)

    return again(ValueError())


@pytest.mark.parametrize("way", CONSUMERS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "build",
    [retried, retried_below_steps, retried_around_a_join, resumed],
    ids=lambda b: b.__name__,
)
def test_a_try_ends_before_the_next_one_begins(build: Build, source: str, way: str) -> None:
    log: list[str] = []

    def attempt() -> Flow[Any]:
        log.append("begin")
        error = ValueError("a try that fails") if log.count("begin") < 3 else None
        return SOURCES[source](range(2), error)

    items, error = CONSUMERS[way](build(attempt, log))
    assert error is None
    if build is not retried_around_a_join:  # there an error overtakes what waits
        assert items == [0, 1] * 3
    # The last one perhaps on another thread, after the end.
    eventually(lambda: log.count("end") == 3)
    assert log == ["begin", "end"] * 3


def test_a_try_goes_on_where_the_cleanup_runs_another_flow() -> None:
    seen: list[Any] = []
    tries = [ValueError(), ValueError(), None]

    def cleanup() -> None:
        seen.append(list(Flow.defer(lambda: SOURCES["pushed"](range(2), None)).retry(1)))

    flow = (
        Flow.defer(lambda: SOURCES["pushed"](range(1), tries.pop(0))).on_finally(cleanup).retry(5)
    )
    assert CONSUMERS["UNBOUNDED"](flow) == ([0, 0, 0], None)
    assert seen == [[0, 1]] * 3


def test_an_end_that_starts_a_flow_that_tries_again_and_waits_for_it() -> None:
    # The other flow's tries are not put off until this end is over, which waits for them.
    got: list[Any] = []
    tries = [ValueError(), None]

    class Last:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(1)

        def on_next(self, item: Any) -> None:
            pass

        def on_error(self, error: Exception) -> None:
            raise AssertionError(error)

        def on_complete(self) -> None:
            other = Flow.defer(lambda: SOURCES["pushed"](range(2), tries.pop(0))).retry(1)
            got.extend(other.to_list().run() or ())

    SOURCES["pushed"](range(1), None).on_finally(lambda: None).subscribe(Last())
    assert got == [0, 1, 0, 1]


def test_an_item_of_a_long_chain_that_waits_for_a_flow_that_tries_again() -> None:
    got: list[Any] = []
    tries = [ValueError(), None]

    def look(_: Any) -> None:
        other = Flow.defer(lambda: SOURCES["pushed"](range(2), tries.pop(0))).retry(1)
        got.extend(other.to_list().run() or ())

    flow = SOURCES["pushed"](range(1), None)
    for _ in range(70):
        flow = flow.limit_rate(4)
    assert CONSUMERS["UNBOUNDED"](flow.tap(look)) == ([0], None)
    assert got == [0, 1, 0, 1]
