"""Gate: a stage that somebody outside of the stream can end, and the switch by which all of them are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, repeat, takewhile
from operator import itemgetter, truth
from typing import Any, Protocol

from operators._kernel.fusing.feed import Feed
from operators._kernel.fusing.fusion import exhaustion, let_go
from operators._kernel.links.passing import GateStage
from operators._kernel.links.serial import nothing
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.scope import Scope


class Gate(Protocol):
    """What a switch ends."""

    def end(self, error: Exception | None) -> None:
        """Complete, or fail at once; on any thread, and more than once perhaps."""
        ...


class Switch:
    """Ends its gates once, from any thread; what enters later ends at once."""

    __slots__ = ("_claim", "_gates", "_thrown")

    def __init__(self) -> None:
        self._claim = Claim()
        self._thrown: tuple[Exception | None] | None = None
        self._gates: dict[int, Gate] = {}  # by identity

    @property
    def thrown(self) -> bool:
        """Whether it was thrown."""
        return self._claim.taken

    def throw(self, error: Exception | None = None) -> bool:
        """End all gates, gracefully or with an error at once; False: it was thrown before."""
        if not self._claim.take():
            return False
        self._thrown = (error,)
        # Those that entered first are ended first: a flow of flows before the one that it has given, for
        # else it would give the next one.
        for key, gate in self._gates.copy().items():
            if self._gates.pop(key, None) is gate:  # else it is over just now
                gate.end(error)
        return True

    def enter(self, gate: Gate) -> None:
        """Have a gate be ended as well."""
        self._gates[id(gate)] = gate
        thrown = self._thrown  # either this is seen, or the gate by who throws it
        if thrown is not None:
            self.leave(gate)
            gate.end(thrown[0])

    def leave(self, gate: Gate) -> None:
        """Let go of a gate that is over."""
        self._gates.pop(id(gate), None)


class SwitchedStage(GateStage):
    """Passes everything on until its switch is thrown."""

    __slots__ = ("_switch",)

    def __init__(self, switch: Switch, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._switch = switch

    def prepare(self) -> None:
        self._switch.enter(self)

    def closed(self) -> None:
        self._switch.leave(self)
        super().closed()

    def end(self, error: Exception | None) -> None:
        """Complete, or fail at once."""
        self.home.run(partial(self._end, error))

    def _end(self, error: Exception | None) -> None:
        if error is None:
            self.tell_across(self._shut_down, None, nothing)
        elif not self.over:
            self.abort(error)

    def _shut_down(self, _: None) -> None:
        self.stop()


class DrainedStage(SwitchedStage):
    """What stands after a source of a run that can be drained.

    A source with a queue of its own, which says so by a method `drained`, gives out what is in it first.
    """

    __slots__ = ()

    def _shut_down(self, _: None) -> None:
        drained: Callable[[], object] | None = getattr(self.upstream, "drained", None)
        if drained is None:
            self.stop()
        else:
            drained()


class _Iterated:
    """Ends what is iterated over: before the next item, which is not taken."""

    __slots__ = ("_going",)

    def __init__(self) -> None:
        self._going: list[None] = [None] * 256

    def of(self, items: Iterator[Any]) -> Iterator[Any]:
        """Return the items, for as long as it was not ended; by the language's own iterators, for speed."""
        # Whoever goes through a list that is cleared is at its end.
        going = chain.from_iterable(takewhile(truth, repeat(self._going)))
        return map(itemgetter(1), zip(going, items, strict=False))

    @property
    def over(self) -> bool:
        return not self._going

    def end(self, error: Exception | None) -> None:
        self._going.clear()


def drained_feed(items: Iterator[Any], switch: Switch) -> Feed:
    """Return the feed of a source that is over when the switch is thrown."""
    gate = _Iterated()
    switch.enter(gate)
    exhausted = exhaustion(items)

    def close() -> None:
        switch.leave(gate)
        let_go(items)

    return Feed(gate.of(items), lambda: gate.over or exhausted(), close, pauses=False)
