"""Pushes: the text of a stage that runs a segment for each item that is pushed."""

from __future__ import annotations

from collections.abc import Sequence

from operators._kernel.fusing.writer import (
    Push,
    Writer,
    names_of,
    write_body,
    write_firsts,
    write_flush,
    write_taking,
)
from operators._kernel.plan.step import Step


def write_push(steps: Sequence[Step], kind: type[Push]) -> Writer:
    """Write the factory of a stage's on_next, its `flush`, its `leftovers`, and of its `receiver`.

    That one is for an inlet right above the stage: it gives the on_next of both in one, what lets go, and
    what has the inlet do something after a signal.
    """
    out = Writer()
    names = names_of(steps)
    state = f"nonlocal {', '.join(names)}" if names else "pass"
    out.add(0, f"def build({', '.join(['stage', 'emit', 'blame', 'seen', *names])}):")
    write_firsts(out, steps)
    out.add(1, "def on_next(v):")
    out.add(2, state)
    out.add(2, "if stage.done: return stage.refuse(v)")
    _write_item(out, 2, steps, kind("return"))
    out.add(1, "def flush():")
    out.add(2, state)
    write_flush(out, 2, steps, kind("return"))
    out.add(2, "return")
    out.add(1, "def leftovers():")
    out.add(2, state)
    out.add(2, "taken = []")
    write_taking(out, steps)
    out.add(2, "return taken")
    _write_receiver(out, steps, kind("break", "more is not None and not stage.unbounded"))
    out.add(1, "return on_next, flush, leftovers, receiver")
    return out


def _write_receiver(out: Writer, steps: Sequence[Step], world: Push) -> None:
    """Write what gives an inlet its on_next, which goes on with the steps of the stage below.

    Whatever it refers to is taken to it at each call: so it refers to little, and counts in one number,
    how many more items may come before the inlet is asked again; None: there is no bound.
    """
    # Its own of both: the stage may have something to do when the inlet has let go of it.
    out.add(1, "def receiver(inlet, token, stage=stage, emit=emit):")
    out.add(2, "room = 0")
    out.add(2, "left = False")  # whether something is to be done after the signal
    out.add(2, "def receive(v):")
    out.add(3, f"nonlocal {', '.join(['room', 'left', *names_of(steps)])}")
    out.add(3, "try: token.pop()")
    out.add(3, "except IndexError:")
    out.add(4, "more = room")
    out.add(4, "if more is not None: room = more = more - 1")
    out.add(4, "return inlet.nested(v, more)")
    out.add(3, "try:")
    out.add(4, "while True:")  # which is left where the item goes no further, and at its end
    # Counted by a name of its own: who lets go, on another thread, says so by the other one.
    out.add(5, "more = room")
    out.add(5, "if more is not None:")
    out.add(6, "if inlet.done: inlet.refuse(v); break")
    out.add(6, "room = more = more - 1")
    out.add(6, "if more < 0:")
    out.add(7, "room = more = inlet.admit(v, more)")
    out.add(7, "if more is not None and more < 0: break")
    out.add(5, "if v is None:")
    out.add(6, "inlet.reject(v, more)")
    out.add(6, "break")
    _write_item(out, 5, steps, world)
    out.add(5, "break")
    out.add(3, "except BaseException as raised:")
    out.add(4, "token.append(None)")
    out.add(4, "inlet.interrupt(raised)")
    out.add(4, "raise")
    out.add(3, "token.append(None)")
    out.add(3, "if left:")
    out.add(4, "left = False")
    out.add(4, "inlet.after()")
    out.add(2, "def release():")
    out.add(3, "nonlocal emit, stage, room")
    out.add(3, "emit, stage, room = inlet.refuse, inlet, 0")
    out.add(2, "def mark():")
    out.add(3, "nonlocal left")
    out.add(3, "left = True")
    out.add(2, "return receive, release, mark")


def write_received() -> Writer:
    """Write the same for a stage that is not fused."""
    out = Writer()
    out.add(0, "def build(stage, emit):")
    _write_receiver(out, (), Push("break"))
    out.add(1, "return receiver")
    return out


def _write_item(out: Writer, indent: int, steps: Sequence[Step], world: Push) -> None:
    """Write what is done with one item that is pushed."""
    inner = Writer()
    write_body(inner, indent + 1, steps, world)
    guarded = [i for i, owner in enumerate(inner.owners) if owner is not None]
    last = guarded[-1] + 1 if guarded else 0
    if last:
        out.add(indent, "try:")
        for line, owner in zip(inner.lines[:last], inner.owners[:last], strict=True):
            out.add(0, line, owner)
        out.add(indent, "except Exception as error:")
        out.add(indent + 1, "stage.fail(Blame(*blame)(error, v))")
        out.add(indent + 1, world.leave)
    # What follows is the delivery: what is raised there is not the steps' failure.
    for line in inner.lines[last:]:
        out.add(0, line[4:])
