"""Fusion: neighbouring steps become one generated function, with no call per step and item.

The generated text is ordinary Python, compiled once for each shape of pipeline; a line of it belongs
to one step, and so the line at which an exception was raised tells which operator failed. A run of
steps is cut into segments where one function cannot hold them all.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from operators._kernel.codegen import SOURCE, Function, function
from operators._kernel.failure import annotate, drop_error, user_frames
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.step import Step

_LONGEST_SEGMENT = 40
_MOST_SEGMENTS = 40
_DEEPEST_NEST = 6  # Python allows 20 nested blocks in a function, and each nest takes three of them

Steps = Sequence[Node]


def segments(steps: Steps) -> list[list[Node]]:
    """Cut a run of steps into segments, each of which becomes one function."""
    cut: list[list[Node]] = []
    current: list[Node] = []
    for node in steps:
        step: Step = node.operator
        if current and (
            len(current) >= _LONGEST_SEGMENT
            or any(n.operator.flush for n in current)
            or (step.flush and any(n.operator.stops or n.operator.nests for n in current))
            or (step.nests and sum(n.operator.nests for n in current) >= _DEEPEST_NEST)
        ):
            cut.append(current)
            current = []
        current.append(node)
    if current or not cut:
        cut.append(current)
    return cut


def nestable(steps: Steps) -> int:
    """Return how many of the steps may be fused with their source.

    Each segment of them is a generator over the one before, and so takes a frame of the stack.
    """
    if len(steps) <= _MOST_SEGMENTS:
        return len(steps)
    return sum(map(len, segments(steps)[:_MOST_SEGMENTS]))


def _values(steps: Steps) -> dict[str, Any]:
    return {
        f"{name}{index}": value
        for index, node in enumerate(steps)
        for name, value in node.operator.values().items()
    }


class _Blame:
    """Finds the operator that raised, by the line, and annotates the error with it."""

    __slots__ = ("_code", "_sink", "_source", "_steps")

    def __init__(
        self,
        code: Function,
        steps: Steps,
        source: Node | None,
        sink: Callable[[Exception], None] | None,
    ) -> None:
        self._code = code
        self._steps = steps
        self._source = source
        self._sink = sink

    def __call__(self, error: Exception, item: Any) -> Exception:
        traceback = error.__traceback__
        line = traceback.tb_lineno - 1 if traceback is not None else 0
        owner = self._code.owners[line]
        if owner == SOURCE:
            if self._source is not None:
                error = annotate(error, self._source)
        elif owner is not None and owner >= 0:
            if traceback is not None and self._code.lines[line].lstrip().startswith("for "):
                # The item is one of the inner iterable's by now; the step has kept the outer one.
                item = traceback.tb_frame.f_locals[f"origin{owner}"]
            error = annotate(error, self._steps[owner], item)
        error = error.with_traceback(user_frames(error.__traceback__))
        if self._sink is not None:
            self._sink(error)
        return error


def _exhaustion(source: Iterator[Any]) -> Callable[[], bool]:
    """Return a function that tells, without pulling, whether the iterator is known to be at its end."""
    if type(source) in _SIZED:
        hint = operator.length_hint
        return lambda: hint(source) == 0
    return _unknown


def cannot_fail(source: Iterator[Any]) -> bool:
    """Whether this is an iterator of the language's own, that needs nobody to look after it."""
    return type(source) in _SIZED


def _unknown() -> bool:
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
            await items.aclose()
        except Exception as error:
            drop_error(error, "raised by a source's cleanup")


Sink = Callable[[Exception], None]


def open_items(
    source: Iterator[Any], origin: Node, steps: Steps, scope: Scope
) -> Generator[Any, None, None]:
    """Return the items of an iterator after the steps.

    An item is pulled from the iterator only when one is pulled from the result. What a step raises
    is annotated and raised.
    """
    items: Generator[Any, None, None] = _open("for", source, origin, steps, scope, None)[0]
    return items


def open_loop(
    source: Iterator[Any], origin: Node, steps: Steps, scope: Scope, sink: Sink | None = None
) -> tuple[Generator[Any, None, None], Callable[[], bool], Callable[[], None]]:
    """Return the items, whether their end is known by now, and a function to end them.

    That may be called from any thread, while they are pulled: so they end although no item passes. What
    a step raises is shown to `sink` as well.
    """
    return _open("loop", source, origin, steps, scope, sink)


def _open(
    world: str, source: Iterator[Any], origin: Node, steps: Steps, scope: Scope, sink: Sink | None
) -> tuple[Any, Callable[[], bool], Callable[[], None]]:
    items: Any = source
    halts: list[Callable[[], None]] = []
    ending = _exhaustion(source)
    node: Node | None = origin
    for segment in segments(steps):
        code = function(world, _steps(segment))
        fail = _Blame(code, segment, node, sink)
        items, ending, halt = code.build(
            items, fail, let_go, scope.discard, ending, **_values(segment)
        )
        halts.append(halt)
        node = None

    def halt_all() -> None:
        for halt in halts:
            halt()

    return items, ending, halts[0] if len(halts) == 1 else halt_all


def open_async_items(
    source: Any,
    origin: Node,
    steps: Steps,
    scope: Scope,
    sink: Sink | None = None,
) -> tuple[Any, Callable[[], bool]]:
    """Return an async generator of the items of an iterator, plain or async, after the steps."""
    is_async = isinstance(source, AsyncIterator)
    items: Any = source
    node: Node | None = origin
    ending = _unknown if is_async else _exhaustion(source)
    for segment in segments(steps):
        code = function("async" if is_async else "mixed", _steps(segment))
        fail = _Blame(code, segment, node, sink)
        close = alet_go if is_async else let_go
        items, ending, _ = code.build(items, fail, close, scope.discard, ending, **_values(segment))
        node, is_async = None, True
    return items, ending


def _steps(segment: Steps) -> list[Step]:
    return [node.operator for node in segment]


OnNext = Callable[[Any], None]
Flush = Callable[[], None]
Leftovers = Callable[[], list[Any]]


def pushed(
    segment: Steps, stage: Any, emit: OnNext, *, foreign: bool
) -> tuple[OnNext, Flush, Leftovers]:
    """Return on_next, flush and leftovers of a stage that runs one segment of steps.

    With `foreign` the stage delivers to somebody's Subscriber, and what that raises goes to `broken`.
    """
    code = function("edge" if foreign else "push", _steps(segment))
    fail = _Blame(code, segment, None, None)
    functions: tuple[OnNext, Flush, Leftovers]
    functions = code.build(stage, emit, fail, **_values(segment))
    return functions
