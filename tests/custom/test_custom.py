"""Operators of one's own: the three examples, and what the kernel keeps for them."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import tck
from operators import Flow
from operators.custom import Source, Stage, Step
from operators.schedulers import thread
from operators.testing import TestPublisher, TestSubscriber, check_operator, ledger
from reactive_streams import UNBOUNDED
from tests.operators.kit import library_frames, notes

ROOT = Path(__file__).resolve().parents[2]


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"custom_{name}", ROOT / "examples" / "custom" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def some_letters(flow: Flow[str]) -> Flow[Any]:
    return flow.apply(example("stage").Runs(most=2)).map(lambda run: [run[0]] * run[1])


# The examples ---------------------------------------------------------------------------------------


def test_the_step():
    differences = example("step").Differences
    check_operator(
        lambda flow: flow.apply(differences()), [1, 4, 9, 16], [3, 5, 7], most=lambda r, d: r + 1
    )
    assert "fused" in str(Flow.of(1, 2).apply(differences()).map(str).describe())


def test_the_stage():
    check_operator(
        some_letters, "aaabccd", [["a", "a"], ["a"], ["b"], ["c", "c"], ["d"]], keeps=True
    )


def test_the_source(tmp_path: Path):
    file = tmp_path / "lines"
    file.write_text("one\ntwo\n\nfour\n", encoding="utf-8")
    flow = example("source").Lines(file).flow()
    assert list(flow) == list(flow) == ["one", "two", "", "four"]
    assert flow.take(1).run() == "one"
    check_operator(lambda it: it.zip(flow), range(3), [(0, "one"), (1, "two"), (2, "")])
    file.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        list(flow)
    assert "in lines, written at" in notes(caught.value)


@pytest.mark.parametrize("name", ["step", "stage"])
def test_the_conformance_kit_accepts_them(name: str):
    if name == "step":
        made = lambda n: Flow.range(n + 1).apply(example("step").Differences())  # noqa: E731
    else:
        made = lambda n: Flow.range(n).apply(example("stage").Runs(most=2))  # noqa: E731
    report = tck.verify_publisher(made, settings=tck.Settings(deadline=0.5))
    assert report.passed, str(report)


# A stage --------------------------------------------------------------------------------------------


class Noted(Stage[int, int]):
    """Writes down which handler was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_start(self) -> None:
        self.calls.append("start")

    def on_pull(self) -> None:
        self.calls.append("pull")
        self.pull()

    def on_push(self, item: int) -> None:
        self.calls.append(f"push {item}")
        self.push(item)

    def on_end(self) -> None:
        self.calls.append("end")
        self.complete()

    def on_error(self, error: Exception) -> None:
        self.calls.append("error")
        self.fail(error)

    def on_close(self) -> None:
        self.calls.append("close")


def noted(request: int = 0) -> tuple[TestPublisher[int], TestSubscriber[int], list[str]]:
    stage, source, seen = Noted(), TestPublisher[int](), TestSubscriber[int](request)
    Flow.from_publisher(source).apply(stage).subscribe(seen)
    return source, seen, stage.calls


def test_items_are_pulled_one_by_one_as_they_are_wanted():
    source, seen, calls = noted()
    assert calls == ["start"]
    assert source.requested == 0
    seen.request(2)
    assert (calls, source.requested) == (["start", "pull"], 1)
    source.emit(7)
    assert (calls[2:], source.requested) == (["push 7", "pull"], 2)
    source.emit(8)
    assert (calls[4:], source.requested) == (["push 8"], 2)
    source.complete()
    assert calls[5:] == ["end", "close"]
    seen.assert_items(7, 8).assert_completed()


def test_each_end_closes_once():
    source, seen, calls = noted(1)
    seen.cancel().cancel()
    assert calls[2:] == ["close"]
    source.assert_cancelled()
    source, seen, calls = noted(1)
    source.fail(KeyError("k"))
    assert calls[2:] == ["error", "close"]
    seen.assert_error(KeyError)


def test_several_for_one_wait_for_demand_and_no_more_is_pulled():
    class Thrice(Stage[int, int]):
        holds = 3

        def on_push(self, item: int) -> None:
            for _ in range(3):
                self.push(item)

    source, seen = TestPublisher[int](), TestSubscriber[int](1)
    Flow.from_publisher(source).apply(Thrice()).subscribe(seen)
    source.emit(7)
    seen.assert_items(7).request(1).assert_items(7, 7).request(1).assert_items(7, 7, 7)
    assert source.requested == 1
    seen.request(1)
    assert source.requested == 2
    check_operator(lambda flow: flow.apply(Thrice()), [1, 2], [1, 1, 1, 2, 2, 2])


def test_pushing_goes_on_after_the_end_of_upstream():
    class Padded(Stage[int, int]):
        def on_start(self) -> None:
            self.left = 0

        def on_push(self, item: int) -> None:
            self.push(item)

        def on_pull(self) -> None:
            if not self.left:
                self.pull()
                return
            self.push(0)
            self.left -= 1
            if not self.left:
                self.complete()

        def on_end(self) -> None:
            self.left = 3

    check_operator(lambda flow: flow.apply(Padded()), [7, 8], [7, 8, 0, 0, 0])


def test_an_early_end_cancels_upstream_and_delivers_what_was_pushed():
    class Until(Stage[int, int]):
        def on_push(self, item: int) -> None:
            self.push(item)
            if item == 2:
                self.complete()

    check_operator(lambda flow: flow.apply(Until()), range(9), [0, 1, 2], most=lambda r, d: r)


