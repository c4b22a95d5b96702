"""Nobody keeps a Subscriber after its Subscription is cancelled, or its stream is over (§3.13)."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import Executor
from typing import Any

from operators import Flow
from tests.leaks.world import Build, World
from tests.operators.kit import Probe, eventually


def gone(reference: weakref.ref[Any]) -> bool:
    gc.collect()
    return reference() is None


def subscribed(flow: Flow[Any], request: int) -> tuple[weakref.ref[Probe], Probe]:
    probe = Probe(request)
    flow.subscribe(probe)
    return weakref.ref(probe), probe


def test_after_cancel(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    flow = build(world)
    reference, probe = subscribed(flow, 2)
    probe.until_items(2)
    probe.cancel()
    world.all_closed()
    del probe
    eventually(lambda: gone(reference), "that the Subscriber is dropped after cancel")
    del flow  # the Publisher was there all the time


def test_after_completion(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    flow = build(world).take(3)
    reference, probe = subscribed(flow, 5)
    probe.until_end()
    assert probe.completed
    world.all_closed()
    del probe
    eventually(lambda: gone(reference), "that the Subscriber is dropped after completion")
    del flow


def test_after_an_error(build: Build, executor: Executor) -> None:
    world = World(fails=True, executor=executor)
    flow = build(world)
    reference, probe = subscribed(flow, 10_000)
    probe.until_end()
    assert probe.error is not None
    world.all_closed()
    del probe
    eventually(lambda: gone(reference), "that the Subscriber is dropped after an error")
    del flow
