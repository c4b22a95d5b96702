"""OpenTelemetry: metrics of all watched flows, and a span for each of their runs (extra `otel`)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.extras import need
from operators.watching.runs import LISTENERS, Run, totals
from operators.watching.stalls import Stall
from operators.watching.totals import StageTotal
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from opentelemetry.trace import Tracer

__all__ = ["observe", "spans"]

_COUNTERS = {
    "requested": ("{item}", "Items asked of a stage, where that is bounded"),
    "emitted": ("{item}", "Items that a stage has given"),
    "dropped": ("{item}", "Items dropped by an overflow policy"),
    "discarded": ("{item}", "Items held at a cancel or an error"),
    "slowed": ("s", "Time without demand: slowed by downstream"),
    "starved": ("s", "Time without items: starved by upstream"),
}
_GAUGES = {
    "in_flight": ("{item}", "Items that a stage works on now"),
    "buffered": ("{item}", "Items that wait in a stage now"),
}
_QUANTILES = ("p50", "p90", "p99")


def observe(meter: Meter | None = None) -> None:
    """Have a meter observe the totals of all watched flows: once in a program, for each meter.

    None takes a meter of the global provider. The instruments are `operators.stage.*`, with the flow and the
    stage, and where each was written, as attributes; they are read when the meter's reader collects.
    """
    to: Any = meter or _metrics().get_meter("operators")
    for name, (unit, text) in _COUNTERS.items():
        to.create_observable_counter(f"operators.stage.{name}", [_reads(name)], unit, text)
    for name, (unit, text) in _GAUGES.items():
        to.create_observable_gauge(f"operators.stage.{name}", [_reads(name)], unit, text)
    to.create_observable_gauge(
        "operators.stage.latency", [_latencies], "s", "How long items stay in a stage"
    )


def _metrics() -> Any:
    return need("opentelemetry.metrics", "otel")


def _reads(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_: CallbackOptions) -> Iterable[Observation]:
        for stage in totals().stages.values():
            value = getattr(stage, name)
            if value < UNBOUNDED:
                yield _metrics().Observation(value, _attributes(stage))

    return read


def _latencies(_: CallbackOptions) -> Iterable[Observation]:
    for stage in totals().stages.values():
        latency = stage.latency
        if latency is not None:
            for quantile in _QUANTILES:
                yield _metrics().Observation(
                    getattr(latency, quantile), {**_attributes(stage), "quantile": quantile}
                )


def _attributes(stage: StageTotal) -> dict[str, Any]:
    return {
        "operators.flow": stage.flow,
        "operators.begun_at": stage.begun_at,
        "operators.stage": stage.stage,
        "operators.written_at": stage.where,
    }


@contextmanager
def spans(tracer: Tracer | None = None) -> Generator[None, None, None]:
    """Have each watched run that is begun inside the `with` be a span, and each stall an event of that.

    A span is a child of the one that is current where the flow is subscribed to. What functions of the flow
    begin, on whichever thread or loop, are children of that one too, since they see its context variables.
    None takes a tracer of the global provider.
    """
    trace = need("opentelemetry.trace", "otel")
    listener = _Spans(tracer or trace.get_tracer("operators"), trace)
    LISTENERS.append(listener)
    try:
        yield
    finally:
        LISTENERS.remove(listener)


class _Spans:
    def __init__(self, tracer: Tracer, trace: Any) -> None:
        self._trace = trace
        self._tracer = tracer
        self._open: dict[int, Any] = {}

    def begun(self, run: Run) -> None:
        name = run.metering.last.node.title
        self._open[run.number] = self._tracer.start_span(
            f"flow {name}", attributes={"operators.flow": name, "operators.begun_at": run.where}
        )

    def stalled(self, run: Run, stall: Stall) -> None:
        span = self._open.get(run.number)
        if span is not None:
            span.add_event(
                "stall",
                {
                    "operators.stage": stall.title,
                    "operators.written_at": stall.where,
                    "why": stall.why,
                },
            )

    def ended(self, run: Run) -> None:
        span = self._open.pop(run.number, None)
        if span is None:
            return
        last = run.metering.last
        span.set_attribute("operators.items", last.emitted)
        span.set_attribute("operators.end", last.end or "abandoned")
        if last.end == "failed":
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR))
        span.end()