@pytest.mark.parametrize("handler", ["on_start", "on_pull", "on_push", "on_end", "on_error"])
def test_what_a_handler_raises_fails_the_flow(handler: str):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError(handler)

    stage: Any = Noted()
    setattr(stage, handler, broken)
    source, seen = TestPublisher[int](), TestSubscriber[int](2)
    Flow.from_publisher(source).apply(stage).subscribe(seen)
    if source.subscribed and source.outstanding:
        source.emit(1)
    if source.subscribed:
        source.fail(KeyError()) if handler == "on_error" else source.complete()
    seen.assert_error(ZeroDivisionError, match=handler)
    assert "in noted, written at" in notes(seen.error)  # type: ignore[arg-type]
    assert library_frames(seen.error) == []  # type: ignore[arg-type]


def test_a_stage_that_would_hang_says_so():
    class Idle(Stage[int, int]):
        def on_pull(self) -> None:
            pass

        def on_push(self, item: int) -> None:
            pass

    with pytest.raises(RuntimeError, match="idle: on_pull has neither pushed, nor pulled"):
        list(Flow.range(3).apply(Idle()))

    class Deaf(Stage[int, int]):
        def on_push(self, item: int) -> None:
            pass

        def on_end(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="deaf: pull, and upstream has ended"):
        list(Flow.range(3).apply(Deaf()))


def test_what_is_held_is_discarded():
    runs = example("stage").Runs
    with ledger(key=lambda it: [it[0]] if isinstance(it, tuple) else it) as book:
        flow = book.produces(Flow.range(9)).apply(runs(most=5))
        for _ in book.delivers(flow):
            break
    assert book.discarded == [1]


def test_on_other_threads():
    flow = Flow.range(3000).publish_on(thread()).apply(Noted()).publish_on(thread())
    assert list(flow) == list(range(3000))
    seen = TestSubscriber[int](UNBOUNDED)
    flow.subscribe(seen)
    seen.await_end().assert_count(3000).assert_completed()


def test_requests_of_many_threads():
    seen = TestSubscriber[int]()
    Flow.range(100_000).apply(Noted()).subscribe(seen)
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait(20)
        for _ in range(200):
            seen.request(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seen.await_items(1600).assert_items(*range(1600)).cancel()


def test_a_long_stream_of_items_left_out():
    class Last(Stage[int, int]):
        def on_push(self, item: int) -> None:
            if item == 99_999:
                self.push(item)

    assert list(Flow.range(100_000).apply(Last())) == [99_999]


# A source -------------------------------------------------------------------------------------------


class Count(Source[int]):
    def __init__(self, closed: list[int]) -> None:
        self.closed = closed
        self.n = 0

    def on_pull(self) -> None:
        self.n += 1
        self.push(self.n)

    def on_close(self) -> None:
        self.closed.append(self.n)


def test_a_source_makes_no_more_than_is_asked_for_and_is_closed():
    closed: list[int] = []
    flow = Count(closed).flow()
    assert list(flow.take(3)) == [1, 2, 3]
    assert closed == [3]
    seen = TestSubscriber[int](2)
    flow.subscribe(seen)
    seen.assert_items(1, 2).cancel()
    assert closed == [3, 2]


def test_a_source_that_makes_nothing_says_so():
    class Nothing(Source[int]):
        def on_pull(self) -> None:
            pass

    with pytest.raises(RuntimeError, match=r"nothing: on_pull has neither .* Flow.create"):
        list(Nothing().flow())


def test_what_a_source_raises_fails_the_flow():
    class Broken(Source[int]):
        def on_pull(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        list(Broken().flow().map(str))
    assert "in broken, written at test_custom.py" in notes(caught.value) or "in broken" in notes(
        caught.value
    )


@pytest.mark.parametrize("handler", ["on_start", "on_pull", "on_push", "on_end", "on_close"])
def test_a_coroutine_function_as_a_handler_is_refused(handler: str):
    async def handle(*_: Any) -> None:
        pass

    stage = type("Later", (Stage,), {handler: handle})()
    with pytest.raises(TypeError, match=f"later: {handler} is a coroutine function"):
        Flow.range(3).apply(stage)


def test_a_coroutine_function_that_is_to_make_items_is_refused():
    class Later(Source[int]):
        async def on_pull(self) -> None:  # type: ignore[override]
            self.push(1)

    with pytest.raises(TypeError, match="later: on_pull is a coroutine function"):
        Later().flow()


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("return 1", "return"),
        ("yield $item", "yield"),
        ("if $item:\n    break", "break"),
        ("continue", "continue"),
        ("$item = await $item", "await"),
    ],
)
def test_lines_that_leave_their_loop_are_refused(lines: str, word: str):
    step = type("Leaving", (Step,), {"name": "leaving", "body": lines})()
    with pytest.raises(SyntaxError, match=f"leaving: a line of its body has '{word}'"):
        Flow.range(3).apply(step)


def test_lines_with_a_loop_and_a_function_of_their_own_are_well():
    lines = "for n in range($item):\n    if n == 2: break\n$item = (lambda: [n for n in range($item)])()"
    step = type("Looping", (Step,), {"name": "looping", "body": lines})()
    assert list(Flow.range(3).apply(step)) == [[], [0], [0, 1]]


def test_lines_that_are_none_say_so_where_they_are_put():
    step = type("Broken", (Step,), {"name": "broken", "body": "if $item:"})()
    with pytest.raises(SyntaxError):
        Flow.range(3).apply(step)
