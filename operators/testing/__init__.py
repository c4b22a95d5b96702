"""The kit for tests of pipelines: virtual time, expectations, probes, marbles, leaks. No pytest is needed."""

from operators.testing._notation import MarbleError
from operators.testing._record import Signal
from operators.testing._timeline import VirtualWorker
from operators.testing.clock import VirtualClock
from operators.testing.interleavings import Actors, Explored, explore
from operators.testing.leaks import Leak, no_leaks
from operators.testing.ledger import Ledger, ledger
from operators.testing.marbles import Marbles, marbles
from operators.testing.operator_check import check_operator
from operators.testing.publisher import Misbehaviour, TestPublisher
from operators.testing.subscriber import TestSubscriber
from operators.testing.verifier import Expectation, expect

__all__ = [
    "Actors",
    "Expectation",
    "Explored",
    "Leak",
    "Ledger",
    "MarbleError",
    "Marbles",
    "Misbehaviour",
    "Signal",
    "TestPublisher",
    "TestSubscriber",
    "VirtualClock",
    "VirtualWorker",
    "check_operator",
    "expect",
    "explore",
    "ledger",
    "marbles",
    "no_leaks",
]
