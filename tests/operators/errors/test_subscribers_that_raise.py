"""A Subscriber that raises (§2.13): as good as cancelled, its error goes to the hook, nothing follows."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.catalogue import ITEMS, OPERATORS, SOURCES, Case, Made
from tests.operators.kit import Handmade, Probe, Pulled, eventually
from tests.operators.turns import in_turn

METHODS = ["on_subscribe", "on_next", "on_error", "on_complete"]
LOSSLESS = {name: case for name, case in OPERATORS.items() if not case.drops}
WORLDS = in_turn("world", ["fused", "pushed"])


class NoLuckError(Exception):
    pass


class Raising(Probe):
    """Asks for everything, and raises in one of its methods."""

    def __init__(self, where: str) -> None:
        super().__init__(0 if where == "on_subscribe" else UNBOUNDED)
        self._where = where

    def _raise(self, name: str) -> None:
        if name == self._where:
            raise NoLuckError(name)

    def on_subscribe(self, subscription: Any) -> None:
        super().on_subscribe(subscription)
        self._raise("on_subscribe")

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        self._raise("on_next")

    def on_error(self, error: Exception) -> None:
        super().on_error(error)
        self._raise("on_error")

    def on_complete(self) -> None:
        super().on_complete()
        self._raise("on_complete")


class LostError(Exception):
    pass


@pytest.mark.parametrize("where", ["on_subscribe", "on_next", "on_complete"])
@pytest.mark.parametrize("case", LOSSLESS.values(), ids=LOSSLESS)
@WORLDS
def test_behind_every_operator(case: Case, world: str, where: str, dropped: Any):
    pulled, publisher = Pulled(ITEMS), Handmade(ITEMS)
    source: Flow[Any]
    source = Flow.from_publisher(publisher) if world == "pushed" else Flow.from_iterable(pulled)
    seen = Raising(where)
    case.build(source).subscribe(seen)

    error, told = dropped.take(NoLuckError)
    assert str(error) == where
    assert "raised by" in told
    assert "2.13" in told
    assert seen.signals[-1][0] == where
    assert len(seen.items) == {"on_subscribe": 0, "on_next": 1}.get(where, len(case.expected()))
    eventually(lambda: pulled.closed == pulled.opened)
    if world == "pushed" and where != "on_complete":
        eventually(lambda: publisher.cancels or not publisher.subscriber or publisher.emitted == 40)
    assert seen.violations == []


@pytest.mark.parametrize("case", LOSSLESS.values(), ids=LOSSLESS)
@WORLDS
def test_in_on_error_behind_every_operator(case: Case, world: str, dropped: Any):
    lost = LostError()
    source: Flow[Any] = Flow.from_iterable(Pulled(range(2), lost))
    if world == "pushed":
        source = Flow.from_publisher(Handmade(range(2), lost))
    seen = Raising("on_error")
    replaced = case.name in ("on_error_return", "on_error_resume", "concat")
    flow = case.build(source)
    if case.early or case.name.startswith("on_error"):
        flow = flow.concat(Flow.error(lost))
    if case.name == "retry" and world == "pushed":
        flow = case.build(Flow.defer(lambda: Flow.from_publisher(Handmade(range(2), lost))))
    flow.subscribe(seen)

    error, told = dropped.take(NoLuckError)
    assert str(error) == "on_error"
    assert "2.13" in told
    assert seen.signals[-1] == ("on_error", lost)
    assert seen.violations == []
    assert replaced or len(seen.items) <= 8


@pytest.mark.parametrize("where", ["on_subscribe", "on_next", "on_complete"])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_right_behind_a_source(source: Made, where: str, dropped: Any):
    if where == "on_next" and not source.gives:
        return
    seen = Raising(where)
    source.make().subscribe(seen)

    error, _ = dropped.take(NoLuckError)
    assert str(error) == where
    assert seen.signals[-1][0] == where
    assert len(seen.items) == {"on_subscribe": 0, "on_next": 1}.get(where, len(source.gives))
    assert seen.violations == []


@pytest.mark.parametrize("where", ["on_subscribe", "on_error"])
def test_behind_a_source_that_fails(where: str, dropped: Any):
    seen = Raising(where)
    Flow.error(LostError()).subscribe(seen)

    error, _ = dropped.take(NoLuckError)
    assert str(error) == where
    assert seen.signals[-1][0] == where
    if where == "on_subscribe":  # and so nobody could receive the error of the flow either
        dropped.take(LostError)


def test_behind_one_that_never_ends(dropped: Any):
    seen = Raising("on_subscribe")
    Flow.never().subscribe(seen)

    dropped.take(NoLuckError)
    assert seen.signals == [("on_subscribe", None)]


@WORLDS
def test_what_is_no_exception_goes_to_the_caller(world: str):
    class Interrupted(Probe):
        def on_next(self, item: Any) -> None:
            super().on_next(item)
            raise KeyboardInterrupt

    publisher = Handmade([1, 2, 3])
    pulled = Pulled([1, 2, 3])
    source: Flow[Any]
    source = Flow.from_publisher(publisher) if world == "pushed" else Flow.from_iterable(pulled)
    seen = Interrupted(UNBOUNDED)
    with pytest.raises(KeyboardInterrupt):
        source.map(str).subscribe(seen)

    assert seen.items == ["1"]
    assert pulled.closed == pulled.opened


def test_a_hook_that_raises_is_only_logged(caplog: pytest.LogCaptureFixture):
    from operators.hooks import set_error_hook

    def broken(error: BaseException, where: str) -> None:
        raise RuntimeError("the hook")

    before = set_error_hook(broken)
    try:
        Flow.of(1).subscribe(Raising("on_next"))
    finally:
        set_error_hook(before)
    assert "the hook for dropped errors failed" in caplog.text


def test_without_a_hook_the_error_is_logged(caplog: pytest.LogCaptureFixture):
    from operators.hooks import set_error_hook

    before = set_error_hook(None)
    try:
        Flow.of(1).subscribe(Raising("on_next"))
    finally:
        set_error_hook(before)
    assert "an error that no one could receive" in caplog.text
    assert "NoLuckError" in caplog.text
