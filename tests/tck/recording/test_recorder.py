"""What the recorder takes down: events as anybody would write them, and for whom it wakes who waits."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from tck.recording.recorder import Recorder
from tck.recording.trace import ErrorNote, Event, Trace

LONG = 30.0


def taken() -> Recorder:
    """Returns the record of an element on `a` inside of one on `up`, and of an error."""
    recorder = Recorder()
    up = recorder.enter("up", "on_next", "driver", item=1)
    request = recorder.enter("a", "request", "driver", n=3, subscription=1)
    down = recorder.enter("a", "on_next", item="x")
    inner = recorder.enter("a", "on_next", item="y")
    recorder.leave(inner)
    recorder.leave(down, KeyError("seat"))
    recorder.leave(request)
    recorder.leave(up)
    recorder.leave(recorder.enter("a", "on_error", error=ValueError("no")))
    return recorder


def test_an_event_that_was_taken_down_is_one_like_any_other() -> None:
    trace = taken().trace()
    for event in trace:
        fields = {name: getattr(event, name) for name in Event.__dataclass_fields__}
        assert type(event) is Event
        assert event == Event(**fields)
        assert hash(event) == hash(Event(**fields))
        assert repr(event) == repr(Event(**fields))
        assert replace(event, seq=99) == Event(**{**fields, "seq": 99})
        with pytest.raises(FrozenInstanceError):
            event.seq = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert Trace.from_lines(trace.to_lines()) == trace


def test_it_says_what_was_inside_of_what_and_how_deep() -> None:
    trace = taken().trace()
    me = threading.current_thread()
    assert {event.thread for event in trace} == {f"{me.name}#{me.ident}"}
    said = [(e.link, e.kind, e.phase, e.began, e.inside, e.depth, e.outstanding) for e in trace]
    assert said == [
        ("up", "on_next", "enter", 0, None, 1, -1),
        ("a", "request", "enter", 1, 0, 0, 3),
        ("a", "on_next", "enter", 2, 1, 1, 2),
        ("a", "on_next", "enter", 3, 2, 2, 1),
        ("a", "on_next", "exit", 3, 2, 2, 1),
        ("a", "on_next", "raise", 2, 1, 1, 1),
        ("a", "request", "exit", 1, 0, 0, 1),
        ("up", "on_next", "exit", 0, None, 1, -1),
        ("a", "on_error", "enter", 8, None, 0, 1),
        ("a", "on_error", "exit", 8, None, 0, 1),
    ]
    assert trace[5].error == ErrorNote.of(KeyError("seat"))
    assert trace[9].error == ErrorNote.of(ValueError("no"))


def test_depth_is_counted_for_each_link_by_itself() -> None:
    recorder = Recorder()
    for link in ("up", "a", "up", "b", "up"):
        recorder.enter(link, "on_next")
    assert [event.depth for event in recorder.trace()] == [1, 1, 2, 1, 3]


def test_it_names_the_task_that_calls() -> None:
    recorder = Recorder()

    async def call() -> None:
        recorder.leave(recorder.enter("a", "cancel"))

    async def main() -> None:
        await asyncio.create_task(call(), name="mine")
        asyncio.get_running_loop().call_soon(recorder.enter, "a", "cancel")
        await asyncio.sleep(0)

    recorder.leave(recorder.enter("a", "cancel"))
    asyncio.run(main())
    assert [event.task for event in recorder.trace()] == [None, None, "mine", "mine", None]


@pytest.mark.parametrize("times", [1, 3])
def test_who_waits_is_woken_by_each_signal(times: int) -> None:
    recorder = Recorder()
    seen: list[Any] = []

    def wait(number: int) -> None:
        seen.append(recorder.wait(lambda: recorder.count("a", "request") >= number, LONG))

    threads = [threading.Thread(target=wait, args=(n,)) for n in range(1, times + 1)]
    for thread in threads:
        thread.start()
    for n in range(times):
        recorder.leave(recorder.enter("a", "request", n=n))
    for thread in threads:
        thread.join(LONG)
    assert seen == [True] * times


def test_what_is_true_already_is_not_waited_for() -> None:
    assert Recorder().wait(lambda: True, 0)
    assert not Recorder().wait(lambda: False, 0)
