"""Pulls: the text of a generator for whoever pulls a segment, and of the function of a drive."""

from __future__ import annotations

from collections.abc import Sequence

from operators._kernel.fusing.writer import (
    SOURCE,
    Drive,
    Pull,
    Writer,
    expression,
    head_of,
    leftovers_of,
    names_of,
    nests,
    write_body,
    write_firsts,
    write_flush,
)
from operators._kernel.plan.step import Step

_GIVEN = ("source", "blame", "close", "exhausted", "run", "head", "places", "finish", "seen")


class _Shape:
    """What is the same for all worlds that pull: the head, the state, and what is left to be done."""

    def __init__(self, steps: Sequence[Step], world: Pull) -> None:
        self.steps = steps
        self.world = world
        self.head: str = head_of(steps[0], asynchronous=world.is_async) if steps else ""
        self.names = names_of(steps)
        self.leftovers = leftovers_of(steps)
        self.closed: int | None = next((i for i, step in enumerate(steps) if step.closed), None)

    def factory(self, body: Writer) -> Writer:
        """Return the factory with this body."""
        out = Writer()
        discards = [f"discard{index}" for _, index in self.leftovers]
        out.add(0, f"def build({', '.join([*_GIVEN, *discards, *self.names])}):")
        write_firsts(out, self.steps)
        for name in ("pace", "put_off", "resumed", "turn"):
            if any(f"{name}()" in line for line in body.lines):
                out.add(1, f"{name} = run.{name}")
        out.lines += body.lines
        out.owners += body.owners
        return out

    def items(self, out: Writer, *, source_async: bool, pausing: bool) -> None:
        """Write what takes the items, up to the end of what is upstream."""
        if self.head == "signals" and self.steps[0].begins:
            out.add(3, "v = nothing")
            out.add(3, "head.begun()", 0)
        if self.closed is not None:
            out.add_all(3, self.world.stop(self.closed))
        write = _write_resuming if self.head == "resume" else _write_loop
        write(out, 3, self.steps, self.world, source_async=source_async, pausing=pausing)
        if self.head == "signals":
            out.add(3, "over = True")
            out.add(3, "v = nothing")
            out.add(3, "head.completed()", 0)
        if self.world.places:
            out.add(3, "at = -1")

    def failed(self, out: Writer) -> None:
        """Write what is done with an error of the steps, or of what is upstream."""
        out.add(3, "fail = Blame(*blame)")
        out.add(3, "error = fail(error, v)")
        if self.head == "signals":
            out.add(3, "if fail.at < 0:")
            out.add(4, "over = True")
            out.add(4, "error = fail.shown(head.failed(error))")
            out.add(3, "elif not fail.at:")
            out.add(4, "over = True")
        if self.world.places:
            out.add(3, "at = fail.at")
        out.add(3, "raise error")

    def leave(self, out: Writer, indent: int, wait: str = "") -> None:
        """Write what is done however it ends."""
        if self.head == "signals":
            out.add(indent, "if not over: head.cancelled()")
        for text, index in self.leftovers:
            out.add(indent, f"discard{index}({text})")
        out.add(indent, f"{wait}close()")
        if self.world.places:
            out.add(indent, "places(at)")


def write_pull(
    steps: Sequence[Step], kind: type[Pull], *, source_async: bool, pausing: bool
) -> Writer:
    """Write the factory of a (possibly async) generator, and of its `ending` function."""
    out = Writer()
    world = kind(places=any(step.final for step in steps))
    shape = _Shape(steps, world)
    out.add(1, "ended = False")
    nest = _nest(steps, asynchronous=world.is_async)
    if nest >= 0:
        out.add(1, "begun = False")
    if _rest(steps):
        out.add(1, "flushing = False")
    out.add(1, f"{'async ' if world.is_async else ''}def items():")
    resumes = ["source"] if shape.head == "resume" else []
    flags = ["ended", "flushing"] if _rest(steps) else ["ended"]
    if nest >= 0:
        flags.append("begun")
    out.add(2, f"nonlocal {', '.join([*flags, *resumes, *shape.names])}")
    if nest >= 0:
        out.add(2, "begun = True")
    out.add(2, "v = None")
    out.add(2, "beat = 1")
    if world.places:
        out.add(2, f"at = {len(steps)}")
    if shape.head == "signals":
        out.add(2, "over = False")
    out.add(2, "try:")
    shape.items(out, source_async=source_async, pausing=pausing)
    if any(step.flush for step in steps):
        # What is still emitted is the last item, or the last of some.
        out.add(3, f"{'flushing' if _rest(steps) else 'ended'} = True")
        out.add(3, "v = nothing")  # whatever fails now is no item's fault
    write_flush(out, 3, steps, world)
    out.add(2, "except Exception as error:")
    shape.failed(out)
    out.add(2, "finally:")
    out.add(3, "ended = True")
    if source_async:
        # On trio a cancelled task is cancelled at each await, those in the cleanup of the source too.
        out.add(3, "try:")
        shape.leave(out, 4, "await ")
        out.add(3, "finally:")
        out.add(4, "if finish: await finish()")
    else:
        shape.leave(out, 3)
        out.add(3, f"if finish: {'await ' if world.is_async else ''}finish()")
    _write_ending(out, steps, "ended", nest)
    out.add(1, "return items(), ending")
    return shape.factory(out)


