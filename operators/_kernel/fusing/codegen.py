"""Codegen: the text of the function that a segment of steps becomes, in each world.

Whoever pulls is served by a generator: "for", where it may block; "loop", where a PAUSE is given instead,
and which can be told to halt; "mixed", an async generator over a plain iterator; and "async", one over an
async iterator. What is pushed goes through the on_next of a stage ("push"), which at the edge to somebody's
Subscriber looks after what that raises ("edge"). A function is written and compiled once for each shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.failures.firsts import first
from operators._kernel.fusing.blame import Blame
from operators._kernel.fusing.feed import PAUSE
from operators._kernel.fusing.pulls import write_drive, write_pull
from operators._kernel.fusing.pushes import write_push, write_received
from operators._kernel.fusing.writer import DELIVERY, AsyncPull, Edge, Loop, Pull, Push, Writer
from operators._kernel.plan.step import Step


def _write(world: str, steps: Sequence[Step], pausing: bool) -> Writer:
    match world:
        case "for":
            return write_pull(steps, Pull, source_async=False, pausing=False)
        case "drive":
            return write_drive(steps, pausing=pausing)
        case "loop":
            return write_pull(steps, Loop, source_async=False, pausing=pausing)
        case "mixed":
            return write_pull(steps, AsyncPull, source_async=False, pausing=pausing)
        case "async":
            return write_pull(steps, AsyncPull, source_async=True, pausing=False)
        case "received":
            return write_received()
        case "push":
            return write_push(steps, Push)
        case _:
            return write_push(steps, Edge)


class _Source:
    """Lets a traceback show the lines of the generated function."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, _: str) -> str:
        return self._text


class Function:
    """A compiled factory for one shape of segment, and whose line is whose."""

    __slots__ = ("build", "deliveries", "lines", "owners", "pauses")

    def __init__(self, out: Writer, steps: Sequence[Step]) -> None:
        text = "\n".join(out.lines) + "\n"
        titles = [step.name for step in steps]
        shown = titles if len(titles) < 8 else [*titles[:3], "...", *titles[-3:]]
        title = " | ".join(shown) or "items"
        space: dict[str, Any] = {
            "__name__": f"flow {title}", "__loader__": _Source(text), "pause": PAUSE,
            "nothing": NOTHING, "first": first, "empty": iter(()),
            "Blame": Blame,
        }  # fmt: skip
        exec(compile(text, f"<flow {title}>", "exec"), space)
        self.build: Callable[..., Any] = space["build"]
        self.lines = out.lines
        self.pauses: bool = any(line.endswith("yield pause") for line in out.lines)
        """Whether it may give a PAUSE."""
        self.deliveries: frozenset[int] = frozenset(
            number for number, owner in enumerate(out.owners, 1) if owner == DELIVERY
        )
        """The numbers of the lines that deliver an item."""
        self.owners = out.owners


_functions: dict[tuple[Any, ...], Function] = {}
_MOST_FUNCTIONS = 512


def function(world: str, steps: Sequence[Step], *, pausing: bool = False) -> Function:
    """Return the function of one world ("for", "loop", "mixed", "async", "push" or "edge") for these steps.

    Its text depends on nothing but the world and the shape: which steps, which are over at once, and
    whether what is upstream may pause.
    """
    shape = (world, pausing, *[(type(step), step.closed) for step in steps])
    known = _functions.get(shape)
    if known is None:
        if len(_functions) >= _MOST_FUNCTIONS:
            _functions.clear()
        _functions[shape] = known = Function(_write(world, steps, pausing), steps)
    return known
