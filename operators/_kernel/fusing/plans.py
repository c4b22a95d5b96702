"""Plans: what is known of a run of steps by its shape alone, kept for the next one of that shape."""

from __future__ import annotations

from typing import Any

from operators._kernel.fusing.codegen import Function, function
from operators._kernel.fusing.fusion import Steps, segments
from operators._kernel.fusing.writer import head_of, nests
from operators._kernel.plan.step import Step


class Plan:
    """What is known of one segment by its shape alone."""

    __slots__ = (
        "_functions", "chains", "drives", "end", "final", "first", "head", "holding", "one_for_one",
        "opening", "plain", "several",
    )  # fmt: skip

    def __init__(self, segment: Steps, first: int, *, asynchronous: bool) -> None:
        steps: list[Step] = [node.operator for node in segment]
        self.first = first
        self.end = first + len(steps)
        self.head: str = head_of(steps[0], asynchronous=asynchronous) if steps else ""
        self.several = any(step.several for step in steps)
        self.final = any(step.final for step in steps)
        self.holding = [index for index, step in enumerate(steps) if step.gathers]
        self.opening = [
            index
            for index, step in enumerate(steps)
            if (not index and self.head) or type(step).bound is not Step.bound
        ]
        self.chains = bool(steps) and steps[0].visits and all(step.explains for step in steps[1:])
        """Whether its head may give visits, and nothing but a check for None comes after that."""
        self.one_for_one = all(step.one_for_one for step in steps)
        self.drives = not any(step.flush or nests(step, asynchronous=False) for step in steps)
        """Whether one function that is left and gone on with can deliver: it is in no loop but the first."""
        self.plain = not (self.head or self.final or self.holding or self.opening)
        """Whether only its items concern it: no other flow, nothing held, nothing to do at the end."""
        self._functions: dict[tuple[str, bool], Function] = {}

    def function(self, world: str, segment: Steps, pausing: bool) -> Function:
        """Return the function of the segment in one world."""
        known = self._functions.get((world, pausing))
        if known is None:
            steps = [node.operator for node in segment]
            self._functions[world, pausing] = known = function(world, steps, pausing=pausing)
        return known


_plans: dict[tuple[Any, ...], list[Plan]] = {}
_MOST_PLANS = 512


def plans(steps: Steps, *, asynchronous: bool = False) -> list[Plan]:
    """Return the plans of the segments of some steps, which depend on their shape alone."""
    kinds: list[Any] = [(type(node.operator), node.operator.closed) for node in steps]
    shape: tuple[Any, ...] = (asynchronous, *kinds)
    known = _plans.get(shape)
    if known is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        _plans[shape] = known = _plan(steps, asynchronous=asynchronous)
    return known


def _plan(steps: Steps, *, asynchronous: bool) -> list[Plan]:
    found: list[Plan] = []
    first = 0
    for segment in segments(steps, asynchronous=asynchronous):
        found.append(Plan(segment, first, asynchronous=asynchronous))
        first += len(segment)
    return found


def plain_steps(steps: Steps) -> int:
    """Return how many of the steps are best run by plain generators below an async one.

    Those are the ones that only a plain generator can be, and all segments but the last, as long as no
    flow that may be asynchronous is opened there.
    """
    cut = 0
    for index, node in enumerate(steps):
        step: Step = node.operator
        if step.head in ("turns", "join") and not step.async_body:
            cut = index + 1 if step.head == "join" else index
    rest = steps[cut:]
    if any(node.operator.async_body for node in rest):
        return cut
    return cut + sum(map(len, segments(rest, asynchronous=True)[:-1]))


def only_plain(steps: Steps) -> bool:
    """Whether one of the steps can only be run by a plain generator."""
    return any(n.operator.head in ("turns", "join") and not n.operator.async_body for n in steps)