def write_drive(steps: Sequence[Step], *, pausing: bool) -> Writer:
    """Write the factory of a function that delivers, of its `ending`, and of what is done at the end.

    Between two calls it is at rest, as a generator is at its yield: all that it knows is kept outside of it.
    """
    out = Writer()
    world = Drive(places=any(step.final for step in steps))
    shape = _Shape(steps, world)
    kept = list(shape.names)
    if world.places:
        out.add(1, f"at = {len(steps)}")
        kept.append("at")
    if shape.head == "signals":
        out.add(1, "over = False")
        kept.append("over")
    elif shape.head == "resume":
        kept.append("source")
    elif shape.head == "turns":
        out.add(1, "visit = empty")
        kept.append("visit")
    nest = _nest(steps, asynchronous=False)
    if nest >= 0:
        out.add(1, "begun = False")
        kept.append("begun")
    out.add(1, "def deliver(emit, left):")
    if kept:
        out.add(2, f"nonlocal {', '.join(kept)}")
    if nest >= 0:
        out.add(2, "begun = True")
    out.add(2, "v = None")
    out.add(2, "beat = 1")
    out.add(2, "try:")
    shape.items(out, source_async=False, pausing=pausing)
    out.add(2, "except Exception as error:")
    out.add(3, "if Blame(*blame).outside(error): raise")
    shape.failed(out)
    ended = Writer()
    shape.leave(ended, 2)
    if len(ended.lines) == 1:  # it only closes
        out.add(1, "leave = close")
    else:
        out.add(1, "def leave():")
        out.add_all(0, ended.lines)
    _write_ending(out, steps, "", nest)
    out.add(1, "return deliver, ending, leave")
    return shape.factory(out)


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
        _write_turns(out, indent, steps, world, pausing=pausing)
        return
    out.add(indent, f"{'async ' if source_async else ''}for v in source:", SOURCE)
    _write_items(out, indent + 1, steps, world, pausing=pausing and not source_async)


def _write_items(
    out: Writer, indent: int, steps: Sequence[Step], world: Pull, *, pausing: bool
) -> None:
    if pausing:
        out.add(indent, "if v is pause:")
        out.add_all(indent + 1, world.resting())
    write_body(out, indent, steps, world)


def _write_turns(
    out: Writer, indent: int, steps: Sequence[Step], world: Pull, *, pausing: bool
) -> None:
    keeps = isinstance(world, Drive)
    if keeps:
        out.add(indent, "if head.overtaken(): visit = empty")
    out.add(indent, "while True:" if keeps else "for visit in source:", SOURCE)
    if keeps:  # it may come back to a turn that it has left
        out.add(indent + 1, "for v in visit:", SOURCE)
        _write_items(out, indent + 2, steps, world, pausing=pausing)
        out.add(indent + 1, "visit = next(source, None)", SOURCE)
        out.add(indent + 1, "if visit is None: break")
    if pausing:
        out.add(indent + 1, "if visit is pause:")
        out.add_all(indent + 2, [*(["visit = empty"] if keeps else []), *world.resting()])
    out.add_all(indent + 1, world.beat())
    if not keeps:
        out.add(indent + 1, "for v in visit:", SOURCE)
        _write_items(out, indent + 2, steps, world, pausing=pausing)


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
    out.add(indent + 2, "if Blame(*blame).owns(error): raise")
    out.add(indent + 2, "raised = error")
    keeps = isinstance(world, Drive)  # what it knows while it rests, and the error is not of that
    if not keeps:
        out.add_all(indent + 1, world.beat())
    goes_on = "await head.aresume" if source_async else "head.resume"
    out.add(indent + 1, f"source = {goes_on}(raised)")
    out.add(indent + 1, "raised = None")
    if keeps:
        out.add_all(indent + 1, world.beat())


def _nest(steps: Sequence[Step], *, asynchronous: bool) -> int:
    """Return the place of the last of the steps that give several items for one; -1: none does."""
    nested = [i for i, step in enumerate(steps) if nests(step, asynchronous=asynchronous)]
    return max(nested, default=-1)


def _write_ending(out: Writer, steps: Sequence[Step], ended: str, nest: int) -> None:
    if any(step.closed for step in steps):
        out.add(1, "def ending(): return True")
        return
    known = [expression(s.ending, i) for i, s in enumerate(steps) if s.ending and i > nest]
    if not any(step.late for step in steps):
        # Where it rests within the items of one it is not known whether there are more of those.
        known.append("exhausted()" if nest < 0 else "(not begun and exhausted())")
    if rest := _rest(steps):
        known.append(f"(flushing and not ({rest}))")
    if ended:
        known.insert(0, ended)
    if known == ["exhausted()"]:
        out.add(1, "ending = exhausted")
    else:
        out.add(1, f"def ending(): return {' or '.join(known) or False}")


def _rest(steps: Sequence[Step]) -> str:
    """Return what tells whether the last of the steps, whose flush is the last too, has more to give."""
    last = steps[-1] if steps else None
    return expression(last.rest, len(steps) - 1) if last is not None and last.rest else ""
