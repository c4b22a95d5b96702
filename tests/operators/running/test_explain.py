"""explain: the description of a pipeline, printed."""

from __future__ import annotations

import io

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Pulled, line_of


def told(flow: Flow[object]) -> list[str]:
    out = io.StringIO()
    flow.explain(out)
    return out.getvalue().splitlines()


def test_it_prints_the_description_to_standard_output(capsys: pytest.CaptureFixture[str]):
    flow = Flow.range(9).map(str)
    flow.explain()

    assert capsys.readouterr().out == f"{flow.describe()}\n"


def test_it_prints_to_a_file():
    flow = Flow.range(9).map(str)

    assert told(flow) == str(flow.describe()).splitlines()


def test_a_line_says_what_it_is_what_it_holds_and_where_it_was_written():
    flow = Flow.range(9).map(str).publish_on(thread(), prefetch=1500)  # in the middle
    lines = told(flow)
    line = next(line for line in lines if "publish_on" in line)
    file, _, number = line_of("# in the middle", __file__).rpartition(":")

    assert line.startswith("  3  publish_on(prefetch=1500)")
    assert "holds 1,500" in line
    assert line.endswith(f"{file.rpartition('/')[2]}:{number}")
    assert lines[lines.index(line) + 1].strip() == flow.describe().stages[2].contract


def test_it_says_what_is_fused_with_what():
    flow = Flow.range(9).map(str).limit_rate(2).publish_on(thread()).map(str).filter(bool)
    lines = told(flow.limit_rate(3).map(str))

    runs = [line.partition("fused ")[2][:1] for line in lines[:-1:2]]
    assert runs == ["1", "1", "1", "", "2", "2", "", ""]


def test_it_ends_with_what_may_be_in_flight():
    assert told(Flow.range(9))[-1] == "in flight: at most 1 items"
    unbounded = Flow.of(1).on_backpressure_buffer(UNBOUNDED)
    assert told(unbounded)[-1] == "in flight: at most UNBOUNDED items"
    assert told(Flow.range(9).flat_map(Flow.of, concurrency=2, prefetch=3))[-1].endswith(
        "at most 9 items, beside those that flows made while it runs hold"
    )


def test_flows_that_operators_were_given_are_set_in():
    lines = told(Flow.of(1).zip(Flow.of(2).map(str).named("the other"), prefetch=2))

    assert lines[4].startswith("  3    of")
    assert lines[6].startswith("  4    map 'the other'")


def test_nothing_is_run():
    pulled = Pulled(range(9))
    told(Flow.from_iterable(pulled).map(str))

    assert pulled.opened == 0


def test_it_refuses_no_file():
    with pytest.raises(AttributeError, match="write"):
        Flow.of(1).explain(5)  # type: ignore[arg-type]


def test_the_columns_stay_in_line_however_long_a_title_is():
    flow = Flow.range(9).map(str).named("a name that is " + "very " * 9 + "long").map(str)
    lines = told(flow)[:-1:2]

    assert len({line.index(" holds ") for line in lines}) == 1


def test_items_are_counted():
    assert told(Flow.of(1))[0].startswith("  1  of(1 item) ")
    assert told(Flow.of(1, 2))[0].startswith("  1  of(2 items) ")
    assert told(Flow.empty())[0].startswith("  1  empty ")
    assert told(Flow.from_iterable((1, 2)))[0].startswith("  1  from_iterable(tuple) ")
