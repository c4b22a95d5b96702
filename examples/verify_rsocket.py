"""A real third party: do the publishers of `rsocket` keep the rules?

    pip install rsocket rich
    python examples/verify_rsocket.py
    python -m tck verify examples/verify_rsocket.py:stream

`rsocket.streams` ships Publishers of nearly the shape of the specification: their `on_next` takes a
second argument, which says that this element is the last one. So an adapter is needed, and it is
all that stands between them and the kit: it turns that argument into on_complete, and passes on
everything else as it comes, also what is raised.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Any

from rsocket.payload import Payload
from rsocket.streams.empty_stream import EmptyStream
from rsocket.streams.error_stream import ErrorStream
from rsocket.streams.stream_from_generator import StreamFromGenerator

import tck
from reactive_streams import Publisher, Subscriber, Subscription

DECLARED = tck.Settings(per_subscriber=True, deadline=0.5)
"""Each Subscriber is to have a stream of its own: a factory of generators promises no less. And what
has not come from memory in half a second is not going to."""


class _Incoming:
    """The Subscriber that rsocket sees."""

    def __init__(self, subscriber: Subscriber[Any]) -> None:
        self._subscriber = subscriber

    def on_subscribe(self, subscription: Subscription) -> None:
        self._subscriber.on_subscribe(subscription)

    def on_next(self, value: Any, is_complete: bool = False) -> None:
        self._subscriber.on_next(value)
        if is_complete:
            self._subscriber.on_complete()

    def on_error(self, exception: Exception) -> None:
        self._subscriber.on_error(exception)

    def on_complete(self) -> None:
        self._subscriber.on_complete()


class Adapted(Publisher[Any]):
    """A Publisher of rsocket, as the specification has it."""

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher

    def subscribe(self, subscriber: Subscriber[Any], /) -> None:
        """Subscribes to the Publisher of rsocket."""
        given: Any = subscriber
        self._publisher.subscribe(None if given is None else _Incoming(subscriber))


def stream(elements: int) -> Publisher[Any]:
    """Returns a stream of so many payloads, made as rsocket's own examples make it."""

    def payloads() -> Generator[tuple[Payload, bool], None, None]:
        for number in range(elements):
            yield Payload(b"%d" % number), number == elements - 1

    # A generator without elements would be sent as one empty payload; that is what EmptyStream is for.
    return Adapted(StreamFromGenerator(payloads) if elements else EmptyStream())


def failed() -> Publisher[Any]:
    """Returns a stream that fails."""
    return Adapted(ErrorStream(ConnectionError("the peer is gone")))


def verified() -> tck.Report:
    """Returns what the kit finds; it sees by itself that an event loop is needed."""
    return tck.verify_publisher(
        stream, failed=failed, settings=DECLARED, subject="verify_rsocket:stream"
    )


if __name__ == "__main__":
    report = verified()
    print(report)
    sys.exit(not report.passed)
