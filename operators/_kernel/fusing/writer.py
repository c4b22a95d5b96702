"""Writer: how the lines of steps are put together, and how each world spells the words they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from operators._kernel.plan.step import Step

SOURCE = -1
"""The owner of a line that pulls from what is upstream of a segment."""


DELIVERY = -1_000
"""The owner of a line that delivers an item, where what that raises is not the segment's."""


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

    delivery: ClassVar[int | None] = None
    """The owner of its lines that deliver."""

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

    def counted(self) -> list[str]:
        """Lines after each delivery."""
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
        return [*self.ends(after), *self.beat(), "continue"]

    def drop(self, index: int, after: Ends) -> list[str]:
        return self.skip(index, after)

    def stop(self, index: int) -> list[str]:
        return [f"at = {index}", "return"] if self.places else ["return"]

    def emit(self) -> list[str]:
        return ["yield v"]

    def after_nest(self) -> list[str]:
        return self.beat()

    def beat(self) -> list[str]:
        """Lines for a loop that may run on without giving anything."""
        return []

    def paused(self) -> list[str]:
        """Lines for when what is upstream has nothing now."""
        return []

    def resting(self) -> list[str]:
        """The same, at the top of a loop, which then goes on."""
        return [*self.paused(), "continue"]


class Loop(Pull):
    """A generator that gives PAUSE where it would block, or run on and on; it can be told to halt."""

    def beat(self) -> list[str]:
        return [
            "beat -= 1",
            "if not beat:",
            "    beat = pace()",
            "    if beat < 1:",
            "        if beat: return",
            "        put_off()",
            "        yield pause",
            "        beat = resumed()",
            "        if beat < 1: return",
        ]

    def paused(self) -> list[str]:
        return ["yield pause"]


class Drive(Loop):
    """A function that delivers items until it is told to stop; what it knows it keeps for the next call."""

    delivery = DELIVERY

    def emit(self) -> list[str]:
        return ["emit(v)"]

    def counted(self) -> list[str]:
        # Whoever has cancelled in the delivery, or asks for no more, gets no more.
        return [
            "if run.stop: return -1",
            "left -= 1",
            "if not left:",
            "    left = run.more()",
            "    if left < 1: return left",
        ]

    def beat(self) -> list[str]:
        return [
            "beat -= 1",
            "if not beat:",
            "    beat = pace()",
            "    if beat < 1:",
            "        left = run.rest(left)",
            "        if left < 1: return left",
            "        beat = 1",
        ]

    def paused(self) -> list[str]:
        return ["left = run.rest(left)", "if left < 1: return left"]


class AsyncPull(Pull):
    """An async generator; its consumer never waits, and so it gives the event loop its turn by itself.

    It does so with no item in hand, which a cancel would lose: when one is delivered, or left out.
    """

    is_async = True

    def body(self, step: Step) -> str:
        return step.async_body or step.body

    def counted(self) -> list[str]:
        return self.beat()

    def beat(self) -> list[str]:
        return [
            "beat -= 1",
            "if not beat:",
            "    beat = pace()",
            "    while not beat:",
            "        await turn()",
            "        beat = pace()",
        ]

    def paused(self) -> list[str]:
        return ["await turn()"]


class Push(World):
    """The on_next of a stage, or what stands for it.

    `leave` is the word that goes to the end of it; `bounded` whether another item is to be asked for in
    place of one that is left out.
    """

    def __init__(self, leave: str, bounded: str = "not stage.unbounded") -> None:
        super().__init__()
        self.leave = leave
        self._bounded = bounded

    def skip(self, index: int, after: Ends) -> list[str]:
        again = f"if {self._bounded}: stage.again({index})"
        return [*self.ends(after), again, self.leave]

    def drop(self, index: int, after: Ends) -> list[str]:
        return [*self.ends(after), self.leave]

    def stop(self, index: int) -> list[str]:
        return ["stage.finish()", self.leave]

    def emit(self) -> list[str]:
        return ["emit(v)"]


class Edge(Push):
    """The on_next of the last stage before somebody's Subscriber."""

    def emit(self) -> list[str]:
        return [
            "try: emit(v)",
            "except Exception as error:",
            '    stage.broken(error, "on_next")',
            f"    {self.leave}",
        ]


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
        out.add_all(indent, world.emit(), world.delivery)
        out.add_all(indent, world.ends(ends))
        out.add_all(indent, world.counted())
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
            words = world.resting() if isinstance(world, Pull) else []
        elif line == "...":
            nests = True
            _write_from(out, indent + depth, steps, index + 1, world, [])
            continue
        loop = line.startswith(("for ", "async for "))
        silent = step.explains or (loop and step.opens)
        out.add_all(indent + depth, words, unnoted(index) if silent else index)
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


def names_of(steps: Sequence[Step]) -> list[str]:
    names: list[str] = []
    for index, step in enumerate(steps):
        names += [f"{name}{index}" for name in step.values()]
    return names


def write_firsts(out: Writer, steps: Sequence[Step]) -> None:
    for index, step in enumerate(steps):
        if step.function:
            name = f"{step.function}{index}"
            out.add(1, f"if seen is None or {index} not in seen:")
            out.add(2, f"def settle{index}(known):")
            out.add(3, f"nonlocal {name}")
            out.add(3, f"{name} = known")
            out.add(3, f"if seen is not None: seen[{index}] = True")
            out.add(2, f"{name} = first({step.name!r}, {step.function!r}, {name}, settle{index})")


def leftovers_of(steps: Sequence[Step]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for index, step in enumerate(steps):
        if step.leftovers:
            found.append((expression(step.leftovers, index), index))
        elif step.cell:
            cell = f"{step.cell}{index}"
            found.append((f"[] if {cell} is nothing else [{cell}]", index))
    return found


def write_taking(out: Writer, steps: Sequence[Step]) -> None:
    """Write the lines that take out what the steps hold."""
    for index, step in enumerate(steps):
        if step.leftovers:
            text = expression(step.leftovers, index)
            out.add(2, f"taken += {text}")
            out.add(2, f"{text.partition('.')[0]}.clear()")
        elif step.cell:
            cell = f"{step.cell}{index}"
            out.add(2, f"if {cell} is not nothing: taken.append({cell}); {cell} = nothing")
