"""Stalls: which stage holds a flow up, and why, as far as its links, its stages and the threads tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operators._kernel.hosts.waiting import consumer_of
from operators._kernel.links.metering import Count
from operators._kernel.plan.node import short
from operators._kernel.running.explain import bound
from operators._kernel.running.stacks import Where, at_work_for, codes_of, place_of, threads
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from operators.watching.runs import Run


@dataclass(frozen=True, slots=True)
class Stall:
    """Who holds a flow up. Its str() says all of it, in a few lines."""

    title: str
    """The stage that holds it up, or "consumer"."""
    where: str
    """The place in the user's code at which that was written, as file:line."""
    why: str
    """What it waits for, in words."""
    seconds: float
    """Since when nothing has moved, on the clock of the watch."""
    requested: int
    """Items asked of it; UNBOUNDED where that is so."""
    emitted: int
    """Items that it has given."""
    in_flight: int
    """Items that it works on."""
    buffered: int
    """Items that wait in it."""
    holds: int
    """The most that it may hold; 0 for one that only passes on."""
    at: tuple[Where, ...]
    """The threads and tasks that are inside of it, and the line of the user's that each is at."""
    path: tuple[str, ...]
    """Who waits for whom, from the consumer up to the culprit."""
    flow: str
    """The flow, and where it was run."""

    @property
    def demand(self) -> int:
        """The items asked of it that it has not given."""
        return self.requested if self.requested >= UNBOUNDED else self.requested - self.emitted

    def __str__(self) -> str:
        asked = bound(self.requested)
        held = (
            f", holds {self.in_flight + self.buffered:,} of {bound(self.holds)}"
            if self.holds
            else ""
        )
        lines = [
            f"{self.flow} has not moved for {self.seconds:.1f} s",
            f"  held up by  {self.title} ({self.where}): {self.why}",
            f"  its demand  asked for {asked}, has given {self.emitted:,}{held}",
            *[f"  at work     {where}" for where in self.at],
            f"  waits       {' <- '.join(self.path)}",
        ]
        return "\n".join(lines)


def diagnose(run: Run, seconds: float) -> Stall:
    """Return who holds the run up, which has not moved for so many seconds."""
    metering = run.metering
    blocked = _blocked_loop(run, seconds)
    if blocked is not None:
        return blocked
    last = metering.last
    if last.live and last.in_hand:
        return _consumer(run, seconds, "it is inside of its on_next, with an item")
    if last.live and not last.wanting:
        return _consumer(run, seconds, _asks_no_more(last))
    culprit, path = _awaited(run)
    if not culprit.begun:
        why = "nobody has subscribed to it"
        return _stall(run, seconds, culprit, why, path, ())
    culprit, path, why = _closer(run, culprit, path)
    gathering = next((each for each in path if _gathers(each)), None)
    if gathering is not None and not culprit.inputs and not why:
        silent = named(culprit)
        culprit, path = gathering, path[: path.index(gathering) + 1]
        why = f"it has gathered {culprit.buffered:,} items, and waits for more of {silent}, which gives none"
    delivering = next((each for each in culprit.inputs if each.in_hand), None)
    at = tuple(at_work_for(culprit, delivering=delivering, loop=run.loop))
    if not at and culprit.wanting:
        at = tuple(_workers_of(culprit))
    return _stall(run, seconds, culprit, why or _reason(culprit, at), path, at)


def _asks_no_more(last: Count) -> str:
    if not last.requested:
        return "it has asked for nothing"
    return f"it has asked for {last.requested:,}, has had them, and asks for no more"


def named(count: Count) -> str:
    """Return a stage and where it was written."""
    return f"{count.node.title} ({count.node.place})"


def _stall(
    run: Run, seconds: float, count: Count, why: str, path: list[Count], at: tuple[Where, ...]
) -> Stall:
    return Stall(
        count.node.title, count.node.place, why, seconds, count.requested, count.emitted, count.in_flight,
        count.buffered, count.node.operator.holds, at,
        (f"consumer ({short(run.site)})", *map(named, path)), run.title,
    )  # fmt: skip


