"""The two ways to show the meters of a running pipeline: plain lines, and a live table."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from operators._cli.report import result_text
from operators._kernel.running.explain import bound
from operators.watching.meters import ENDS, Reading, StageReading

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table

_HEADS = (
    "stage", "requested", "emitted", "in flight", "buffered", "held at most", "dropped", "items/s",
    "waits for", "end",
)  # fmt: skip
_NUMBERS = range(1, 8)
_WHILE_IT_RUNS = {"in flight", "buffered", "waits for"}
_AT_THE_END = {"held at most", "end"}
_WINDOW = 2.0  # seconds over which items/s is measured while it runs
_MADE = "* all flows made at this place while the pipeline ran"
_EVERY = 1.0  # seconds between two plain lines


class View(ABC):
    """Shows readings while a pipeline runs, and the last one in full."""

    def __init__(self) -> None:
        self.title: str = "the flow"
        """What is shown."""
        self._first: Reading | None = None
        self._recent: deque[Reading] = deque()
        self._bound = 0

    @contextmanager
    def shown(self, promised: int) -> Generator[None]:
        """Show, inside the `with`, what the others are given; `promised` is the bound of the pipeline."""
        self._bound = promised
        yield

    def update(self, reading: Reading) -> None:
        """Take a reading, and show it when it is time."""
        self._first = self._first or reading
        while len(self._recent) > 1 and reading.at - self._recent[1].at > _WINDOW:
            self._recent.popleft()
        self._recent.append(reading)
        self.show(reading)

    @abstractmethod
    def show(self, reading: Reading) -> None:
        """Show one of many readings."""

    @abstractmethod
    def finish(self, reading: Reading) -> None:
        """Show the last reading, which stays."""

    def abandon(self) -> None:  # noqa: B027 - there may be nothing to do
        """Leave the terminal in order, when the process is about to end at once."""

    def result(self, result: Any) -> None:
        """Show the last item of the pipeline, after the `with`."""
        print(result_text(result))

    def _rates(self, reading: Reading, *, overall: bool) -> tuple[float, ...]:
        earlier = self._first if overall or not self._recent else self._recent[0]
        return reading.rates(earlier or reading)

    def _status(self, reading: Reading) -> str:
        awaited = f"waiting for {reading.waited_for}" if reading.waited_for else "over"
        return (
            f"in flight {reading.in_flight:,}, at most {reading.most_in_flight:,} "
            f"of {bound(self._bound)}; {awaited}"
        )

    def _seconds(self, reading: Reading) -> float:
        return reading.at - (self._first or reading).at


def rows(reading: Reading, rates: tuple[float, ...]) -> list[tuple[str, ...]]:
    """Return the cells of the table, a row for each stage."""
    return [
        (
            "  " * stage.inner + stage.title + (" *" if stage.made else ""),
            bound(stage.requested).lower(),
            f"{stage.emitted:,}",
            f"{stage.in_flight:,}",
            f"{stage.buffered:,}",
            f"{stage.most_held:,} of {bound(stage.holds).lower()}" if stage.holds else "",
            f"{stage.dropped:,}",
            f"{rate:,.0f}",
            _waits_for(stage),
            stage.state if stage.state in ENDS else "not ended",
        )
        for stage, rate in zip(reading.stages, rates, strict=True)
    ]


_WAITS = {
    "waits for items": "items of {}",
    "waits for demand": "demand of {}",
    "delivers": "{} to take it",
}


def _waits_for(stage: StageReading) -> str:
    return _WAITS.get(stage.state, f"({stage.state})").format(stage.waits_for)


def shown_columns(reading: Reading, *, over: bool) -> list[int]:
    """Return the columns to show: that of dropped items only where there are any."""
    hidden = set(_WHILE_IT_RUNS if over else _AT_THE_END)
    if not any(stage.dropped for stage in reading.stages):
        hidden.add("dropped")
    return [column for column, head in enumerate(_HEADS) if head not in hidden]


LEGEND = (
    "requested, emitted: items asked of a stage by the one below it, and given to that",
    "in flight, buffered: items that a stage works on now, and that wait in it",
    "waits for: whose items or demand it waits for, or who has not yet taken what it gives",
)
"""What the columns of the live table say."""


def footer(reading: Reading, promised: int) -> str:
    """Return the line that adds the columns up."""
    own = [stage for stage in reading.stages if not stage.made]
    works = sum(stage.in_flight for stage in own)
    waits = sum(stage.buffered for stage in own)
    consumer = max(0, reading.in_flight - works - waits)
    return (
        f"in flight in all {reading.in_flight:,} = {works:,} worked on + {waits:,} buffered "
        f"+ {consumer:,} with the consumer; at most {reading.most_in_flight:,} of {bound(promised)}"
    )


OF = "of N: what all stages may hold together, by their settings, and one item with the consumer"


def plain_table(reading: Reading, rates: tuple[float, ...]) -> Iterator[str]:
    """Give the lines of the table at the end, as plain text."""
    return _plain(reading, rates, over=True)


def running_table(reading: Reading, rates: tuple[float, ...]) -> Iterator[str]:
    """Give the lines of the table while it runs, as plain text."""
    return _plain(reading, rates, over=False)


def _plain(reading: Reading, rates: tuple[float, ...], *, over: bool) -> Iterator[str]:
    columns = shown_columns(reading, over=over)
    lines = [[row[column] for column in columns] for row in (_HEADS, *rows(reading, rates))]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        yield "  ".join(cells).rstrip()
    if any(stage.made for stage in reading.stages):
        yield _MADE


class PlainView(View):
    """A line on standard error every second, and the table on standard output at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._said = 0

    def show(self, reading: Reading) -> None:
        if self._seconds(reading) < (self._said + 1) * _EVERY:
            return
        self._said = int(self._seconds(reading) / _EVERY)
        last = [stage for stage in reading.stages if not stage.inner][-1]
        rate = self._rates(reading, overall=False)[reading.stages.index(last)]
        print(
            f"{self._seconds(reading):6.1f} s  {last.emitted:,} items ({rate:,.0f}/s); "
            f"{self._status(reading)}",
            file=sys.stderr,
            flush=True,
        )

    def finish(self, reading: Reading) -> None:
        for line in plain_table(reading, self._rates(reading, overall=True)):
            print(line)


