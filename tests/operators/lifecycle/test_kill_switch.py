"""kill_switch: flows that somebody outside of them can end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow, KillSwitch
from tests.operators.kit import Handmade, probe


def test_a_shutdown_completes_and_cancels_upstream():
    switch, publisher = KillSwitch(), Handmade()
    seen = probe(Flow.from_publisher(publisher).kill_switch(switch), 5)
    publisher.emit("a")
    assert publisher.requests == [5]
    assert switch.shutdown()
    assert (seen.items, seen.completed, publisher.cancels) == (["a"], True, 1)
    assert not switch.shutdown()
    assert switch.thrown


def test_an_abort_fails_at_once():
    switch, publisher, lost = KillSwitch(), Handmade(), KeyError()
    seen = probe(Flow.from_publisher(publisher).kill_switch(switch), 5)
    assert switch.abort(lost)
    assert (seen.error, publisher.cancels) == (lost, 1)
    assert not switch.abort(lost)
    assert not switch.shutdown()


def test_one_switch_ends_all_the_flows_that_it_is_in_and_those_that_begin_later():
    switch = KillSwitch()
    publishers = [Handmade() for _ in range(3)]
    seen = [probe(Flow.from_publisher(each).kill_switch(switch), 1) for each in publishers]
    switch.shutdown()
    assert [each.completed for each in seen] == [True] * 3
    late = Handmade(range(3))
    after = probe(Flow.from_publisher(late).kill_switch(switch), 1)
    assert [name for name, _ in after.signals] == ["on_subscribe", "on_complete"]
    assert late.cancels == 1


def test_what_has_come_is_delivered_before_a_graceful_end_and_not_after_an_abort():
    for graceful in (True, False):
        switch = KillSwitch()
        left: list[Any] = []

        def throw(_: Any, switch: KillSwitch = switch, graceful: bool = graceful) -> None:
            switch.shutdown() if graceful else switch.abort(OSError())

        # What comes inside of on_next waits in the switch's stage.
        flow = Flow.range(9).kill_switch(switch).on_discard(left.append).tap(throw)
        seen = probe(flow, 2)
        assert seen.items == [0]  # upstream is cancelled before it gives the other
        assert seen.completed is graceful


def test_it_keeps_nothing_of_a_flow_that_is_over():
    switch = KillSwitch()
    for _ in range(3):
        assert list(Flow.range(3).kill_switch(switch)) == [0, 1, 2]
    probe(Flow.never().kill_switch(switch), 1).cancel()
    assert not switch.switch._gates


def test_it_may_be_thrown_by_any_thread_while_others_begin():
    for _ in range(50):
        switch, gate = KillSwitch(), threading.Barrier(2)

        def throw(switch: KillSwitch = switch, gate: threading.Barrier = gate) -> None:
            gate.wait()
            switch.shutdown()

        thread = threading.Thread(target=throw)
        thread.start()
        gate.wait()
        seen = [probe(Flow.never().kill_switch(switch), 1) for _ in range(3)]
        thread.join()
        assert all(each.completed and not each.violations for each in seen)


def test_what_is_no_switch_or_no_error_is_refused():
    with pytest.raises(TypeError, match="kill_switch: switch must be a KillSwitch"):
        Flow.range(3).kill_switch(print)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="abort: needs an Exception"):
        KillSwitch().abort("no")  # type: ignore[arg-type]
