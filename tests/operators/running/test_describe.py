"""describe: the stages of a pipeline as data, and how many items it may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators import Contract, Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.catalogue import OPERATORS, Case
from tests.operators.kit import Pulled, line_of

VALUES = {contract.value for contract in Contract}


@pytest.mark.parametrize("case", OPERATORS.values(), ids=OPERATORS)
def test_every_operator_is_a_stage_with_its_contract_and_its_place(case: Case):
    described = case.build(Flow.range(9)).describe()
    titles = [stage.title for stage in described.stages]
    # pipe and watch leave no stage of their own.
    title = {"pipe": "map", "watch": "map", "named": "map 'plus one'"}.get(case.name, case.name)

    assert title in titles
    assert {stage.contract for stage in described.stages} <= VALUES
    assert all(":" in stage.where for stage in described.stages)
    assert described.in_flight == min(sum(stage.holds for stage in described.stages) + 1, UNBOUNDED)


def test_a_stage_says_where_it_was_written():
    flow = Flow.of(1).map(str)  # described
    place = f"{Path(__file__).name}:{line_of('# described', __file__).rpartition(':')[2]}"

    assert [stage.where for stage in flow.describe().stages] == [place, place]


HOLDS = {
    "nothing": (lambda f: f.map(str).filter(bool), 0, 1),
    "buffer": (lambda f: f.buffer(4), 4, 5),
    "two of them": (lambda f: f.buffer(4).buffer(3), 7, 8),
    "publish_on": (lambda f: f.publish_on(thread(), prefetch=5), 5, 6),
    "map_async": (lambda f: f.map_async(str, concurrency=6), 6, 7),
    "flat_map": (lambda f: f.flat_map(Flow.of, concurrency=2, prefetch=3), 8, 9),
    "zip": (lambda f: f.zip(Flow.range(9), prefetch=4), 8, 9),
    "zip of what holds": (lambda f: f.zip(Flow.range(9).buffer(3), prefetch=4), 8 + 3, 12),
    "a buffer": (lambda f: f.on_backpressure_buffer(7), 7, 8),
    "the latest": (lambda f: f.on_backpressure_latest(), 1, 2),
    "what is dropped": (lambda f: f.on_backpressure_drop(), 0, 1),
    "without bound": (lambda f: f.on_backpressure_buffer(UNBOUNDED), UNBOUNDED, UNBOUNDED),
}  # fmt: skip


@pytest.mark.parametrize(("build", "holds", "in_flight"), HOLDS.values(), ids=HOLDS)
def test_what_is_held_adds_up(build: object, holds: int, in_flight: int):
    described = build(Flow.range(9)).describe()  # type: ignore[operator]

    assert sum(stage.holds for stage in described.stages) == holds
    assert described.in_flight == in_flight


def test_runs_that_are_fused_have_a_number():
    flow = Flow.range(9).map(str).limit_rate(2).map(str).filter(bool).limit_rate(3).map(str)

    assert [stage.fused for stage in flow.describe().stages] == [1] * 7


def test_flows_inside_have_a_depth_and_runs_of_their_own():
    other = Flow.of(1).zip(Flow.of(2).map(str), prefetch=1)
    described = Flow.range(9).map(str).zip(other, prefetch=2).describe()

    assert [(stage.title, stage.inner, stage.fused) for stage in described.stages] == [
        ("range", 0, 1), ("map", 0, 1), ("zip", 0, 1),
        ("of", 1, 2), ("zip", 1, 2), ("of", 2, 3), ("map", 2, 3),
    ]  # fmt: skip


def test_nothing_is_run_and_nothing_changed():
    pulled = Pulled(range(3))
    flow = Flow.from_iterable(pulled).map(str)

    assert flow.describe() == flow.describe()
    assert pulled.opened == 0
    assert list(flow) == ["0", "1", "2"]
