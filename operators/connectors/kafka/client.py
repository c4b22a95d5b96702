"""The client's side of both ends: its package, its configuration, a broker that answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from operators.connectors.extras import need

LOGGER = logging.getLogger("operators.connectors.kafka")
_CLIENTS = logging.getLogger("operators.connectors.kafka.librdkafka")
_CLIENTS.addHandler(logging.NullHandler())  # what counts of what it says is raised
_AGAIN = 0.02  # seconds between two questions for a topic that is being made
_SLICE = 0.25  # seconds, after which somebody who waits for a broker looks whether he still has to


def package() -> Any:
    """Return confluent_kafka, or raise what says how to install it."""
    return need("confluent_kafka", "kafka")


class Trouble:
    """What the client tells of by itself: brokers that are gone, credentials that are refused."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.down_since: float | None = None

    def __call__(self, error: Any) -> None:
        """Take note of it; the client calls this in its `poll`."""
        kafka = package()
        codes = kafka.KafkaError
        hopeless = (codes._AUTHENTICATION, codes._SSL, codes.SASL_AUTHENTICATION_FAILED)
        if error.fatal() or error.code() in hopeless:
            self.error = self.error or kafka.KafkaException(error)
        elif error.code() == codes._ALL_BROKERS_DOWN:
            self.down_since = self.down_since or monotonic()

    def look(self) -> None:
        """Raise what leaves no hope."""
        if self.error is not None:
            raise self.error


def configured(
    servers: str, config: Mapping[str, Any], trouble: Trouble, ours: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the configuration of a client; the user's goes before ours."""
    made = {"bootstrap.servers": servers, "error_cb": trouble, "logger": _CLIENTS}
    return {**made, **ours, **config}


def reach(
    client: Any,
    servers: str,
    topics: list[str],
    seconds: float,
    trouble: Trouble,
    given_up: Callable[[], bool],
    *,
    making: float = 0.0,
) -> None:
    """Wait until a broker answers and has the topics.

    Raises ConnectionError where none answers in time, LookupError for a topic that is not there, within
    `making` seconds where being asked for it may have it made, and KafkaException for what a broker refuses.
    """
    kafka = package()
    codes = kafka.KafkaError
    begun = monotonic()
    deadline = begun + seconds
    plain = [topic for topic in topics if not topic.startswith("^")]
    refused: Exception | None = None
    while not given_up():
        left = deadline - monotonic()
        client.poll(0)
        trouble.look()
        try:
            found = client.list_topics(*plain[:1], timeout=max(0.01, min(_SLICE, left)))
        except kafka.KafkaException as error:
            if left > 0 and error.args[0].code() in _not_yet(codes):
                continue
            if refused is not None:  # one has answered, and had no time left to do so again
                raise refused from None
            raise ConnectionError(
                f"{servers}: no broker answered within {seconds:g} s (connect_timeout=): "
                f"{error.args[0].str()}"
            ) from error
        for topic in plain[:1]:
            refusal = found.topics[topic].error
            if refusal is not None:
                refused = _refused(kafka, topic, refusal)
                unknown = refusal.code() == codes.UNKNOWN_TOPIC_OR_PART
                made_until = begun + making if unknown else deadline
                may_come = unknown or refusal.code() == codes.LEADER_NOT_AVAILABLE
                if may_come and monotonic() < min(made_until, deadline):
                    sleep(_AGAIN)  # it is being made
                    break
                raise refused
        else:
            refused = None
            plain = plain[1:]
            if not plain:
                return


def _not_yet(codes: Any) -> tuple[int, ...]:
    return codes._TRANSPORT, codes._TIMED_OUT, codes._ALL_BROKERS_DOWN


def _refused(kafka: Any, topic: str, error: Any) -> Exception:
    if error.code() == kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
        return LookupError(f"no such topic: {topic}")
    refused: Exception = kafka.KafkaException(error)
    return refused


@contextmanager
def quietly(what: str) -> Generator[None]:
    """Log what the client raises here, at an end that comes all the same."""
    try:
        yield
    except package().KafkaException as error:
        LOGGER.warning("%s: %s", what, error)
