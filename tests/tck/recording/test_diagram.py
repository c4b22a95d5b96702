"""The diagram: who called whom, how much was asked for, and where it went wrong."""

from __future__ import annotations

from tck.oracle.rules import judge
from tck.recording.diagram import diagram
from tck.recording.trace import Event, Trace


def events(count, kind="on_next", link="a"):
    first = Event(seq=0, time=0.0, thread="main#1", link=link, kind="on_subscribe", began=0)
    rest = [
        Event(seq=i, time=i / 1000, thread="main#1", link=link, kind=kind, began=i, item=i)
        for i in range(1, count + 1)
    ]
    return Trace([first, *rest])


def test_the_broken_signal_is_marked_and_explained():
    trace = events(1)
    text = diagram(trace, judge(trace))
    (marked,) = [line for line in text.splitlines() if "<--" in line]
    assert "on_next(1)" in marked
    assert marked.endswith("  <-- §1.1 broken")
    assert "A Publisher MUST at every moment have sent" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_repetitions_are_folded():
    text = diagram(events(1000))
    assert "... 997 more (on_next)" in text
    assert len(text.splitlines()) < 10


def test_a_processor_stands_between_two_links():
    trace = Trace([*events(0, link="up"), *events(0, link="a")])
    assert diagram(trace).splitlines()[0].split()[1:4] == ["Upstream", "Processor", "Downstream"]


def test_nothing_is_said_of_nothing():
    assert diagram(Trace()) == "(nothing has happened)"