def _consumer(run: Run, seconds: float, why: str, at: tuple[Where, ...] = ()) -> Stall:
    last = run.metering.last
    whose = consumer_of(last.links[0]) if last.links else None
    if whose is not None:
        why = f"{type(whose).__name__} {why.removeprefix('it ')}"
    at = at or tuple(at_work_for(last, loop=run.loop) if last.in_hand else run.beginner())
    path = (f"consumer ({short(run.site)})",)
    return Stall(
        "consumer", short(run.site), why, seconds, last.requested, last.emitted, last.in_hand, 0, 0, at,
        path, run.title,
    )  # fmt: skip


def _awaited(run: Run) -> tuple[Count, list[Count]]:
    """Return who has not given what was asked of it, and the way to it from the last stage."""
    count = run.metering.last
    path = [count]
    if not count.begun:
        return count, path
    while True:
        late = next((each for each in count.inputs if not each.begun), None)
        asked = [each for each in count.inputs if each.live and each.wanting]
        if late is not None and not asked and not count.in_flight:
            return count, path
        if not asked or (count.in_flight and len(count.inputs) == 1):
            return count, path
        count = min(asked, key=lambda each: each.emitted)
        path.append(count)


def _closer(run: Run, culprit: Count, path: list[Count]) -> tuple[Count, list[Count], str]:
    """Look behind a stage: at what it says of itself, and at the flows that were made while it ran."""
    said = _words(culprit)
    if said:
        return culprit, path, said
    made = [each for each in run.metering.counts if each.made and each.live and each.wanting]
    sources = [each for each in made if each.node.upstream is None] or made
    opens = bool(sources and culprit.inputs)
    others = [each for each in run.metering.counts if each.live and each is not culprit]
    if opens or not culprit.in_flight:
        for each in reversed(others):
            if said := _words(each):
                return each, [*path, each], said
    if opens:
        inner = min(sources, key=lambda each: each.emitted)
        inner_said = _words(inner)
        return inner, [*path, inner], inner_said
    return culprit, path, ""


def _words(count: Count) -> str:
    for stage in count.stages:
        if not stage.done and (said := getattr(stage, "held_up", _nothing)()):
            return str(said)
    return ""


def _nothing() -> str:
    return ""


def _gathers(count: Count) -> bool:
    operator = count.node.operator
    return bool(getattr(operator, "gathers", False) and operator.holds and count.buffered)


def _has_what_is_wanted(count: Count) -> bool:
    return count.wanting and bool(count.buffered) and not count.delivering and not count.in_flight


def _reason(count: Count, at: tuple[Where, ...]) -> str:
    operator = count.node.operator
    if _has_what_is_wanted(count):
        return "it has items and demand, and its worker does not come to it"
    if count.queues and count.in_flight:
        items = "1 item" if count.in_flight == 1 else f"{count.in_flight:,} items"
        return f"what it has begun with {items} is not over"
    if count.in_flight:
        return "it is at work with an item, and does not come to an end"
    late = [each for each in count.inputs if not each.begun]
    if late:
        return (
            f"{named(late[0])} has not been subscribed to: whoever is to do it has not come to it"
        )
    if not count.inputs:
        return "it was asked for items, and gives none" + (
            "" if at else "; no thread or task is in it"
        )
    if count.buffered:
        return f"it has gathered {count.buffered:,} items, and waits for more"
    return f"it asks nothing of {named(count.inputs[0])}, which {operator.contract.value}"


def _workers_of(count: Count) -> list[Where]:
    """Return what the threads are at that should be working for a stage."""
    found: list[Where] = []
    for stage in count.stages:
        hop = getattr(stage, "hop", None) or getattr(stage, "_hop", None)
        worker = getattr(hop, "worker", None)
        idents = getattr(worker, "threads", None)
        wanted: set[int] = set() if idents is None else idents()
        for thread, frames in threads():
            if thread.ident in wanted:
                found.append(Where(f"thread {thread.name!r}, which is to run it", place_of(frames)))
    return found


def _blocked_loop(run: Run, seconds: float) -> Stall | None:
    """Return the Stall where an event loop is kept from its turn by a line of the user's."""
    why = "it keeps the event loop of its thread from its turn: nothing else runs there"
    for name, frames in run.stuck_loops():
        at = (Where(f"thread {name!r}", place_of(frames)),)
        codes = {frame.f_code for frame in frames}
        live = [each for each in run.metering.counts if each.live]
        count = next((each for each in live if codes & codes_of(each.node.operator)), None)
        if count is not None:
            return _stall(run, seconds, count, why, [count], at)
        return _consumer(run, seconds, why, at)
    return None
