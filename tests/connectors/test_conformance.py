"""Every source and sink of the connectors is verified by the conformance kit, and none is left out."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import operators.connectors
from operators import Flow, Handle
from operators.custom import Sink
from tck import Settings, verify_subscriber
from tests.connectors.catalogue import APART, NEEDS, SINKS, SLOW, SOURCES, VALUES
from tests.connectors.servers.jvm import apart
from tests.tck.own import Own
from tests.tck.verifying import conforms, ids, verify_source

pytestmark = pytest.mark.long


def params(owns: list[Own]) -> list[Any]:
    """The components, of which those that need a real server are marked."""
    return [
        pytest.param(
            own, id=name, marks=[pytest.mark.server(each) for each in NEEDS.get(own.name, ())]
        )
        for own, name in zip(owns, ids(owns), strict=True)
    ]


@pytest.mark.parametrize("own", params([*SOURCES, *SINKS]))
def test_a_flow_that_begins_or_ends_in_it_keeps_the_rules(own: Own) -> None:
    if own.name in APART:
        assert apart("kit", own.name).endswith("conforms")
        return
    if own.name in SLOW:
        own.make(1)
    conforms(verify_source(own, Settings(**own.declares)))


@pytest.mark.parametrize("own", params(SINKS))
def test_a_sink_is_a_subscriber_that_keeps_the_rules(own: Own) -> None:
    sink = sink_of(own)

    def made() -> Any:
        subscriber = sink.subscriber()
        runs.append(subscriber.handle)
        return Given(subscriber, VALUES[own.name]) if own.name in VALUES else subscriber

    runs: list[Handle] = []
    conforms(verify_subscriber(made))
    for run in runs:
        run.cancel()
        with suppress(Exception):  # the kit's own
            run.result()


class Given:
    """A Subscriber that is given values of another kind."""

    def __init__(self, subscriber: Any, value: Callable[[int], Any]) -> None:
        self.on_subscribe = subscriber.on_subscribe
        self.on_error = subscriber.on_error
        self.on_complete = subscriber.on_complete
        self._on_next = subscriber.on_next
        self._value = value

    def on_next(self, item: Any) -> None:
        self._on_next(None if item is None else self._value(item))


def sink_of(own: Own) -> Sink[Any]:
    """The sink that a component of the catalogue applies."""
    sinks: list[Sink[Any]] = []

    def apply(flow: Any, sink: Sink[Any]) -> Any:
        sinks.append(sink)
        return flow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flow, "apply", apply)
        own.make(1)
    return sinks[0]


def public_functions() -> set[str]:
    """Every function of a connector that gives a Flow or a Sink, by its annotation."""
    found: set[str] = set()
    for package in pkgutil.iter_modules(operators.connectors.__path__):
        if not package.ispkg:
            continue
        module = importlib.import_module(f"operators.connectors.{package.name}")
        for name in module.__all__:
            member = getattr(module, name)
            gives = str(getattr(member, "__annotations__", {}).get("return", ""))
            if inspect.isfunction(member) and gives.startswith(("Flow", "Sink")):
                found.add(f"{package.name}.{name}")
    return found


def test_none_is_left_out() -> None:
    known = {own.name for own in (*SOURCES, *SINKS)}
    assert public_functions() - known == set(), "add it to tests/connectors/catalogue/"
    assert known - public_functions() == set()


def test_the_gate_sees_what_is_missing() -> None:
    known = {own.name for own in (*SOURCES, *SINKS) if own.name != "queues.sink"}
    assert public_functions() - known == {"queues.sink"}
