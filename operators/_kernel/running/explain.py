"""explain(): the stages of a pipeline, what is fused, and how many items it may hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from operators._kernel.kinds import AsyncIterableSource, IterableSource
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import fusible
from reactive_streams import UNBOUNDED


@dataclass(frozen=True, slots=True)
class StageInfo:
    """One line of an explanation."""

    title: str
    details: str
    where: str
    contract: str
    holds: int
    """The largest number of items it holds at any time."""
    fused: int | None
    """The number of the fused run that it belongs to, from 1 on; None where it stands alone."""
    inner: int
    """How deep it stands in flows that other operators were given, such as the second one of a zip."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stages from the source down, and the number of items that all may hold together."""

    stages: tuple[StageInfo, ...]
    in_flight: int

    def __str__(self) -> str:
        lines: list[str] = []
        names = [
            f"{'  ' * stage.inner}{stage.title}" + (f"({stage.details})" if stage.details else "")
            for stage in self.stages
        ]
        width = max([_LEAST_WIDTH, *map(len, names)])
        for number, (stage, name) in enumerate(zip(self.stages, names, strict=True), 1):
            fused = f"fused {stage.fused}" if stage.fused else ""
            lines.append(
                f"{number:>3}  {name:<{width}} {fused:<8} holds {bound(stage.holds):<10} {stage.where}"
            )
            lines.append(f"     {'  ' * stage.inner}  {stage.contract}")
        lines.append(self._total())
        return "\n".join(lines)

    def _total(self) -> str:
        text = f"in flight: at most {bound(self.in_flight)} items"
        more = ", beside those that flows made while it runs hold"
        return text + more if self._opens_flows() else text

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """Return it as a table, which is how a notebook shows it and the flow."""
        head = ("", "stage", "fused", "holds", "demand", "written at")
        rows = [
            (
                str(number),
                "\N{NO-BREAK SPACE}" * 2 * stage.inner
                + stage.title
                + (f"({stage.details})" if stage.details else ""),
                "" if stage.fused is None else str(stage.fused),
                bound(stage.holds),
                stage.contract,
                stage.where,
            )
            for number, stage in enumerate(self.stages[:_MOST_ROWS], 1)
        ]
        left = len(self.stages) - len(rows)
        if left:
            rows.append(("", f"... {left} more", "", "", "", ""))
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
        heads = "".join(f"<th>{name}</th>" for name in head)
        return (
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(self._total())}</p>"
        )

    def _opens_flows(self) -> bool:
        return any(stage.title.split(" ")[0] in _OPENERS for stage in self.stages)


def _cell(text: str) -> str:
    return f'<td style="text-align: left">{escape(text)}</td>'


_LEAST_WIDTH = 41
_MOST_ROWS = 60
_OPENERS = {"flat_map", "concat_map", "on_error_resume", "defer", "from_publisher"}


def bound(items: int) -> str:
    """Return a number of items as text."""
    return "UNBOUNDED" if items >= UNBOUNDED else f"{items:,}"


def explain(node: Node) -> Explanation:
    """Return the explanation of the pipeline that ends at `node`."""
    stages = tuple(_stages(node))
    held = sum(stage.holds for stage in stages)
    # Whoever loops over the flow has one item in hand, and asks for another when that is dealt with.
    return Explanation(stages, min(held + 1, UNBOUNDED))


def _stages(node: Node) -> Iterator[StageInfo]:
    runs = itertools.count(1)
    # Flows inside of flows may be too many for a recursion.
    levels = [(0, _places(node.chain(), runs))]
    while levels:
        inner, places = levels[-1]
        place = next(places, None)
        if place is None:
            levels.pop()
            continue
        node, run = place
        operator = node.operator
        yield StageInfo(
            title=node.title,
            details=operator.details,
            where=node.place,
            contract=operator.contract.value,
            holds=operator.holds,
            fused=run,
            inner=inner,
        )
        others = reversed(operator.flows)
        levels += [(inner + 1, _places(other.chain(), runs)) for other in others]


def _places(chain: list[Node], runs: Iterator[int]) -> Iterator[tuple[Node, int | None]]:
    for group in _groups(chain):
        run = next(runs) if len(group) > 1 else None
        for node in group:
            yield node, run


def _groups(chain: list[Node]) -> list[list[Node]]:
    """Cut a chain into the runs that are fused, and the operators that stand alone."""
    # What follows an iterator is fused with it; further down only what never opens anything is.
    driven = isinstance(chain[0].operator, (IterableSource, AsyncIterableSource))
    plain = isinstance(chain[0].operator, IterableSource)
    groups = [[chain[0]]]
    joining = driven
    for node in chain[1:]:
        joins = fusible(node) and (
            node.operator.pushes
            or (driven and plain and (node.synchronous or not node.operator.head))
        )
        if joins and joining:
            groups[-1].append(node)
        else:
            groups.append([node])
        joining = joins
        driven = driven and joins
    return groups
