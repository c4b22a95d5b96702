"""Prometheus: the totals of all watched flows, as a collector of prometheus_client (extra `prometheus`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.extras import need
from operators.watching.runs import totals
from operators.watching.totals import StageTotal
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

__all__ = ["FlowCollector", "prometheus_text"]

_LABELS = ("flow", "begun_at", "stage", "written_at")
_COUNTERS = {
    "requested": (
        "operators_stage_requested_items",
        "Items asked of a stage; +Inf: without bound.",
    ),
    "emitted": ("operators_stage_emitted_items", "Items that a stage has given."),
    "dropped": ("operators_stage_dropped_items", "Items dropped by an overflow policy."),
    "discarded": ("operators_stage_discarded_items", "Items held at a cancel or an error."),
    "slowed": ("operators_stage_slowed_seconds", "Time without demand: slowed by downstream."),
    "starved": ("operators_stage_starved_seconds", "Time without items: starved by upstream."),
}
_GAUGES = {
    "in_flight": ("operators_stage_in_flight_items", "Items that a stage works on now."),
    "buffered": ("operators_stage_buffered_items", "Items that wait in a stage now."),
}


class FlowCollector:
    """Register it with a registry of prometheus_client; it reads the totals when that is scraped."""

    def collect(self) -> Iterator[Metric]:
        """Give the metrics of all flows that are or were watched, by flow and stage."""
        core = _client().core
        both = totals()
        stages = list(both.stages.values())
        runs = core.CounterMetricFamily(
            "operators_runs", "Runs begun of a flow.", labels=_LABELS[:2]
        )
        for flow, n in both.runs.items():
            runs.add_metric(flow, n)
        yield runs
        for name, (title, text) in _COUNTERS.items():
            counter = core.CounterMetricFamily(title, text, labels=_LABELS)
            for stage in stages:
                counter.add_metric(_labels(stage), _number(getattr(stage, name)))
            yield counter
        for name, (title, text) in _GAUGES.items():
            gauge = core.GaugeMetricFamily(title, text, labels=_LABELS)
            for stage in stages:
                gauge.add_metric(_labels(stage), getattr(stage, name))
            yield gauge
        yield _latency(core, stages)


def _client() -> Any:
    need("prometheus_client.core", "prometheus")
    return need("prometheus_client", "prometheus")


def _latency(core: Any, stages: list[StageTotal]) -> Metric:
    gauge = core.GaugeMetricFamily(
        "operators_stage_latency_seconds",
        "How long items stay in a stage.",
        labels=(*_LABELS, "quantile"),
    )
    for stage in stages:
        latency = stage.latency
        if latency is not None:
            for quantile, seconds in (
                ("0.5", latency.p50),
                ("0.9", latency.p90),
                ("0.99", latency.p99),
            ):
                gauge.add_metric((*_labels(stage), quantile), seconds)
    made: Metric = gauge
    return made


def _labels(stage: StageTotal) -> tuple[str, str, str, str]:
    return stage.flow, stage.begun_at, stage.stage, stage.where


def _number(value: float) -> float:
    return float("inf") if value >= UNBOUNDED else float(value)


def prometheus_text() -> str:
    """Return the metrics of all watched flows as the text that Prometheus scrapes.

    >>> from operators import Flow
    >>> from operators.watching.prometheus import prometheus_text
    >>> Flow.range(3).named("numbers").watch().run()
    2
    >>> "operators_stage_emitted_items_total{" in prometheus_text()
    True
    """
    client = _client()
    registry = client.CollectorRegistry()
    registry.register(FlowCollector())
    text: str = client.generate_latest(registry).decode()
    return text
