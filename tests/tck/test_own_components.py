"""Every source and operator of `operators` is verified by the conformance kit, and none is left out."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import operators.processors
from operators import Flow, as_processor
from operators.schedulers import thread
from tck import Settings, verify_publisher, verify_subscriber
from tests.tck.own import OPERATORS, PROCESSORS, SOURCES, TAKING, Own
from tests.tck.verifying import conforms, ids, verify_operator, verify_source

# They run a flow, or say something of it.
NOT_COMPONENTS = {"subscribe", "run", "for_each", "describe", "explain", "to_marbles"}


@pytest.mark.long
@pytest.mark.parametrize("own", SOURCES, ids=ids(SOURCES))
def test_a_source_keeps_the_rules(own: Own) -> None:
    conforms(verify_source(own, Settings(**own.declares)))


@pytest.mark.parametrize("own", OPERATORS, ids=ids(OPERATORS))
def test_an_operator_keeps_the_rules(own: Own) -> None:
    conforms(verify_operator(own, Settings(**own.declares)))


def test_a_hop_to_a_thread_keeps_the_rules_as_a_publisher() -> None:
    conforms(
        verify_publisher(
            lambda n: Flow.range(n).publish_on(thread("own"), prefetch=8),
            settings=Settings(per_subscriber=True),
        )
    )


class Collecting:
    """A Subscriber as a user writes one, of what for_each does."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def on_subscribe(self, subscription: Any) -> None:
        if subscription is None:
            raise TypeError
        if hasattr(self, "subscription"):
            subscription.cancel()
            return
        self.subscription = subscription
        subscription.request(4)

    def on_next(self, item: Any) -> None:
        if item is None:
            raise TypeError
        self.items.append(item)
        if len(self.items) % 4 == 0:
            self.subscription.request(4)

    def on_error(self, error: Any) -> None:
        if error is None:
            raise TypeError

    def on_complete(self) -> None:
        pass


def test_the_subscribers_of_the_examples_keep_the_rules() -> None:
    conforms(verify_subscriber(Collecting))


def test_a_standalone_processor_is_a_subscriber_that_keeps_the_rules() -> None:
    def fed() -> Any:
        processor: Any = as_processor(lambda flow: flow.map(int))
        Flow.from_publisher(processor).on_error_return(0).for_each(lambda _: None)
        return processor

    conforms(verify_subscriber(fed))


@pytest.mark.long
@pytest.mark.parametrize("own", PROCESSORS, ids=ids(PROCESSORS))
def test_a_processor_that_is_pushed_to_keeps_the_rules_as_a_publisher(own: Own) -> None:
    conforms(verify_publisher(own.make, settings=Settings(**own.declares)))


@pytest.mark.parametrize("kind", TAKING, ids=TAKING)
def test_a_processor_that_is_pushed_to_keeps_the_rules_as_a_subscriber(kind: str) -> None:
    def fed() -> Any:
        processor: Any = TAKING[kind]()
        processor.on_error_return(0).for_each(lambda _: None)
        return processor

    conforms(verify_subscriber(fed))


def processors() -> set[str]:
    named = set(operators.processors.__all__)
    return {name for name in named if isinstance(getattr(operators.processors, name), type)} - {
        "Emitted"
    }


def test_no_processor_is_left_out() -> None:
    assert processors() == {own.name for own in PROCESSORS}
    assert processors() - set(TAKING) == {"MergeHub"}  # which has sources, and is none's Subscriber


def public_methods() -> set[str]:
    return {
        name
        for name, member in inspect.getmembers(Flow, callable)
        if not name.startswith("_") and name not in NOT_COMPONENTS
    }


def test_none_is_left_out() -> None:
    known = {own.name for own in (*SOURCES, *OPERATORS)}
    assert public_methods() - known == set(), "add it to tests/tck/own.py"
    assert known - public_methods() == set()


def test_the_gate_sees_what_is_missing() -> None:
    known = {own.name for own in (*SOURCES, *OPERATORS) if own.name != "map"}
    assert public_methods() - known == {"map"}
