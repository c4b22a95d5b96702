"""A run as a picture of text: time down, items to the right, demand to the left."""

from __future__ import annotations

from tools.operator_pages.watch import Event, Watch

_BAR = "┃"


def drawn(watch: Watch) -> str:
    """Return the picture of a run; the time is told where any passed."""
    lanes = [*watch.left, *watch.right]
    used = {event.lane for event in watch.events}
    lanes = [lane for lane in lanes if lane in used]
    left = [lane for lane in lanes if lane in watch.left]
    right = [lane for lane in lanes if lane not in watch.left]
    rows = _rows(watch, lanes, len(left))
    widths = {
        lane: max([len(lane), *(len(e.text) + 6 * bool(e.way) for e in watch.events if e.lane == lane)])
        for lane in lanes
    }  # fmt: skip
    timed = any(event.at for event in watch.events)
    bar = len(watch.name) // 2
    lines = [
        _line(
            "seconds" if timed else "",
            [lane.ljust(widths[lane]) for lane in left],
            watch.name,
            [lane.ljust(widths[lane]) for lane in right],
            timed=timed,
        )
    ]
    for at, row in rows:
        middle = (" " * bar + _BAR).ljust(len(watch.name))
        cells = {lane: _cell(row.get(lane), widths[lane], last=lane in right) for lane in lanes}
        lines.append(
            _line(
                f"{at:g}",
                [cells[lane] for lane in left],
                middle,
                [cells[lane] for lane in right],
                timed=timed,
            )
        )
    return "\n".join(line.rstrip() for line in lines)


def _line(time: str, left: list[str], middle: str, right: list[str], *, timed: bool) -> str:
    before = f"{time:>7}   " if timed else ""
    return before + "  ".join([*left, middle, *right])


def _cell(event: Event | None, width: int, *, last: bool) -> str:
    if event is None:
        return " " * width
    if event.way == "up":
        return f"<─ {event.text} ".ljust(width, "─")
    if event.way == "down":
        return f"── {event.text} ".ljust(width - 1, "─") + ">"
    return event.text.ljust(width)


def _rows(watch: Watch, lanes: list[str], lefts: int) -> list[tuple[float, dict[str, Event]]]:
    """Put what passes straight through into one row: demand from right to left, or an item on its way."""
    rows: list[tuple[float, dict[str, Event]]] = []
    for event in watch.events:
        column = lanes.index(event.lane)
        if rows and _joins(rows[-1], event, column, lanes, lefts):
            rows[-1][1][event.lane] = event
        else:
            rows.append((event.at, {event.lane: event}))
    return rows


def _joins(
    row: tuple[float, dict[str, Event]], event: Event, column: int, lanes: list[str], lefts: int
) -> bool:
    at, cells = row
    last = list(cells.values())[-1]
    before = lanes.index(last.lane)
    if at != event.at or ("up" in (event.way, last.way) and event.way != last.way):
        return False
    if event.way == "up":
        return column < lefts <= before
    return before < column and column >= lefts
