"""Valve: what holds items back while it is shut, and the stage that heeds it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any
from weakref import WeakSet

from operators._kernel.links.inbox import InboxStage
from operators._kernel.links.queued import EMPTY
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class Valve:
    """Opens and shuts flows, by `flow.valve(valve)`, from any thread; it is open to begin with."""

    __slots__ = ("__weakref__", "_lock", "_open", "_stages")

    def __init__(self) -> None:
        self._lock: threading.Lock = threading.Lock()
        self._open: bool = True
        self._stages: WeakSet[Any] = WeakSet()

    def __repr__(self) -> str:
        return f"<Valve, {'open' if self._open else 'shut'}>"

    @property
    def is_open(self) -> bool:
        """Whether items pass."""
        return self._open

    def pause(self) -> None:
        """Have no further item pass; one that is being delivered now still is."""
        self._open = False

    def resume(self) -> None:
        """Have items pass again, those that wait first."""
        self._open = True
        with self._lock:
            stages = list(self._stages)
        for stage in stages:
            stage.home.run(stage.schedule)

    def heeded_by(self, stage: Any) -> None:
        """Take note of a stage that is to go on when the valve opens."""
        with self._lock:
            self._stages.add(stage)


class ValveStage(InboxStage):
    """Keeps what comes while the valve is shut: up to its prefetch, since it asks for no more."""

    __slots__ = ("_valve",)

    def __init__(
        self, valve: Valve, downstream: Any, node: Node, scope: Scope, prefetch: int
    ) -> None:
        super().__init__(downstream, node, scope, prefetch)
        self._valve = valve
        valve.heeded_by(self)

    def held_up(self) -> str:
        return "" if self._valve.is_open else "its valve is shut"

    def poll(self) -> Any:
        item = self.inbox.poll() if self._valve.is_open else EMPTY
        if item is not EMPTY:
            self.inbox.replenish()
        return item

    def deliver(self, wanted: int) -> int:
        return super(InboxStage, self).deliver(wanted)

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        return super(InboxStage, self).polled(pause)
