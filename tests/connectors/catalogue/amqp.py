"""A RabbitMQ: a queue for each."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.connectors import values
from tests.connectors.faults.amqp import BROKER, sink, source
from tests.connectors.kit import EACH
from tests.tck.own import Own

needs = "amqp"
# Each Subscriber has a queue of its own, which is filled for it.
_SOME: dict[str, Any] = {**EACH, "max_elements": 200}


def _amqp_source(elements: int) -> Flow[Any]:
    def filled() -> Flow[Any]:
        place = BROKER.new(BROKER.server())
        writing = Flow.range(min(elements, 200)).map(BROKER.item).apply(sink(*place))
        # The window is of what was not acknowledged, so each one is.
        read = source(*place, follow=False).apply(values())
        return writing.ignore_elements().concat(read)

    return Flow.defer(filled)


def _amqp_sink(elements: int) -> Flow[Any]:
    place = BROKER.new(BROKER.server())
    return Flow.range(elements).map(BROKER.item).apply(sink(*place))


SOURCES = [Own("amqp.source", _amqp_source, _SOME, hops=True)]
SINKS = [Own("amqp.sink", _amqp_sink, EACH, hops=True)]
VALUES = {"amqp.sink": BROKER.item}