class LiveView(View):
    """A table on the terminal that is drawn anew several times a second."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console: Console = console
        self._live: Live | None = None

    @contextmanager
    def shown(self, promised: int) -> Generator[None]:
        from rich.live import Live

        self._bound = promised
        with Live(console=self.console, auto_refresh=False) as self._live:
            yield

    def show(self, reading: Reading) -> None:
        if self._live is not None:
            self._live.update(self._running(reading), refresh=True)

    def finish(self, reading: Reading) -> None:
        if self._live is not None:
            self._live.update(self._table(reading, over=True), refresh=True)

    def abandon(self) -> None:
        self.console.show_cursor()

    def result(self, result: Any) -> None:
        if hasattr(result, "__rich__") or hasattr(result, "__rich_console__"):
            self.console.print(result)
        else:
            super().result(result)

    def _running(self, reading: Reading) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        # The cursor stays behind the last line, and the terminal writes ^C there: it must not be
        # filled up to the edge.
        awaited = f"waiting for {reading.waited_for}" if reading.waited_for else "over"
        status = Text(f"{self._seconds(reading):.1f} s; {awaited}", no_wrap=True)
        more = "\n".join([footer(reading, self._bound), "", *LEGEND, OF])
        return Group(
            Text(f"{self.title}: each stage from the source down; Ctrl-C ends it", style="bold"),
            self._table(reading, over=False),
            Text(more, style="dim"),
            status,
        )

    def _table(self, reading: Reading, *, over: bool) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0))
        rates = self._rates(reading, overall=over)
        columns = shown_columns(reading, over=over)
        for column in columns:
            table.add_column(
                _HEADS[column],
                justify="right" if column in _NUMBERS else "left",
                no_wrap=_HEADS[column] != "waits for",
                # So that the columns stand still while the numbers grow.
                min_width=20 if _HEADS[column] == "waits for" else len(_HEADS[column]),
            )
        for stage, row in zip(reading.stages, rows(reading, rates), strict=True):
            awaited = stage.title == reading.waited_for and not over
            cells = [Text(row[column]) for column in columns]
            table.add_row(*cells, style="bold yellow" if awaited else None)
        if any(stage.made for stage in reading.stages):
            table.caption = _MADE
            table.caption_justify = "left"
        return table


def choose_view(*, plain: bool) -> View:
    """Return the live view where standard output is a terminal that can show it."""
    if plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return PlainView()
    try:
        from rich.console import Console
    except ImportError:
        return PlainView()
    return LiveView(Console())
