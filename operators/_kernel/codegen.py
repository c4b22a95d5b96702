"""Codegen: the text of the function that a segment of steps becomes, in each world.

Whoever pulls is served by a generator: "for", where it may block; "loop", where a PAUSE is given instead,
and which can be told to halt; "mixed", an async generator over a plain iterator; and "async", one over an
async iterator. What is pushed goes through the on_next of a stage ("push"), which at the edge to somebody's
Subscriber looks after what that raises ("edge"). A function is written and compiled once for each shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from operators._kernel.failure import NOTHING
from operators._kernel.feed import PAUSE
from operators._kernel.firsts import first
from operators._kernel.step import Step
from operators._kernel.writer import (
    SOURCE,
    AsyncPull,
    Edge,
    Loop,
    Pull,
    Push,
    Writer,
    expression,
    head_of,
    nests,
    write_body,
    write_flush,
)


def _names(steps: Sequence[Step]) -> list[str]:
    names: list[str] = []
    for index, step in enumerate(steps):
        names += [f"{name}{index}" for name in step.values()]
    return names


def _write_firsts(out: Writer, steps: Sequence[Step]) -> None:
    for index, step in enumerate(steps):
        if step.function:
            name = f"{step.function}{index}"
            out.add(1, f"def settle{index}(known):")
            out.add(2, f"nonlocal {name}")
            out.add(2, f"{name} = known")
            out.add(1, f"{name} = first({step.name!r}, {step.function!r}, {name}, settle{index})")


def _leftovers(steps: Sequence[Step]) -> list[tuple[str, int]]:
    return [(expression(s.leftovers, i), i) for i, s in enumerate(steps) if s.leftovers]


def _write_pull(
    steps: Sequence[Step], kind: type[Pull], *, source_async: bool, pausing: bool
) -> Writer:
    """Write the factory of a (possibly async) generator, and of its `ending` function."""
    out = Writer()
    head = head_of(steps[0], asynchronous=kind.is_async) if steps else ""
    places = any(step.final for step in steps)
    world = kind(places=places)
    wait = "await " if kind.is_async else ""
    discards = [f"discard{index}" for _, index in _leftovers(steps)]
    names = _names(steps)
    given = ["source", "fail", "close", "exhausted", "run", "head", "places", "finish"]
    out.add(0, f"def build({', '.join([*given, *discards, *names])}):")
    _write_firsts(out, steps)
    out.add(1, "ended = False")
    out.add(1, "pace = run.pace")
    if kind.is_async:
        out.add(1, "turn = run.turn")
    out.add(1, f"{'async ' if kind.is_async else ''}def items():")
    resumes = ["source"] if head == "resume" else []
    out.add(2, f"nonlocal {', '.join(['ended', *resumes, *names])}")
    out.add(2, "v = None")
    out.add(2, "beat = 1")
    if places:
        out.add(2, f"at = {len(steps)}")
    if head == "signals":
        out.add(2, "over = False")
    out.add(2, "try:")
    closed = next((index for index, step in enumerate(steps) if step.closed), None)
    if closed is not None:
        out.add_all(3, world.stop(closed))
    if head == "resume":
        _write_resuming(out, 3, steps, world, source_async=source_async, pausing=pausing)
    else:
        _write_loop(out, 3, steps, world, source_async=source_async, pausing=pausing)
    if head == "signals":
        out.add(3, "over = True")
        out.add(3, "v = nothing")
        out.add(3, "head.completed()", 0)
    if places:
        out.add(3, "at = -1")
    if any(step.flush for step in steps):
        out.add(3, "ended = True")  # what is still emitted is the last item
    write_flush(out, 3, steps, world)
    out.add(2, "except Exception as error:")
    out.add(3, "error = fail(error, v)")
    if head == "signals":
        out.add(3, "if fail.at < 0:")
        out.add(4, "over = True")
        out.add(4, "error = fail.shown(head.failed(error))")
        out.add(3, "elif not fail.at:")
        out.add(4, "over = True")
    if places:
        out.add(3, "at = fail.at")
    out.add(3, "raise error")
    out.add(2, "finally:")
    out.add(3, "ended = True")
    if head == "signals":
        out.add(3, "if not over: head.cancelled()")
    for text, index in _leftovers(steps):
        out.add(3, f"discard{index}({text})")
    out.add(3, "await close()" if source_async else "close()")
    if places:
        out.add(3, "places(at)")
    out.add(3, f"{wait}finish()")
    _write_ending(out, steps, asynchronous=kind.is_async)
    out.add(1, "return items(), ending")
    return out


def _write_loop(
    out: Writer,
    indent: int,
    steps: Sequence[Step],
    world: Pull,
    *,
    source_async: bool,
    pausing: bool,
) -> None:
    if steps and head_of(steps[0], asynchronous=world.is_async) == "turns":
        out.add(indent, "for visit in source:", SOURCE)
        if pausing:
            out.add(indent + 1, "if visit is pause:")
            out.add_all(indent + 2, [*world.paused(), "continue"])
        out.add_all(indent + 1, world.beat())
        out.add(indent + 1, "for v in visit:", SOURCE)
        indent += 1
    else:
        out.add(indent, f"{'async ' if source_async else ''}for v in source:", SOURCE)
    if pausing and not source_async:
        out.add(indent + 1, "if v is pause:")
        out.add_all(indent + 2, [*world.paused(), "continue"])
    out.add_all(indent + 1, world.top())
    write_body(out, indent + 1, steps, world)


def _write_resuming(
    out: Writer,
    indent: int,
    steps: Sequence[Step],
    world: Pull,
    *,
    source_async: bool,
    pausing: bool,
) -> None:
    # The next try begins outside of the handler: else each error would carry all those before it.
    out.add(indent, "while True:")
    out.add(indent + 1, "try:")
    _write_loop(out, indent + 2, steps, world, source_async=source_async, pausing=pausing)
    out.add(indent + 2, "break")
    out.add(indent + 1, "except Exception as error:")
    out.add(indent + 2, "if fail.owns(error): raise")
    out.add(indent + 2, "raised = error")
    out.add_all(indent + 1, world.beat())
    out.add(indent + 1, "source = head.resume(raised)")
    out.add(indent + 1, "raised = None")


def _write_ending(out: Writer, steps: Sequence[Step], *, asynchronous: bool) -> None:
    out.add(1, "def ending():")
    if any(step.closed for step in steps):
        out.add(2, "return True")
    nested = [i for i, step in enumerate(steps) if nests(step, asynchronous=asynchronous)]
    nest = max(nested, default=-1)
    known = [expression(s.ending, i) for i, s in enumerate(steps) if s.ending and i > nest]
    if nest < 0 and not any(step.late for step in steps):
        known.append("exhausted()")
    out.add(2, f"return {' or '.join(['ended', *known])}")


def _write_push(steps: Sequence[Step], world: Push) -> Writer:
    """Write the factory of a stage's on_next, its `flush` and its `leftovers`."""
    out = Writer()
    names = _names(steps)
    state = f"nonlocal {', '.join(names)}" if names else "pass"
    out.add(0, f"def build({', '.join(['stage', 'emit', 'fail', *names])}):")
    _write_firsts(out, steps)
    out.add(1, "def on_next(v):")
    out.add(2, state)
    out.add(2, "if stage.done: return stage.refuse(v)")
    inner = Writer()
    write_body(inner, 3, steps, world)
    guarded = [i for i, owner in enumerate(inner.owners) if owner is not None]
    last = guarded[-1] + 1 if guarded else 0
    if last:
        out.add(2, "try:")
        for line, owner in zip(inner.lines[:last], inner.owners[:last], strict=True):
            out.add(0, line, owner)
        out.add(2, "except Exception as error:")
        out.add(3, "return stage.fail(fail(error, v))")
    # What follows is the delivery: what is raised there is not the steps' failure.
    for line in inner.lines[last:]:
        out.add(0, line[4:])
    out.add(1, "def flush():")
    out.add(2, state)
    write_flush(out, 2, steps, world)
    out.add(2, "return")
    out.add(1, "def leftovers():")
    out.add(2, "taken = []")
    for text, _ in _leftovers(steps):
        out.add(2, f"taken += {text}; {text}.clear()")
    out.add(2, "return taken")
    out.add(1, "return on_next, flush, leftovers")
    return out


