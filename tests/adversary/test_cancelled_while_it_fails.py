"""A cancel by another thread, at any line of an error on its way in: the error is told of, and told once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

import pytest

from operators import Flow
from operators._kernel.links import inlet, stage
from operators.schedulers import immediate
from tests.operators.conftest import Dropped
from tests.operators.kit import DEADLINE, Handmade, probe

# Whose lines: none of them is under a lock, for which the other thread would wait.
FILES = {inlet.__file__, stage.__file__}
FUNCTIONS = {"_alone", "_answer", "_last", "_violated", "fail", "on_error", "reject"}


class AtLine:
    """Has another thread do something at the n-th line of those; `lines` says how many there were."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self._at = at
        self._act = act
        self.lines = 0

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        return self._line if code.co_filename in FILES and code.co_name in FUNCTIONS else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                other = threading.Thread(target=self._act)
                other.start()
                other.join(DEADLINE)
                assert not other.is_alive()
        return self._line


class UpstreamError(Exception):
    pass


def breaks_a_rule(publisher: Handmade) -> None:
    publisher.emit(*range(publisher.asked + 1))


def fails(publisher: Handmade) -> None:
    publisher.fail(UpstreamError())


BUILDS: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "alone": lambda f: f,
    "map": lambda f: f.map(str),
    "buffer": lambda f: f.buffer(2),
    "merge": lambda f: f.merge(Flow.never()),
    "flat_map": lambda f: Flow.of(f, Flow.never()).flat_map(lambda inner: inner),
    "concat": lambda f: f.concat(Flow.of(1)),
    "zip": lambda f: f.zip(Flow.never()),
    "publish_on": lambda f: f.publish_on(immediate()),
    "on_error_map": lambda f: f.on_error_map(lambda error: error),
}


@pytest.mark.parametrize("wrong", [fails, breaks_a_rule])
@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_the_error_is_told_once(
    build: Callable[[Flow[Any]], Flow[Any]],
    wrong: Callable[[Handmade], None],
    dropped: Dropped,
) -> None:
    counts: list[int] = []
    lines = AtLine(0, lambda: None)
    while lines.lines >= len(counts):  # else there were not so many
        publisher = Handmade()
        seen = probe(build(Flow.from_publisher(publisher)), 2)
        with AtLine(len(counts) + 1, seen.cancel) as lines:
            wrong(publisher)
        seen.cancel()  # an error that waits for items to be asked for is told then
        counts.append((seen.error is not None) + len(dropped.errors))
        dropped.errors.clear()
    if wrong is breaks_a_rule:  # who has cancelled before is not told of it
        counts = counts[counts.index(1) :]
    assert set(counts) == {1}
