"""Codegen: the text of the function that a segment of steps becomes, in each world.

There are four worlds: a generator over an iterator (for one who pulls, or for a loop that pushes and
can be told to halt), an async generator over an async iterator, one over
a plain iterator ("mixed"), and the on_next of a pushed stage, which at the edge to somebody's Subscriber
looks after what that raises. A function is written and compiled once for each shape of segment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from operators._kernel.step import Step

CHECKPOINT = 256
"""Items that a synchronous source may run before the event loop gets its turn."""
SOURCE = -1
"""The owner of the line that pulls from the source."""
UNNOTED = -2
"""The owner of a line whose error says all by itself, or was annotated by an inner stream."""


class _Writer:
    """Lines of generated code, each with the index of the step that it belongs to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.owners: list[int | None] = []

    def add(self, indent: int, line: str, owner: int | None = None) -> None:
        self.lines.append("    " * indent + line)
        self.owners.append(owner)


class _World:
    """How one world spells the words of a step; `after` are the ends to be looked at after an item."""

    def skip(self, index: int, after: list[str]) -> list[str]:
        raise NotImplementedError

    def drop(self, index: int, after: list[str]) -> list[str]:
        raise NotImplementedError

    def stop(self) -> list[str]:
        raise NotImplementedError

    def emit(self) -> list[str]:
        raise NotImplementedError

    def body(self, step: Step) -> str:
        return step.body

    def after_nest(self) -> list[str]:
        return []


class _Pull(_World):
    def skip(self, index: int, after: list[str]) -> list[str]:
        return [f"if {end}: return" for end in after] + ["continue"]

    drop = skip

    def stop(self) -> list[str]:
        return ["return"]

    def emit(self) -> list[str]:
        return ["yield v"]


class _Loop(_Pull):
    """A loop that may find nothing to yield for ever, while somebody else wants it to end."""

    def skip(self, index: int, after: list[str]) -> list[str]:
        return ["if ended: return", *super().skip(index, after)]

    drop = skip

    def after_nest(self) -> list[str]:
        return ["if ended: return"]


class _AsyncPull(_Pull):
    def body(self, step: Step) -> str:
        return step.async_body or step.body


class _Push(_World):
    def skip(self, index: int, after: list[str]) -> list[str]:
        ends = [f"if {end}: return stage.finish()" for end in after]
        return [*ends, f"stage.again({index})", "return"]

    def drop(self, index: int, after: list[str]) -> list[str]:
        return [*(f"if {end}: return stage.finish()" for end in after), "return"]

    def stop(self) -> list[str]:
        return ["return stage.finish()"]

    def emit(self) -> list[str]:
        return ["emit(v)"]


class _Edge(_Push):
    def emit(self) -> list[str]:
        return ["try: emit(v)", 'except Exception as error: return stage.broken(error, "on_next")']


