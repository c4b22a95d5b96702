"""Who waits for whom in a flow that has come to a halt."""

from __future__ import annotations

import asyncio
from typing import Any

from operators._kernel.hosts.loops import running_loop
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import WATCHER
from operators.testing._waiting import who_waits, who_works
from operators.watching.links import watching
from operators.watching.meters import Meters, StageReading
from reactive_streams import UNBOUNDED


class Diagnosis:
    """Looks at a flow while a test runs it; of a Publisher that is no Flow, nothing is known."""

    def __init__(self, flow: Any) -> None:
        self._flow = flow
        self._meters = Meters(flow) if isinstance(getattr(flow, "node", None), Node) else None

    def subscribe(self, subscriber: Any) -> None:
        """Subscribe to the flow, with meters where nobody else watches it."""
        if self._meters is None or WATCHER.get() is not None:
            self._flow.subscribe(subscriber)
            return
        with watching(self._meters):
            self._flow.subscribe(subscriber)

    def told(self, loop: asyncio.AbstractEventLoop | None) -> str:
        """Return a line for each stage, the last one first, each task of the loop, each thread at work."""
        lines: list[str] = []
        if self._meters is not None:
            reading = self._meters.read()
            places = [stage.where for stage in self._flow.describe().stages]
            places += [""] * (len(reading.stages) - len(places))
            stages = list(zip(reading.stages, places, strict=True))
            lines += [_stage(stage, place) for stage, place in reversed(stages)]
        loop = loop or running_loop()
        lines += who_works() if loop is None else who_waits(loop).splitlines()
        return "\n".join(f"    {line}" for line in lines)


def _stage(stage: StageReading, place: str) -> str:
    asked = "without bound" if stage.requested == UNBOUNDED else f"for {stage.requested}"
    held = stage.in_flight + stage.buffered
    holds = f", holds {held}" if held else ""
    state = f"{stage.state}, of {stage.waits_for}" if stage.waits_for else stage.state
    where = f", at {place}" if place else ""
    return f"{stage.title} {state}: asked {asked}, has emitted {stage.emitted}{holds}{where}"
