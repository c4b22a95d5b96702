"""Operators: pipelines in which every stage passes the demand of its Subscriber on.

`Flow` is where to begin:

>>> from operators import Flow
>>> list(Flow.range(10).filter(lambda n: n % 2).map(lambda n: n * n))
[1, 9, 25, 49, 81]
"""

from operators._kernel.failures.failure import BackpressureError, OneShotError, RuleViolation
from operators._kernel.links.dealing import GroupError
from operators._kernel.links.valve import Valve
from operators._kernel.plan.contract import Contract
from operators._kernel.running.explain import Explanation, StageInfo
from operators._kernel.running.handle import Handle
from operators._kernel.running.sharing import Connection, Disconnected
from operators.concurrency.adaptive import Adaptive, adaptive
from operators.connectable import ConnectableFlow
from operators.errors.backoff import Attempt, Backoff
from operators.errors.circuit_breaker import CircuitBreaker, CircuitOpenError
from operators.errors.skip_errors import DeadLetter
from operators.flow import Flow
from operators.grouped import GroupedFlow
from operators.lifecycle.kill_switch import KillSwitch
from operators.processors import (
    Emitted,
    Latest,
    MergeHub,
    Multicast,
    PartitionHub,
    Replay,
    Unicast,
    as_processor,
)
from operators.rails import Rails
from operators.results import ManyItemsError, NoItemError
from operators.resumable import ResumableFlow
from operators.sources.create import AsyncEmitter, Emitter
from operators.transform.materialize import OnComplete, OnError, OnNext, Signal
from operators.watching.serving import serve_where_asked

__all__ = [
    "Adaptive",
    "AsyncEmitter",
    "Attempt",
    "Backoff",
    "BackpressureError",
    "CircuitBreaker",
    "CircuitOpenError",
    "ConnectableFlow",
    "Connection",
    "Contract",
    "DeadLetter",
    "Disconnected",
    "Emitted",
    "Emitter",
    "Explanation",
    "Flow",
    "GroupError",
    "GroupedFlow",
    "Handle",
    "KillSwitch",
    "Latest",
    "ManyItemsError",
    "MergeHub",
    "Multicast",
    "NoItemError",
    "OnComplete",
    "OnError",
    "OnNext",
    "OneShotError",
    "PartitionHub",
    "Rails",
    "Replay",
    "ResumableFlow",
    "RuleViolation",
    "Signal",
    "StageInfo",
    "Unicast",
    "Valve",
    "adaptive",
    "as_processor",
]

serve_where_asked()
