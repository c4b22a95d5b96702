"""Writer: how the lines of steps are put together, and how each world spells the words they use."""

from __future__ import annotations

from collections.abc import Sequence

from operators._kernel.step import Step

SOURCE = -1
"""The owner of a line that pulls from what is upstream of a segment."""


def unnoted(index: int) -> int:
    """Return the owner of a step's line whose errors say all by themselves, or were annotated before."""
    return -2 - index


def head_of(step: Step, *, asynchronous: bool) -> str:
    """Return what the step is as the head of a segment, in plain or in async generators."""
    return "" if asynchronous and step.async_body else step.head


def nests(step: Step, *, asynchronous: bool) -> bool:
    """Whether the step's lines are a loop of their own inside of the segment's."""
    return step.nests and not head_of(step, asynchronous=asynchronous)


Ends = list[tuple[str, int]]
"""Expressions that are true once no further item can pass, each with the index of its step."""


class Writer:
    """Lines of generated code, each with the index of the step that it belongs to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.owners: list[int | None] = []

    def add(self, indent: int, line: str, owner: int | None = None) -> None:
        self.lines.append("    " * indent + line)
        self.owners.append(owner)

    def add_all(self, indent: int, lines: Sequence[str], owner: int | None = None) -> None:
        for line in lines:
            self.add(indent, line, owner)


class World:
    """How one world spells the words of a step; `after` are the ends to be looked at after an item."""

    def __init__(self, *, places: bool = False) -> None:
        self.places = places
        """Whether the place at which the stream ends is kept, for what is to be done then."""

    def skip(self, index: int, after: Ends) -> list[str]:
        raise NotImplementedError

    def drop(self, index: int, after: Ends) -> list[str]:
        raise NotImplementedError

    def stop(self, index: int) -> list[str]:
        raise NotImplementedError

    def emit(self) -> list[str]:
        raise NotImplementedError

    def body(self, step: Step) -> str:
        return step.body

    def top(self) -> list[str]:
        """Lines at the top of each loop that takes items."""
        return []

    def after_nest(self) -> list[str]:
        """Lines after a loop inside of another."""
        return []

    def ends(self, after: Ends) -> list[str]:
        """Lines that end the stream where it is known to be over."""
        lines: list[str] = []
        for end, index in after:
            lines.append(f"if {end}:")
            lines += [f"    {line}" for line in self.stop(index)]
        return lines


class Pull(World):
    """A generator that may block: a `for` loop's."""

    is_async = False

    def skip(self, index: int, after: Ends) -> list[str]:
        return [*self.ends(after), "continue"]

    def drop(self, index: int, after: Ends) -> list[str]:
        return self.skip(index, after)

    def stop(self, index: int) -> list[str]:
        return [f"at = {index}", "return"] if self.places else ["return"]

    def emit(self) -> list[str]:
        return ["yield v"]

    def beat(self) -> list[str]:
        """Lines for a loop that may run on without giving anything."""
        return []

    def paused(self) -> list[str]:
        """Lines for when what is upstream has nothing now."""
        return []


class Loop(Pull):
    """A generator that gives PAUSE where it would block, or run on and on; it can be told to halt."""

    def skip(self, index: int, after: Ends) -> list[str]:
        return [*self.ends(after), *self.beat(), "continue"]

    def after_nest(self) -> list[str]:
        return self.beat()

    def beat(self) -> list[str]:
        return [
            "beat -= 1",
            "if not beat:",
            "    beat = pace()",
            "    while beat < 1:",
            "        if beat: return",
            "        yield pause",
            "        beat = pace()",
        ]

    def paused(self) -> list[str]:
        return ["yield pause"]


class AsyncPull(Pull):
    """An async generator; its consumer never waits, and so it gives the event loop its turn by itself."""

    is_async = True

    def body(self, step: Step) -> str:
        return step.async_body or step.body

    def top(self) -> list[str]:
        return [
            "beat -= 1",
            "if not beat:",
            "    beat = pace()",
            "    while not beat:",
            "        await turn()",
            "        beat = pace()",
        ]

    def beat(self) -> list[str]:
        return self.top()

    def paused(self) -> list[str]:
        return ["await turn()"]


class Push(World):
    """The on_next of a stage."""

    def skip(self, index: int, after: Ends) -> list[str]:
        return [*self._ends(after), f"stage.again({index})", "return"]

    def drop(self, index: int, after: Ends) -> list[str]:
        return [*self._ends(after), "return"]

    def _ends(self, after: Ends) -> list[str]:
        return [f"if {end}: return stage.finish()" for end, _ in after]

    def stop(self, index: int) -> list[str]:
        return ["return stage.finish()"]

    def emit(self) -> list[str]:
        return ["emit(v)"]


class Edge(Push):
    """The on_next of the last stage before somebody's Subscriber."""

    def emit(self) -> list[str]:
        return ["try: emit(v)", 'except Exception as error: return stage.broken(error, "on_next")']


def expand(text: str, index: int) -> list[tuple[int, str]]:
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


def expression(text: str, index: int) -> str:
    """Return an expression of a step's, its names made its own."""
    return expand(text, index)[0][1]


def write_body(out: Writer, indent: int, steps: Sequence[Step], world: World) -> None:
    """Write the steps' lines, then the delivery of the item, then the ends after each loop's body."""
    _write_from(out, indent, steps, 0, world, [])


def _write_from(
    out: Writer, indent: int, steps: Sequence[Step], index: int, world: World, ends: Ends
) -> None:
    if index == len(steps):
        out.add_all(indent, world.emit())
        out.add_all(indent, world.ends(ends))
        return
    step = steps[index]
    nests = False
    for depth, line in expand(world.body(step), index):
        words = [line]
        if line == "skip":
            words = world.skip(index, ends)
        elif line == "drop":
            words = world.drop(index, ends)
        elif line == "stop":
            words = world.stop(index)
        elif line == "paused":
            words = [*world.paused(), "continue"] if isinstance(world, Pull) else []
        elif line == "...":
            nests = True
            _write_from(out, indent + depth, steps, index + 1, world, [])
            continue
        loop = line.startswith(("for ", "async for "))
        silent = step.explains or (loop and step.opens)
        out.add_all(indent + depth, words, unnoted(index) if silent else index)
        # What is above may have rung already for the pause that it gave: that is looked at first.
        if line == "paused":
            out.add_all(indent + depth - 1, world.top())
        elif loop and not (step.opens and line.startswith("for ")):
            out.add_all(indent + depth + 1, world.top())
    if nests:
        out.add_all(indent, world.after_nest())
        out.add_all(indent, world.ends(ends))
        return
    if step.ending:
        ends = [*ends, (expression(step.ending, index), index)]
    _write_from(out, indent, steps, index + 1, world, ends)


def write_flush(out: Writer, indent: int, steps: Sequence[Step], world: World) -> None:
    """Write what is to be done when upstream has completed."""
    for index, step in enumerate(steps):
        if not step.flush:
            continue
        for depth, line in expand(step.flush, index):
            words = world.emit() if line == "emit" else [line]
            out.add_all(indent + depth, words, index)
