"""Runs a simulated server with a moving knee, for the picture and the tables of docs/inference.md.

    python tools/inference_docs.py              writes both
    python tools/inference_docs.py --check      says whether they are up to date

All of it is in virtual time: the figures are those of the simulation, and the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from operators.testing import VirtualClock  # noqa: E402
from tests.operators.backpressure.test_goodput import (  # noqa: E402
    GUARDS,
    adapting,
    at_once,
    under_load,
    unguarded,
)
from tests.operators.concurrency.server import (  # noqa: E402
    ALONE,
    SHAPES,
    TARGET,
    Server,
    follower,
    percentile,
    run,
    watched,
)

PAGE = ROOT / "docs" / "inference.md"
PICTURE = ROOT / "docs" / "inference.svg"
SECONDS = 45
KNEES = ((0, 15, 32), (15, 30, 12), (30, 45, 64))
"""From when, until when, the server can work on how many at once."""
SETTLED = 4
"""Seconds after a change that are left to find it out."""
SHAPE = "steep"
_COLOURS = {"adaptive": "#0b6e4f", "12": "#b0b0b0", "32": "#e08e0b", "64": "#3f6fb5"}
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 720, 130, 62, 34, 46


Series = dict[str, list[tuple[float, float]]]


@dataclass
class Run:
    """What came of one concurrency."""

    name: str
    server: Server
    limits: list[tuple[float, int]]

    def rates(self) -> list[float]:
        """Return the calls of each second."""
        return [float(len(self.server.between(n, n + 1))) for n in range(SECONDS)]

    def slowest(self) -> list[float]:
        """Return the 99th percentile of each second, in milliseconds."""
        return [1000 * max(self.server.between(n, n + 1), default=0.0) for n in range(SECONDS)]

    def row(self) -> str:
        """Return the row of the table."""
        cells: list[str] = []
        for since, until, _ in KNEES:
            took = self.server.between(since + SETTLED, until)
            cells += [
                f"{len(took) / (until - since - SETTLED):.0f}",
                f"{1000 * percentile(took):.0f}",
            ]
        return f"| {self.name} | {' | '.join(cells)} |"


def knee(when: float) -> int:
    """Return how many the server can work on at once."""
    return next((k for since, until, k in KNEES if since <= when < until), KNEES[-1][2])


def runs() -> list[Run]:
    """Return what comes of each concurrency."""
    made: list[Run] = []
    for name in _COLOURS:
        clock = VirtualClock()
        limits: list[tuple[float, int]] = []
        server = Server(clock, SHAPE, knee)
        given = watched(clock, limits) if name == "adaptive" else int(name)
        server.run(given, SECONDS)
        made.append(Run(name, server, limits))
    return made


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _panel(top: int, title: str, series: Series, most: float) -> Iterator[str]:
    def x(second: float) -> float:
        return _LEFT + second / SECONDS * (_WIDTH - _LEFT - 20)

    def y(value: float) -> float:
        return top + _HEIGHT * (1 - min(value, most) / most)

    yield f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{title}</text>'
    for part in range(5):
        value = most * part / 4
        yield _line(_LEFT, y(value), _WIDTH - 20, y(value), 'stroke="#e4e4e4"')
        yield f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.0f}</text>'
    for since, _, _ in KNEES[1:]:
        yield _line(x(since), top, x(since), top + _HEIGHT, 'stroke="#999" stroke-dasharray="3 3"')
    for name, points in series.items():
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
        dash = ' stroke-dasharray="6 3"' if name not in _COLOURS else ""
        width = 2.2 if name == "adaptive" else 1.4
        colour = _COLOURS.get(name, "#c0392b")
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'


def _pairs(times: list[float], values: list[float]) -> list[tuple[float, float]]:
    return list(zip(times, values, strict=True))


def picture(made: list[Run]) -> str:
    """Return the SVG."""
    by_second = [n + 0.5 for n in range(SECONDS)]
    knees = [(float(at), float(k)) for since, until, k in KNEES for at in (since, until)]
    limits: list[tuple[float, float]] = []
    for when, value in made[0].limits:
        limits += [(when, limits[-1][1] if limits else float(value)), (when, float(value))]
    panels: list[tuple[str, Series, float]] = [
        ("calls a second", {it.name: _pairs(by_second, it.rates()) for it in made}, 700.0),
        (
            "slowest call of each second, in milliseconds; the target, 200, is dashed",
            {
                **{it.name: _pairs(by_second, it.slowest()) for it in made},
                "target": [(0.0, 1000 * TARGET), (float(SECONDS), 1000 * TARGET)],
            },
            800.0,
        ),
        ("the limit, and the knee (dashed)", {"adaptive": limits, "knee": knees}, 100.0),
    ]
    height = _TOP + len(panels) * (_HEIGHT + _GAP) + 26
    box, font = f'viewBox="0 0 {_WIDTH} {height}"', 'font-family="sans-serif" font-size="12"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {font}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, (title, series, most) in enumerate(panels):
        lines += _panel(_TOP + number * (_HEIGHT + _GAP), title, series, most)
    for number, name in enumerate(_COLOURS):
        at = _LEFT + 150 * number
        style = f'stroke="{_COLOURS[name]}" stroke-width="3"'
        lines.append(_line(at, height - 24, at + 24, height - 24, style))
        shown = name if name == "adaptive" else f"{name} at once"
        lines.append(f'<text x="{at + 30}" y="{height - 20}">{shown}</text>')
    end = f'x="{_WIDTH - 20}" y="{height - 20}" text-anchor="end"'
    lines.append(f"<text {end}>seconds: 0 to {SECONDS}</text>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def limits_table(made: list[Run]) -> str:
    """Return the table of the limits."""
    heads = " | ".join(f"knee {k}: calls/s | p99, ms" for _, _, k in KNEES)
    best = " | ".join(f"{k / ALONE:.0f} | {1000 * ALONE:.0f}" for _, _, k in KNEES)
    lines = [f"| in flight | {heads} |", "|---|" + "--:|--:|" * len(KNEES)]
    return "\n".join([*lines, *(it.row() for it in made), f"| what it can do | {best} |"])


FIRST = 200
"""Calls, of which the first table tells."""


def firsts_table() -> str:
    """Return the table of the first calls, beside the best limit that stays."""
    lines = [
        "| beyond the knee calls take longer | knee | of the best fixed limit's calls a second | p99, ms |",
        "|---|--:|--:|--:|",
    ]
    names = {
        "linear": "as the load",
        "square": "as its square",
        "steep": "by twice what is too much",
    }
    for shape in SHAPES:
        for most in (16, 32, 64):

            def knee(_: float, most: int = most) -> int:
                return most

            fixed = [run(most * n // 8, FIRST, shape, knee).rate(0, FIRST) for n in (6, 8, 10)]
            found = run(follower(), FIRST, shape, knee)
            share, slowest = found.rate(0, FIRST) / max(fixed), 1000 * found.slowest_of_a_hundred()
            lines.append(f"| {names[shape]} | {most} | {share:.0%} | {slowest:.0f} |")
    return "\n".join(lines)


def goodput_table() -> str:
    """Return the table of what is answered in time under three times as much as can be."""
    rows = ["| in front | in flight | answered in time, of what can be |", "|---|---|--:|"]
    for name, guard in {
        "a queue": unguarded,
        **{f"shed {k}": v for k, v in GUARDS.items()},
    }.items():
        for calls, how in ((at_once, "32"), (adapting, "adaptive")):
            rows.append(f"| {name} | {how} | {under_load(3, guard, calls, 'linear').good:.0%} |")
    return "\n".join(rows)


def page(text: str, tables: dict[str, str]) -> str:
    """Return the page with its tables made anew."""
    for name, table in tables.items():
        head, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition("<!-- end -->")
        if not (begin and end):
            raise ValueError(f"{PAGE.name} lacks <!-- {name} --> ... <!-- end -->")
        text = f"{head}{begin}{table}\n{end}{tail}"
    return text


def made() -> dict[Path, str]:
    """Return what is to be in the files."""
    each = runs()
    tables = {"limits": limits_table(each), "firsts": firsts_table(), "goodput": goodput_table()}
    return {PICTURE: picture(each), PAGE: page(PAGE.read_text(encoding="utf-8"), tables)}


def main(arguments: list[str]) -> int:
    """Write the files, or check them; return 1 where they are not up to date."""
    stale = 0
    for path, text in made().items():
        if arguments == ["--check"]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                print(f"{path.relative_to(ROOT)} is not up to date: python tools/inference_docs.py")
                stale = 1
        else:
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
