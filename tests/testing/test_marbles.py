"""Marbles: a flow in time as text, as a source and as what is expected; and demand, the other way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from operators.testing import MarbleError, TestSubscriber, VirtualClock, expect, marbles
from operators.testing._notation import Mark, parse, parse_demand, render
from reactive_streams import UNBOUNDED, Publisher


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def timed(seen: TestSubscriber[Any]) -> list[tuple[float, str]]:
    return [(each.at, str(each)) for each in seen.signals if each.name.startswith("on_")][1:]


# The notation ---------------------------------------------------------------------------------------


def test_a_character_is_a_tick_and_a_group_takes_as_many_as_it_is_long():
    marks = parse("a-b-(cd)|", None, None)
    assert [(each.at, each.name, each.value) for each in marks] == [
        (0, "on_next", "a"), (2, "on_next", "b"), (4, "on_next", "c"), (4, "on_next", "d"),
        (8, "on_complete", None),
    ]  # fmt: skip


def test_a_group_in_brackets_takes_one_tick():
    assert parse("[ab]c|", None, None) == [
        Mark(0, "on_next", "a"), Mark(0, "on_next", "b"), Mark(1, "on_next", "c"),
        Mark(2, "on_complete"),
    ]  # fmt: skip


def test_items_of_several_letters_and_spaces():
    assert [each.value for each in parse("- (12,go) -(7,)", None, None)] == ["12", "go", "7"]
    assert [each.at for each in parse("- (12,go) -(7,)", None, None)] == [1, 1, 9]


def test_demand():
    assert parse_demand("^2 ^1--^*-!") == [
        Mark(0, "request", 2), Mark(2, "request", 1), Mark(6, "request", UNBOUNDED), Mark(9, "cancel"),
    ]  # fmt: skip
    assert parse_demand("-^^12(^^3!)")[0] == Mark(1, "request", 1)
    assert [each.at for each in parse_demand("-^^12(^^3!)")] == [1, 2, 5, 5, 5]


@pytest.mark.parametrize(
    ("text", "why"),
    [("a|b", "comes after the end"), ("a^2", "goes up"), ("(a", "no sense"), ("a,b", "no sense")],
)
def test_what_is_no_marbles(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        marbles(text)


def test_what_is_no_demand():
    with pytest.raises(ValueError, match="neither"):
        parse_demand("a")
    with pytest.raises(TypeError, match="must be a str"):
        marbles(7)  # type: ignore[arg-type]


signals = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["a", "b", "12", "345"])), max_size=12
)


@given(signals, st.sampled_from([None, "on_complete", "on_error"]), st.integers(0, 9))
def test_what_is_rendered_is_read_back(parts: list[tuple[int, str]], end: str | None, gap: int):
    marks, at = [], 0
    for step, word in parts:
        at += step
        marks.append(Mark(at, "on_next", word))
    if end is not None:
        marks.append(Mark(at + gap, end))
    assert parse(render(marks), None, None) == marks


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 300)), max_size=12), st.booleans())
def test_demand_that_is_rendered_is_read_back(parts: list[tuple[int, int]], cancel: bool):
    marks, at = [], 0
    for step, n in parts:
        at += step
        marks.append(Mark(at, "request", n))
    if cancel:
        marks.append(Mark(at, "cancel"))
    assert parse_demand(render(marks)) == marks


# As a source ----------------------------------------------------------------------------------------


def test_a_source_in_time(clock: VirtualClock):
    source = marbles("a-b-(cd)|", clock=clock, tick=0.1)
    assert isinstance(source, Publisher)
    seen = TestSubscriber[str](UNBOUNDED, clock=clock)
    source.subscribe(seen)
    seen.await_end()
    assert timed(seen) == [
        (0.0, "next 'a'"), (0.2, "next 'b'"), (0.4, "next 'c'"), (0.4, "next 'd'"), (0.8, "complete"),
    ]  # fmt: skip


def test_what_is_due_waits_for_demand_and_the_end_for_what_is_due(clock: VirtualClock):
    source = marbles("abc|", clock=clock)
    seen = TestSubscriber[str](clock=clock)
    source.subscribe(seen)
    clock.advance(10)
    seen.assert_nothing().request(2).assert_items("a", "b").assert_not_ended()
    clock.advance(2)
    seen.request(1).assert_items("a", "b", "c").assert_completed()
    assert source.demand == "----------^2^1"


def test_a_cancel_ends_its_timers(clock: VirtualClock):
    source = marbles("a-b-c|", clock=clock)
    seen = TestSubscriber[str](UNBOUNDED, clock=clock)
    source.subscribe(seen)
    clock.advance(1)
    seen.cancel()
    assert clock.pending == 0
    clock.advance(9)
    seen.assert_items("a")
    assert source.demand == "[^*]!"


def test_without_a_clock_all_is_due_at_once():
    assert list(marbles("1---2--(34)|", values=int).flow) == [1, 2, 3, 4]
    with pytest.raises(KeyError):
        list(marbles("a#", error=KeyError("k")).flow)
    with pytest.raises(MarbleError):
        list(marbles("a#").flow)


def test_on_a_clocks_loop_it_takes_its_time(clock: VirtualClock):
    async def main() -> list[tuple[str, float]]:
        return [(item, clock.now()) async for item in marbles("a-b--c|").flow]

    assert clock.run(main()) == [("a", 0.0), ("b", 2.0), ("c", 5.0)]


def test_each_subscriber_gets_them_anew():
    source = marbles("ab|", values={"a": 1})
    assert list(source.flow) == [1, "b"]
    assert list(source.flow.merge(source.flow)) == [1, "b", 1, "b"]


def test_a_bad_request(clock: VirtualClock):
    seen = TestSubscriber[str](clock=clock)
    marbles("ab|", clock=clock).subscribe(seen)
    seen.request(0).assert_error(ValueError, match=r"3\.9")


# As what is expected --------------------------------------------------------------------------------


def test_a_flow_as_marbles(clock: VirtualClock):
    source = marbles("a-b-(cd)|")
    assert source.flow.to_marbles() == "a-b-(cd)|"
    assert source.flow.to_marbles(clock=clock, tick=1.0) == "a-b-(cd)|"
    assert not clock.has_loop
    assert source.flow.map(str.upper).to_marbles() == "A-B-(CD)|"
    assert Flow.of(1, 20, 3).to_marbles() == "(1,20,3,|)"
    assert Flow.empty().to_marbles() == "|"
    assert Flow.error(KeyError()).to_marbles() == "#"
    assert Flow.never().to_marbles() == ""


def test_demand_on_the_way_up(clock: VirtualClock):
    source = marbles("a-b-(cd)|")
    assert source.flow.to_marbles(demand="^2 ^1") == "a-b-c"
    assert source.demand == "^2^1----!"
    assert source.flow.to_marbles(demand="^-----^^-^") == "a-----bc-(d|)"
    expect(source.flow, clock=clock).marbles("a-----bc-(d|)", demand="^-----^^-^")
    assert source.demand == "^1----[^1]^1^1"


def test_equal_are_those_that_signal_the_same():
    assert marbles("a-(bc)") == marbles("a-[bc]")
    assert marbles("a-b|") == "a-b|"
    assert marbles("a-b|") != "ab|"
    assert marbles("a#", error=ValueError("x")) == "a#"
    assert marbles("a#", error=ValueError("x")) != marbles("a#", error=ValueError("y"))
    assert marbles("1", values=int) != "1"
    assert marbles("a") != 7


def test_items_that_cannot_be_written():
    flow = Flow.of("a-b", "c")
    with pytest.raises(ValueError, match="give show="):
        flow.to_marbles()
    assert flow.to_marbles(show=lambda item: item[0]) == "(ac|)"


def test_signals_between_two_ticks(clock: VirtualClock):
    source = marbles("a-b|", tick=0.5)
    with pytest.raises(ValueError, match="between two ticks of 1"):
        source.flow.to_marbles()
    assert source.flow.to_marbles(tick=0.25) == "a---b-|"


def test_a_flow_without_end_is_cut_off():
    def ticks() -> Any:
        async def forever() -> Any:
            while True:
                yield "x"
                await asyncio.sleep(2)

        return forever()

    flow = Flow.defer(lambda: Flow.from_async_iterable(ticks()))
    assert flow.to_marbles(most=6) == "x-x-x-x"


def test_the_expectation(clock: VirtualClock):
    source = marbles("a-b-(cd)|")
    steps = expect(source.flow, clock=clock).marbles("a-b-(cd)|")
    assert steps.elapsed == 8.0
    assert not clock.has_loop
    expect(marbles("a-#").flow, clock=clock).marbles("a-#")
    expect(marbles("a-#").flow, clock=clock).marbles("a-#", error=MarbleError)
    expect(source.flow, clock=clock).marbles("a-b").marbles("-(cd)|")


@pytest.mark.parametrize(
    "wrong", ["a-b-c", "a-b-(cd)-|", "a--b(cd)|", "a-b-(ce)|", "a-b-(cd)#", "a"]
)
def test_the_expectation_bites(clock: VirtualClock, wrong: str):
    flow = marbles("a-b-(cd)|").flow
    if wrong == "a":
        expect(flow, clock=clock).marbles(wrong)  # and whatever comes later
        return
    with pytest.raises(AssertionError, match="expected  ") as caught:
        expect(flow, clock=clock).marbles(wrong)
    assert "     got  a-b-" in str(caught.value)


def test_an_error_of_another_kind(clock: VirtualClock):
    with pytest.raises(AssertionError, match="expected"):
        expect(marbles("a-#").flow, clock=clock).marbles("a-#", error=KeyError)


def test_marbles_want_a_clock_and_a_plain_function(clock: VirtualClock):
    with pytest.raises(AssertionError, match="needs a clock="):
        expect(Flow.of("a")).marbles("a")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="for a plain function"):
            Flow.of("a").to_marbles()

    clock.run(main())
