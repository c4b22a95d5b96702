"""The oracle, on traces written by hand: for each rule one that breaks it, and one that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_streams import UNBOUNDED
from reactive_streams.rules import RULES
from tck.oracle.model import Bounds
from tck.oracle.rules import FOLLOWS, judge, judge_all, looked_at
from tck.recording.trace import ErrorNote, Event, Trace

PROBE = type("ProbeError", (Exception,), {})("x")
ERRORS = {
    "none": None, "value": ValueError("x"), "type": TypeError("x"), "key": KeyError("x"),
    "probe": PROBE, "text": "no error", "exit": SystemExit(1),
    "overflow": OverflowError("too much"), "recursion": RecursionError("deep"),
    "wrapped": RuntimeError("it failed"), "grouped": ExceptionGroup("it failed", [PROBE]),
}  # fmt: skip
ERRORS["wrapped"].__cause__ = PROBE
SIGNALS = {"on_subscribe", "on_next", "on_error", "on_complete"}


def trace(text, suite="publisher"):
    """Words `[thread/]kind[=value][@subscription]`; `(` opens the call before it, `)` or `!error` ends it.

    A call that is not opened returns at once. `+seconds` lets time pass.
    """
    events: list[Event] = []
    open_calls: dict[str, list[Event]] = {}
    now = 0.0

    def add(**given):
        nonlocal now
        now += 0.001
        events.append(Event(seq=len(events), time=now, link="a", **given))
        return events[-1]

    def end(thread, error=None):
        call = open_calls[thread].pop()
        note = ErrorNote.of(ERRORS[error]) if error else None
        add(thread=thread, kind=call.kind, phase="raise" if error else "exit", began=call.seq,
            inside=call.inside, depth=call.depth, by=call.by, error=note,
            subscription=call.subscription)  # fmt: skip

    for word in text.split():
        if word.startswith("+"):
            now += float(word[1:])
            continue
        thread, _, word = word.rpartition("/")
        thread = thread or "main"
        stack = open_calls.setdefault(thread, [])
        if word == ")" or word.startswith("!"):
            end(thread, word[1:] or None)
            continue
        opened = word.endswith("(")
        word, _, number = word.rstrip("(").partition("@")
        word, _, raised = word.partition("!")
        kind, _, value = word.partition("=")
        given = {}
        if kind == "request":
            given["n"] = {"max": UNBOUNDED, "true": True, "text": "x"}.get(value) or int(value or 1)
            if value == "0":
                given["n"] = 0
        elif kind == "on_next":
            given["item"] = None if value == "none" else value or "x"
        elif kind == "on_error":
            given["error"] = ErrorNote.of(ERRORS[value or "key"])
        elif kind in {"subscribe", "on_subscribe"} and value == "none":
            given["text"] = "None subscriber" if kind == "subscribe" else "None"
        if kind in {"on_subscribe", "request", "cancel"}:
            given["subscription"] = int(number or 1)
        by = "component" if (kind in SIGNALS) == (suite == "publisher") else "driver"
        depth = sum(e.kind == "on_next" for e in stack) + (kind == "on_next")
        stack.append(
            add(thread=thread, kind=kind, began=len(events), depth=depth, by=by,
                inside=stack[-1].seq if stack else None, **given)
        )  # fmt: skip
        if not opened:
            end(thread, raised or None)
    return Trace(events)


def rules(text, suite="publisher", **bounds):
    return {breach.rule for breach in judge(trace(text, suite), Bounds(**bounds))}


PUBLISHER = [
    ("on_subscribe on_next", {"1.1"}),
    ("on_subscribe request=2 on_next on_next", set()),
    ("on_subscribe request=2 on_next on_next on_next", {"1.1"}),
    ("on_subscribe request=max request=max on_next on_next", set()),
    ("on_subscribe request=2 w/on_next( v/on_next w/)", {"1.3"}),
    ("on_subscribe request=2 w/on_next v/on_next", set()),
    ("on_subscribe request=2 w/on_next( w/on_next w/)", set()),
    ("on_subscribe request=2 w/on_next( v/on_complete w/)", {"1.3"}),
    ("on_subscribe on_error=text", {"1.4"}),
    ("on_subscribe on_error=exit", {"1.4"}),
    ("on_subscribe on_error", set()),
    ("on_subscribe request on_complete on_next", {"1.7"}),
    ("on_subscribe on_error w/on_complete", {"1.7"}),
    ("on_subscribe request=0( on_error=value on_error=value )", {"1.7"}),
    ("on_subscribe request=9( on_next( cancel ) on_next on_next )", set()),
    ("on_subscribe request=max( on_next( cancel ) " + "on_next " * 64 + ")", set()),
    ("on_subscribe request=max( on_next( cancel ) " + "on_next " * 65 + ")", {"1.8", "3.12"}),
    ("on_subscribe request=9 w/on_next( w/cancel w/) +3 w/on_next", {"1.8", "3.12"}),
    ("on_subscribe request=9( on_next( cancel ) on_complete )", set()),
    ("on_subscribe request=9 w/on_next cancel w/on_next w/on_next", set()),
    ("on_subscribe request=9 w/on_next cancel +3 w/on_next", {"1.8", "3.12"}),
    ("on_subscribe request=max cancel " + "w/on_next " * 65, {"1.8", "3.12"}),
    ("on_subscribe request=max cancel " + "w/on_next " * 64, set()),
    ("on_next on_subscribe", {"1.9"}),
    ("on_complete", {"1.9"}),
    ("subscribe!key", {"1.9"}),
    ("subscribe( on_subscribe!probe !probe", set()),
    ("subscribe=none!type", set()),
    ("subscribe=none", {"1.9"}),
    ("subscribe=none!key", {"1.9"}),
    ("on_subscribe on_subscribe@2", {"2.12"}),
    ("subscribe( on_subscribe ) subscribe( on_subscribe@2 on_complete ) on_complete", set()),
    ("on_subscribe request on_next=none!type", {"2.13"}),
    ("on_subscribe on_error=none!type", {"2.13"}),
    ("on_subscribe request=9( on_next!probe on_next )", set()),
    ("on_subscribe request=max( on_next!probe " + "on_next " * 65 + ")", {"2.13"}),
    ("on_subscribe request=9( on_next!probe !probe", set()),
    ("on_subscribe request=9( on_next!probe !wrapped", set()),
    ("on_subscribe request=9( on_next!probe !grouped", set()),
    ("on_subscribe request=9( on_next!probe ) request!key", {"3.16"}),
    ("subscribe( on_subscribe!probe !wrapped", set()),
    ("subscribe( on_subscribe ) request=9( on_next( cancel!key !key !key", {"3.15"}),
    ("on_subscribe request=9( on_next!probe on_error=probe )", {"2.13"}),
    ("on_subscribe request=9( on_next!probe on_complete )", set()),
    ("on_subscribe request=9( on_next( on_next( on_next ) ) )", {"3.3"}),
    ("on_subscribe request=9( on_next( on_next ) )", set()),
    ("on_subscribe request( +1 )", {"3.4"}),
    ("on_subscribe request( on_next( +1 ) )", set()),
    ("on_subscribe cancel( +1 )", {"3.5"}),
    ("on_subscribe cancel request( on_next )", {"3.6"}),
    ("on_subscribe request=2 cancel request( on_next )", set()),
    ("on_subscribe request=2 cancel request( on_next on_next on_next )", {"3.6"}),
    ("on_subscribe request cancel request on_next w/on_next", {"3.6"}),
    ("on_subscribe cancel request=0( on_error=value )", {"3.6"}),
    ("on_subscribe on_complete request=0( on_error=value )", {"3.6"}),
    ("on_subscribe cancel!key", {"3.15"}),
    ("on_subscribe request=0!value", {"3.16"}),
    ("on_subscribe request=0( on_error=value )", set()),
    ("on_subscribe request=0( on_error=key )", {"3.9"}),
    ("on_subscribe request=true( on_error=type )", set()),
    ("on_subscribe request=text( on_error=value )", {"3.9"}),
    ("on_subscribe request=max request( on_error=overflow )", {"3.17"}),
]


@pytest.mark.parametrize(("text", "broken"), PUBLISHER)
def test_publisher(text, broken):
    assert rules(text) == broken


SUBSCRIBER = [
    ("on_subscribe( request ) on_next( request ) on_complete", set()),
    ("on_subscribe on_complete( cancel )", {"2.3"}),
    ("on_subscribe on_error( request )", {"2.3"}),
    ("on_subscribe on_complete cancel", {"2.4"}),
    ("on_subscribe on_complete w/request", {"2.4"}),
    ("on_subscribe w/request on_next on_complete w/request", set()),
    ("on_subscribe w/request on_next on_complete w/request w/request", {"2.4"}),
    ("on_subscribe on_complete( w/request )", set()),
    ("on_subscribe( request( on_next on_complete ) request )", set()),
    ("on_subscribe( request( on_next( request( on_complete ) cancel ) ) request )", set()),
    ("on_subscribe( request( on_complete ) ) request", {"2.4"}),
    ("on_subscribe( request( on_complete( request ) ) )", {"2.3"}),
    ("on_subscribe on_subscribe@2( cancel@2 )", set()),
    ("on_subscribe on_subscribe@2 w/cancel@2", set()),
    ("on_subscribe on_subscribe@2", {"2.5"}),
    ("on_subscribe on_subscribe@2( cancel@2 cancel )", set()),
    ("on_subscribe on_subscribe@2( cancel )", {"2.5"}),
    ("on_subscribe on_subscribe@2( request@2 cancel@2 )", {"2.5"}),
    ("on_subscribe cancel on_subscribe@2", set()),
    ("on_subscribe w/request( v/request w/)", {"2.7"}),
    ("on_subscribe w/request v/request", set()),
    ("on_subscribe request cancel on_next!key", {"2.8"}),
    ("on_subscribe on_complete!key", {"2.9"}),
    ("on_subscribe on_error!key", {"2.10"}),
    ("on_subscribe request on_complete!key", {"2.13"}),
    ("on_subscribe request on_next!key", {"2.13"}),
    ("on_subscribe=none!type", set()),
    ("on_subscribe=none", {"2.13"}),
    ("on_subscribe request on_next=none!type", set()),
    ("on_subscribe request on_next=none!value", {"2.13"}),
    ("on_subscribe on_error=none", {"2.13"}),
    ("on_subscribe( request=0 )", {"3.9"}),
    # The driver's own breaches are nobody's fault.
    ("on_next on_subscribe on_complete on_complete on_next", set()),
]


@pytest.mark.parametrize(("text", "broken"), SUBSCRIBER)
def test_subscriber(text, broken):
    assert rules(text, "subscriber") == broken


def test_a_repeated_breach_is_one_with_a_count():
    (breach,) = judge(trace("on_subscribe request=3" + " on_next" * 10))
    assert breach.message == (
        "on_next('x') came, element number 4, when only 3 had been asked for, the first of 7 such"
    )
    assert breach.event.seq == 10


def test_a_remark_with_a_rule_is_a_breach():
    events = list(trace("on_subscribe request=0"))
    remark = replace(events[0], seq=4, began=4, kind="missing", rule="3.9", text="no answer")
    assert [str(each) for each in judge([*events, remark])] == ["§3.9: no answer"]
    assert not judge([replace(remark, rule=None)])


def test_bounds_can_be_wider():
    text = "on_subscribe request=9( on_next( cancel ) on_next on_next )"
    assert rules(text, after_cancel=2) == set()
    assert rules(text, after_cancel=1) == {"1.8", "3.12"}
    crossing = "on_subscribe request=9 cancel w/on_next"
    assert rules(crossing, after_cancel=0) == set()
    assert rules(crossing + " w/on_next", after_cancel=0) == {"1.8", "3.12"}
    overlap = "on_subscribe w/request( v/cancel w/)"
    assert rules(overlap, "subscriber") == {"2.7"}
    assert rules(overlap, "subscriber", serial_cancel=False) == set()


def test_every_rule_tells_what_is_looked_at():
    broken = {rule for _, found in PUBLISHER + SUBSCRIBER for rule in found}
    assert all(looked_at(rule) for rule in broken)


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(0, 20), st.booleans())
def test_a_correct_publisher_breaks_nothing(requests, size, threaded):
    words, sent, asked, thread = ["on_subscribe"], 0, 0, "w/" if threaded else ""
    for n in requests:
        asked += n
        due = min(asked, size) - sent
        sent += due
        inside = [f"{thread}on_next"] * due
        words += [f"request={n}", *inside] if threaded else [f"request={n}(", *inside, ")"]
    words.append(f"{thread}on_complete" if sent == size else "cancel")
    assert rules(" ".join(words)) == set()


KINDS = [
    ("on_subscribe request=true!type", "3.16", "python"),
    ("on_subscribe request=true( on_error=key )", "3.9", "python"),
    ("on_subscribe request=0!value", "3.16", "rule"),
    ("on_subscribe request=text( +1 )", "3.4", "python"),
    ("on_subscribe request=true( on_next on_complete on_next )", "1.7", "rule"),
    ("on_subscribe request=9( on_next!probe on_error=probe )", "2.13", "doubt"),
]


@pytest.mark.parametrize(("text", "rule", "kind"), KINDS)
def test_what_the_specification_does_not_speak_of_is_of_another_kind(text, rule, kind):
    assert [(each.rule, each.kind) for each in judge(trace(text))] == [(rule, kind)]


def test_how_many_elements_an_odd_request_brings_is_for_no_rule_to_say():
    assert rules("on_subscribe request=true( on_next on_next on_next )") == set()


def test_a_subscriber_that_asks_for_what_is_no_int_keeps_its_other_faults():
    found = judge(trace("on_subscribe( request=true ) on_next!key", "subscriber"))
    assert [(each.rule, each.kind) for each in found] == [("3.9", "python"), ("2.13", "rule")]


def test_what_may_only_follow_is_kept_apart_with_its_cause():
    text = trace("on_subscribe on_complete on_next request cancel request( on_next )")
    assert [(each.rule, each.follows) for each in judge_all(text)] == [("1.7", ""), ("1.1", "1.7")]
    assert [each.rule for each in judge(text)] == ["1.7"]


def test_the_table_of_what_follows_has_a_reason_for_each_pair_once():
    pairs = [(each.where, each.cause, each.effect) for each in FOLLOWS]
    assert len(set(pairs)) == len(pairs)
    known = {rule.id for rule in RULES}
    for each in FOLLOWS:
        assert {each.cause, each.effect} <= known
        assert each.cause != each.effect
        assert len(each.reason.split()) > 3
