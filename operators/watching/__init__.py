"""Watching: the numbers of running flows, who holds one up, and where to see it."""

from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Watcher
from operators.watching.links import watching
from operators.watching.meters import Meters, Reading, StageReading
from operators.watching.metrics import Latency, RunMetrics, StageMetrics
from operators.watching.runs import metrics, watch_all
from operators.watching.serving import Serving, serve
from operators.watching.stalls import Stall

__all__ = [
    "Latency",
    "Meters",
    "Node",
    "Reading",
    "RunMetrics",
    "Serving",
    "StageMetrics",
    "StageReading",
    "Stall",
    "Watcher",
    "metrics",
    "serve",
    "watch_all",
    "watching",
]
