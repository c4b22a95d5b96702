"""Fusion: neighbouring steps become one generated function, with no call per step and item.

The generated text is ordinary Python, compiled once for each shape of pipeline; a line of it belongs
to one step, and so the line at which an exception was raised tells which operator failed. A run of
steps is cut into segments where one function cannot hold them all, and at each head.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import AsyncGeneratorType, GeneratorType
from typing import Any
from weakref import ref

from operators._kernel.failures.failure import drop_error
from operators._kernel.fusing.codegen import function
from operators._kernel.fusing.feed import Counted
from operators._kernel.fusing.writer import head_of, nests
from operators._kernel.hosts.cleanups import Unbroken
from operators._kernel.kinds import NoneCheck
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step

_LONGEST_SEGMENT = 40
_MOST_SEGMENTS = 40
_DEEPEST_NEST = 6  # Python allows 20 nested blocks in a function, and each nest takes three of them
_MOST_TWINS = 2  # each step with two loops, one plain and one async, doubles what follows it

Steps = Sequence[Node]


def segments(steps: Steps, *, asynchronous: bool = False) -> list[list[Node]]:
    """Cut a run of steps into segments, each of which becomes one function."""
    cut: list[list[Node]] = []
    current: list[Node] = []
    for node in steps:
        step: Step = node.operator
        if current and (
            len(current) >= _LONGEST_SEGMENT
            or head_of(step, asynchronous=asynchronous)
            or any(n.operator.flush for n in current)
            or (step.flush and _may_end(current, asynchronous))
            or (
                nests(step, asynchronous=asynchronous)
                and _nests(current, asynchronous)
                >= (_MOST_TWINS if asynchronous else _DEEPEST_NEST)
            )
        ):
            cut.append(current)
            current = []
        current.append(node)
    if current or not cut:
        cut.append(current)
    return cut


def _may_end(steps: Steps, asynchronous: bool) -> bool:
    return any(node.operator.stops for node in steps) or bool(_nests(steps, asynchronous))


def _nests(steps: Steps, asynchronous: bool) -> int:
    return sum(nests(node.operator, asynchronous=asynchronous) for node in steps)


def nestable(steps: Steps) -> int:
    """Return how many of the steps may be fused with their source.

    Each segment of them is a generator over the one before, and so takes a frame of the stack.
    """
    if len(steps) <= _MOST_SEGMENTS:
        return len(steps)
    return sum(map(len, segments(steps)[:_MOST_SEGMENTS]))


def exhaustion(source: Iterator[Any]) -> Callable[[], bool]:
    """Return a function that tells, without pulling, whether the iterator is known to be at its end."""
    if type(source) in _SIZED or isinstance(source, Counted):
        hint = operator.length_hint
        return lambda: hint(source) == 0
    return never


def cannot_fail(source: Iterator[Any]) -> bool:
    """Whether this is an iterator of the language's own, that needs nobody to look after it."""
    return type(source) in _SIZED


def never() -> bool:
    """Return False."""
    return False


_SAMPLES: tuple[Any, ...] = (range(0), range(2**70), (), [], "", "\u1234", b"", bytearray())
_SIZED: frozenset[Any] = frozenset([type(iter(sample)) for sample in _SAMPLES])
"""Iterators of the language whose length hint is exact, and which never fail.

Those of a dict or a set are not: one that was changed meanwhile fails, and gives 0 as a hint.
"""


def let_go(items: Any) -> None:
    """Close a generator that nobody pulls any more; what its cleanup raises no one can receive."""
    # Only what nobody else can go on with is closed; a file or a cursor belongs to its opener.
    if isinstance(items, GeneratorType):
        try:
            items.close()
        except Exception as error:
            drop_error(error, "raised by a source's cleanup")


async def alet_go(items: Any) -> None:
    """Close an async generator that nobody pulls any more, likewise."""
    if isinstance(items, AsyncGeneratorType):
        try:
            with Unbroken():
                await items.aclose()
        except Exception as error:
            drop_error(error, "raised by a source's cleanup")


def nothing() -> None:
    """Do nothing."""


OnNext = Callable[[Any], None]
Flush = Callable[[], None]
Leftovers = Callable[[], list[Any]]
Receiver = Callable[[Any, list[None]], tuple[OnNext, Callable[[], None], Callable[[], None]]]
"""Gives, for an inlet and its token, its on_next, what has that let go of what is below, and what marks
that something is to be done after a signal."""


def pushed(
    segment: Steps, stage: Any, emit: OnNext, *, foreign: bool
) -> tuple[OnNext, Flush, Leftovers, Receiver]:
    """Return on_next, flush, leftovers and receiver of a stage that runs one segment of steps.

    With `foreign` the stage delivers to somebody's Subscriber, and what that raises goes to `broken`.
    """
    code = function("edge" if foreign else "push", [node.operator for node in segment])
    functions: tuple[OnNext, Flush, Leftovers, Receiver]
    values: dict[str, Any] = {}
    for index, node in enumerate(segment):
        for name, value in node.operator.values().items():
            values[f"{name}{index}"] = value
        if isinstance(node.operator, NoneCheck):
            culprit = node.operator.culprit
            # Weakly: who keeps this function, the inlet above, is not to keep what is below (§3.13).
            giver = partial(_giver, ref(stage), culprit)
            values[f"error{index}"] = node.operator.blaming(giver)
    functions = code.build(stage, emit, (code, segment), None, **values)
    return functions


def _giver(below: ref[Any], culprit: Node) -> Node | None:
    """Return the source of the inner flow whose item a stage is given by the one right above it."""
    stage = below()
    above: Any = None if stage is None else stage.upstream
    given = getattr(above, "giver", None)
    return given() if given is not None and above.node is culprit else None


def received(stage: Any, emit: OnNext) -> Receiver:
    """Return the receiver for a stage that runs no steps."""
    receiver: Receiver = function("received", ()).build(stage, emit)
    return receiver