def _write(world: str, steps: Sequence[Step], pausing: bool) -> Writer:
    match world:
        case "for":
            return _write_pull(steps, Pull, source_async=False, pausing=False)
        case "loop":
            return _write_pull(steps, Loop, source_async=False, pausing=pausing)
        case "mixed":
            return _write_pull(steps, AsyncPull, source_async=False, pausing=pausing)
        case "async":
            return _write_pull(steps, AsyncPull, source_async=True, pausing=False)
        case "push":
            return _write_push(steps, Push())
        case _:
            return _write_push(steps, Edge())


class _Source:
    """Lets a traceback show the lines of the generated function."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, _: str) -> str:
        return self._text


class Function:
    """A compiled factory for one shape of segment, and whose line is whose."""

    __slots__ = ("build", "lines", "owners", "pauses")

    def __init__(self, out: Writer, steps: Sequence[Step]) -> None:
        text = "\n".join(out.lines) + "\n"
        titles = [step.name for step in steps]
        shown = titles if len(titles) < 8 else [*titles[:3], "...", *titles[-3:]]
        title = " | ".join(shown) or "items"
        space: dict[str, Any] = {
            "__name__": f"flow {title}", "__loader__": _Source(text), "pause": PAUSE,
            "nothing": NOTHING, "first": first,
        }  # fmt: skip
        exec(compile(text, f"<flow {title}>", "exec"), space)
        self.build: Callable[..., Any] = space["build"]
        self.lines = out.lines
        self.pauses: bool = any(line.endswith("yield pause") for line in out.lines)
        """Whether it may give a PAUSE."""
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
