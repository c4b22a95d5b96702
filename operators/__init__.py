"""Operators: pipelines in which every stage passes the demand of its Subscriber on.

`Flow` is where to begin:

>>> from operators import Flow
>>> list(Flow.range(10).filter(lambda n: n % 2).map(lambda n: n * n))
[1, 9, 25, 49, 81]
"""

from operators._kernel.contract import Contract
from operators._kernel.explain import Explanation, StageInfo
from operators._kernel.failure import BackpressureError, OneShotError, RuleViolation
from operators._kernel.handle import Handle
from operators.flow import Flow
from operators.processor import as_processor
from operators.sources.create import AsyncEmitter, Emitter

__all__ = [
    "AsyncEmitter",
    "BackpressureError",
    "Contract",
    "Emitter",
    "Explanation",
    "Flow",
    "Handle",
    "OneShotError",
    "RuleViolation",
    "StageInfo",
    "as_processor",
]
