"""What operators of one's own are made of: lines for one item, a stage with handlers, sources, a sink."""

from operators._kernel.hosts.cleanups import Unbroken
from operators._kernel.plan.contract import Contract
from operators.custom.async_source import AsyncSource
from operators.custom.kinds import Custom, Step
from operators.custom.sink import Sink, SinkSubscriber
from operators.custom.source import Source
from operators.custom.stage import Stage

__all__ = [
    "AsyncSource",
    "Contract",
    "Custom",
    "Sink",
    "SinkSubscriber",
    "Source",
    "Stage",
    "Step",
    "Unbroken",
]