def _expand(text: str, index: int) -> list[tuple[int, str]]:
    """Return (indent, line) pairs of a step's text, its names made its own."""
    lines: list[tuple[int, str]] = []
    for raw in text.strip("\n").splitlines():
        line = raw.lstrip()
        if not line:
            continue
        parts = line.split("$")
        renamed = parts[0]
        for part in parts[1:]:
            end = next((i for i, c in enumerate(part) if not (c.isalnum() or c == "_")), len(part))
            name = part[:end]
            renamed += ("v" if name == "item" else f"{name}{index}") + part[end:]
        lines.append(((len(raw) - len(line)) // 4, renamed))
    return lines


def _expression(text: str, index: int) -> str:
    return _expand(text, index)[0][1]


def _write_body(out: _Writer, indent: int, steps: Sequence[Step], world: _World) -> None:
    """Write the steps' lines, then the delivery of the item, then the ends after each loop's body."""
    ends: list[list[str]] = [[]]  # one list for each nested loop
    closing: list[tuple[int, list[tuple[int, str]], int]] = []
    for index, step in enumerate(steps):
        lines = _expand(world.body(step), index)
        hole = next((i for i, (_, line) in enumerate(lines) if line == "..."), len(lines))
        for depth, line in lines[:hole]:
            words: list[str] | None = None
            if line == "skip":
                words = world.skip(index, ends[-1])
            elif line == "drop":
                words = world.drop(index, ends[-1])
            elif line == "stop":
                words = world.stop()
            silent = step.explains or (step.pull_only and line.startswith(("for ", "async for ")))
            for word in words if words is not None else [line]:
                out.add(indent + depth, word, UNNOTED if silent else index)
        if hole < len(lines):
            closing.append((indent, lines[hole + 1 :], index))
            indent += lines[hole][0]
            ends.append([])
        if step.ending:
            ends[-1].append(_expression(step.ending, index))
    for line in world.emit():
        out.add(indent, line)
    _write_ends(out, indent, ends.pop(), world)
    for outer, tail, index in reversed(closing):
        for depth, line in tail:
            out.add(outer + depth, line, index)
        for line in world.after_nest():
            out.add(outer, line)
        _write_ends(out, outer, ends.pop(), world)


def _write_ends(out: _Writer, indent: int, ends: list[str], world: _World) -> None:
    for end in ends:
        out.add(indent, f"if {end}:")
        for line in world.stop():
            out.add(indent + 1, line)


def _write_flush(out: _Writer, indent: int, steps: Sequence[Step], world: _World) -> None:
    for index, step in enumerate(steps):
        if not step.flush:
            continue
        for depth, line in _expand(step.flush, index):
            for word in world.emit() if line == "emit" else [line]:
                out.add(indent + depth, word, index)


def _names(steps: Sequence[Step]) -> list[str]:
    names: list[str] = []
    for index, step in enumerate(steps):
        names += [f"{name}{index}" for name in step.values()]
    return names


def _leftovers(steps: Sequence[Step]) -> list[str]:
    return [_expression(s.leftovers, i) for i, s in enumerate(steps) if s.leftovers]


def _write_pull(
    steps: Sequence[Step], *, source_async: bool, items_async: bool, world: _World
) -> _Writer:
    """Write the factory of a (possibly async) generator, and of its `ending` and `halt` functions."""
    out = _Writer()
    names = _names(steps)
    kept = _leftovers(steps)
    out.add(
        0, f"def build({', '.join(['source', 'fail', 'close', 'discard', 'exhausted', *names])}):"
    )
    out.add(1, "ended = False")
    out.add(1, f"{'async ' if items_async else ''}def items():")
    out.add(2, f"nonlocal {', '.join(['ended', *names])}")
    out.add(2, "v = None")
    checkpoint = items_async and not source_async
    if checkpoint:
        out.add(2, "pulled = 0")
    out.add(2, "try:")
    if any(step.closed for step in steps):
        out.add(3, "return")
    out.add(3, f"{'async ' if source_async else ''}for v in source:", SOURCE)
    if checkpoint:
        out.add(4, "pulled += 1")
        out.add(4, f"if not pulled % {CHECKPOINT}: await sleep(0)")
    _write_body(out, 4, steps, world)
    if any(step.flush for step in steps):
        out.add(3, "ended = True")  # what is still emitted is the last item
    _write_flush(out, 3, steps, world)
    out.add(2, "except Exception as error:")
    out.add(3, "raise fail(error, v)")
    out.add(2, "finally:")
    out.add(3, "ended = True")
    for expression in kept:
        out.add(3, f"discard({expression})")
    out.add(3, "await close(source)" if source_async else "close(source)")
    out.add(1, "def ending():")
    if any(step.closed for step in steps):
        out.add(2, "return True")
    nest = max((i for i, step in enumerate(steps) if step.nests), default=-1)
    known = [_expression(s.ending, i) for i, s in enumerate(steps) if s.ending and i > nest]
    if nest < 0:
        known.append("exhausted()")
    out.add(2, f"return {' or '.join(['ended', *known])}")
    out.add(1, "def halt():")
    out.add(2, "nonlocal ended")
    out.add(2, "ended = True")
    out.add(1, "return items(), ending, halt")
    return out


def _write_edge(steps: Sequence[Step]) -> _Writer:
    return _write_push(steps, foreign=True)


def _write_push(steps: Sequence[Step], *, foreign: bool = False) -> _Writer:
    """Write the factory of a stage's on_next, its `flush` and its `leftovers`."""
    out = _Writer()
    names = _names(steps)
    world = _Edge() if foreign else _Push()
    state = f"nonlocal {', '.join(names)}" if names else "pass"
    out.add(0, f"def build({', '.join(['stage', 'emit', 'fail', *names])}):")
    out.add(1, "def on_next(v):")
    out.add(2, state)
    out.add(2, "if stage.done: return stage.refuse(v)")
    inner = _Writer()
    _write_body(inner, 3, steps, world)
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
    _write_flush(out, 2, steps, world)
    out.add(2, "return")
    out.add(1, "def leftovers():")
    out.add(2, "taken = []")
    for text in _leftovers(steps):
        out.add(2, f"taken += {text}; {text}.clear()")
    out.add(2, "return taken")
    out.add(1, "return on_next, flush, leftovers")
    return out


def _write_for(steps: Sequence[Step]) -> _Writer:
    return _write_pull(steps, source_async=False, items_async=False, world=_Pull())


def _write_loop(steps: Sequence[Step]) -> _Writer:
    return _write_pull(steps, source_async=False, items_async=False, world=_Loop())


def _write_mixed(steps: Sequence[Step]) -> _Writer:
    return _write_pull(steps, source_async=False, items_async=True, world=_AsyncPull())


def _write_async(steps: Sequence[Step]) -> _Writer:
    return _write_pull(steps, source_async=True, items_async=True, world=_AsyncPull())


_WRITE: dict[str, Callable[[Sequence[Step]], _Writer]] = {
    "for": _write_for,
    "loop": _write_loop,
    "mixed": _write_mixed,
    "async": _write_async,
    "push": _write_push,
    "edge": _write_edge,
}


class _Source:
    """Lets a traceback show the lines of the generated function."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, _: str) -> str:
        return self._text


class Function:
    """A compiled factory for one shape of segment, and whose line is whose."""

    __slots__ = ("build", "lines", "owners")

    def __init__(self, out: _Writer, steps: Sequence[Step]) -> None:
        text = "\n".join(out.lines) + "\n"
        titles = [step.name for step in steps]
        shown = titles if len(titles) < 8 else [*titles[:3], "...", *titles[-3:]]
        title = " | ".join(shown) or "items"
        space: dict[str, Any] = {
            "__name__": f"flow {title}", "__loader__": _Source(text), "sleep": asyncio.sleep,
        }  # fmt: skip
        exec(compile(text, f"<flow {title}>", "exec"), space)
        self.build: Callable[..., Any] = space["build"]
        self.lines = out.lines
        self.owners = out.owners


_functions: dict[tuple[Any, ...], Function] = {}
_MOST_FUNCTIONS = 512


def function(world: str, steps: Sequence[Step]) -> Function:
    """Return the function of one world ("for", "loop", "mixed", "async", "push" or "edge") for these steps.

    Its text depends on nothing but the world and the shape: which steps, and which are over at once.
    """
    shape = (world, *[(type(step), step.closed) for step in steps])
    known = _functions.get(shape)
    if known is None:
        if len(_functions) >= _MOST_FUNCTIONS:
            _functions.clear()
        _functions[shape] = known = Function(_WRITE[world](steps), steps)
    return known
