"""Metrics: the numbers are right, add up over runs, and are the same for every exporter."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from operators import Flow
from operators.schedulers import immediate, thread
from operators.testing import VirtualClock
from operators.watching import RunMetrics, StageMetrics
from operators.watching import metrics as all_metrics
from operators.watching.otel import observe, spans
from operators.watching.prometheus import prometheus_text
from operators.watching.runs import totals
from reactive_streams import UNBOUNDED
from tests.operators.watching.hangs import Asking

DEADLINE = 20.0


def metrics() -> tuple[RunMetrics, ...]:
    """Of the runs begun in this file; others may wait for the collector."""
    return tuple([run for run in all_metrics() if run.where.startswith("test_metrics.py:")])


class Consumer(Asking):
    """Asks when the test says so."""

    request: Any

    def on_subscribe(self, subscription: Any) -> None:
        self.request = subscription.request
        self.cancel = subscription.cancel


def watched(flow: Flow[Any], **settings: Any) -> Consumer:
    consumer = Consumer()
    flow.watch(stall=1000, **settings).subscribe(consumer)
    return consumer


def by_title(run: RunMetrics) -> dict[str, StageMetrics]:
    return {stage.title: stage for stage in run.stages}


@pytest.mark.parametrize("each", ["operator", "queue"])
def test_what_was_asked_for_and_given_waits_or_is_dropped(each: str):
    flow = Flow.range(20).on_backpressure_buffer(4, overflow="drop_newest")
    consumer = watched(flow.publish_on(immediate(), prefetch=3), each=each)
    consumer.request(2)
    (run,) = metrics()
    stages = by_title(run)
    hop, buffer = stages["publish_on"], stages["on_backpressure_buffer"]
    assert (hop.requested, hop.emitted, hop.buffered) == (2, 2, 1)
    assert (buffer.emitted, buffer.buffered, buffer.dropped) == (3, 4, 13)
    assert (hop.state, buffer.state) == ("waits for demand", "waits for demand")
    consumer.cancel()


@pytest.mark.parametrize("each", ["operator", "queue"])
def test_what_a_cancel_discards_is_counted_where_it_was(each: str):
    flow = Flow.range(20).publish_on(immediate(), prefetch=5).named("discarding")
    watched(flow, each=each).cancel()
    place = next(place for place in totals().stages if place[2] == "publish_on 'discarding'")
    assert totals().stages[place].discarded >= 5
    assert totals().stages[place].buffered == 0


@pytest.mark.parametrize("each", ["operator", "queue"])
def test_time_without_demand_and_time_without_items(each: str):
    clock = VirtualClock()
    flow = Flow.interval(4.0, scheduler=clock).publish_on(immediate(), prefetch=2)
    consumer = watched(flow, each=each, scheduler=clock)
    clock.advance(10)  # nobody asks
    (run,) = metrics()
    hop = by_title(run)["publish_on"]
    assert hop.slowed == pytest.approx(10, abs=0.5)
    assert hop.starved == 0
    consumer.request(UNBOUNDED)
    clock.advance(10)
    (run,) = metrics()
    hop = by_title(run)["publish_on"]
    assert hop.slowed == pytest.approx(10, abs=0.5)
    assert hop.starved == pytest.approx(10, abs=0.5)
    assert run.seconds == pytest.approx(20)
    consumer.cancel()
    assert metrics() == ()


@pytest.mark.parametrize("each", ["operator", "queue"])
def test_latency_is_what_a_stage_holds_over_what_leaves_it_in_a_second(each: str):
    clock = VirtualClock()
    flow = Flow.range(1000).publish_on(immediate(), prefetch=8).throttle(2.0, scheduler=clock)
    consumer = watched(flow, each=each, scheduler=clock)
    consumer.request(UNBOUNDED)
    clock.advance(100)
    (run,) = metrics()
    latency = by_title(run)["publish_on"].latency
    assert latency is not None
    # Of 8 places between 2 and 8 are taken, and an item leaves each half a second.
    assert 1 <= latency.p50 <= latency.p90 <= latency.p99 <= 5
    consumer.cancel()


def test_runs_add_up_those_that_are_over_included():
    flow = Flow.range(10).named("adding").publish_on(thread(), prefetch=4).publish_on(thread())
    for _ in range(3):
        flow.watch().for_each(lambda _: None).result(DEADLINE)
    found = {place[2:3] + place[:1]: total for place, total in totals().stages.items()}
    total = found["range 'adding'", "publish_on"]
    assert (total.emitted, total.in_flight, total.buffered) == (30, 0, 0)
    # Two of the same in one line are told apart.
    assert found["publish_on", "publish_on"].emitted == 30
    assert found["publish_on (2)", "publish_on"].emitted == 30
    assert found["publish_on", "publish_on"].requested == 3 * 256 or total.requested <= 30


def test_prometheus_reads_the_totals():
    Flow.range(7).named("for prometheus").watch().run()
    lines = [line for line in prometheus_text().splitlines() if "for prometheus" in line]
    emitted = next(line for line in lines if line.startswith("operators_stage_emitted_items_total"))
    assert emitted.endswith(" 7.0")
    assert 'written_at="test_metrics.py:' in emitted
    names = {line.partition("{")[0] for line in lines}
    assert {"operators_stage_slowed_seconds_total", "operators_stage_buffered_items"} <= names
    assert "operators_runs_total" in names


def test_a_meter_of_opentelemetry_reads_the_totals():
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe(provider.get_meter("test"))
    Flow.range(7).named("for otel").watch().run()
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[str, Any] = {}
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    attributes = dict(point.attributes or {})
                    if attributes.get("operators.stage") == "range 'for otel'":
                        found[metric.name] = getattr(point, "value", None)
    provider.shutdown()
    assert found["operators.stage.emitted"] == 7
    assert found["operators.stage.buffered"] == 0
    assert found["operators.stage.requested"] >= 7


def test_a_run_is_a_span_under_the_one_that_was_current_and_so_are_those_of_its_functions():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")

    def work(n: int) -> int:
        with tracer.start_as_current_span("work"):
            return 6 // n

    flow = Flow.of(1, 2, 0).publish_on(thread()).map(work).watch()
    with spans(tracer), tracer.start_as_current_span("caller") as caller:
        with pytest.raises(ZeroDivisionError):
            flow.for_each(lambda _: None).result(DEADLINE)
        Flow.of(1).watch().run()
    Flow.of(1).watch().run()  # outside
    made = exporter.get_finished_spans()
    names = sorted(span.name for span in made)
    assert names == ["caller", "flow map", "flow of", "work", "work", "work"]
    parent = caller.get_span_context().span_id
    assert {span.parent.span_id for span in made if span.parent is not None} == {parent}
    failed = next(span for span in made if span.name == "flow map")
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert dict(failed.attributes or {})["operators.items"] == 2
    provider.shutdown()


def test_a_stall_is_an_event_of_the_span():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    clock = VirtualClock()
    with spans(provider.get_tracer("test")):
        handle = Flow.never().watch(stall=1, report=id, scheduler=clock).for_each(print)
        clock.advance(3)
        handle.cancel()
    (span,) = exporter.get_finished_spans()
    (event,) = span.events
    assert dict(event.attributes or {})["operators.stage"] == "never"
    provider.shutdown()


def test_numbers_are_read_while_it_runs_from_any_thread():
    inside = threading.Event()
    go_on = threading.Event()

    def slowly(n: int) -> int:
        inside.set()
        assert go_on.wait(DEADLINE)
        return n

    flow = Flow.range(9).map_async(slowly, concurrency=3).watch(each="queue")
    handle = flow.for_each(lambda _: None)
    assert inside.wait(DEADLINE)
    (run,) = metrics()
    stage = by_title(run)["map_async"]
    assert (stage.emitted, stage.in_flight, stage.state) == (0, 3, "works")
    go_on.set()
    handle.result(DEADLINE)
