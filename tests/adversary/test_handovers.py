"""Whatever is to carry the work on may refuse: the stream then ends with an error that says where."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import line_of, notes, probe


class NoWorker(RuntimeError):
    pass


class Workerless:
    """A scheduler that has no worker to give."""

    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        raise NoWorker


def bad() -> Flow[int]:
    return Flow.of(9).publish_on(Workerless())  # there is none


def divided() -> Flow[int]:
    return Flow.of(1, 0).map(lambda n: 1 // n)


@pytest.mark.parametrize(
    "flow",
    [
        bad(),
        bad().map(str),
        bad().publish_on(thread()),
        Flow.of(1).flat_map(lambda _: bad()),
        Flow.of(1).concat_map(lambda _: bad()),
        Flow.of(1).merge(bad()),
        bad().merge(Flow.of(1)),
        Flow.of(1).concat(bad()),
        Flow.of(1).zip(bad()),
        divided().on_error_resume(lambda _: bad()),
        Flow.defer(bad),
        Flow.from_publisher(bad()),
        bad().retry(2),
    ],
    ids=range(13),
)
def test_a_scheduler_that_has_no_worker(flow: Flow[Any]):
    seen = probe(flow, 9).until_end()
    assert isinstance(seen.error, NoWorker)
    assert f"in publish_on, written at {line_of('# there is none', __file__)}" in notes(seen.error)
    assert seen.violations == []
    with pytest.raises(NoWorker):
        list(flow)


def test_a_source_that_gets_no_loop_to_run_on(monkeypatch: pytest.MonkeyPatch):
    async def one() -> AsyncIterator[int]:
        yield 1

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        flow = Flow.of(1).concat(Flow.from_async_iterable(one()))  # no thread for it
        seen = probe(flow, 9).until_end()
    assert "can't start new thread" in str(seen.error)
    assert line_of("# no thread for it", __file__) in notes(seen.error)
    assert seen.items == [1]
