"""The bridge of `operators.connectors.jvm`, as the suites use it; to be imported when the JVM runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jpype import JClass, JImplements, JOverride

from operators.connectors.jvm.bridge import FromPublisher, ToProcessor, ToSubscription
from operators.connectors.jvm.convert import to_publisher, to_subscriber
from operators.connectors.jvm.machine import proxied

__all__ = [
    "Bridge",
    "FromPublisher",
    "Make",
    "ToSubscription",
    "processor",
    "publisher",
    "subscriber",
]

Bridge = JClass("Bridge")
publisher = to_publisher
subscriber = to_subscriber
# What is called after a cancel is to reach our components, for that is what is looked at.
ToSubscription.cuts = False


@JImplements("Bridge$Make")
class Make:
    """A factory for the suites of Java."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        self.function = function

    @JOverride
    def make(self, n: Any) -> Any:
        """Return what the suite looks at."""
        return self.function(int(n))


def processor(target: Any) -> Any:
    """Return a Processor of Python as one of Java."""
    return proxied(("Processor",), ToProcessor(target))
