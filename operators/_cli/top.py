"""top: the live table of the flows of another process, which serves them on a Unix socket."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from operators._cli.view import LEGEND, OF, LiveView, choose_view, footer, running_table
from operators.watching.meters import Reading
from operators.watching.serving import reading_of, socket_of

_EVERY = 1.0  # seconds between two plain tables
_WINDOW = 8  # readings over which items/s is measured


def top(target: str, *, plain: bool, once: bool) -> int:
    """Return the exit code, when the process has ended, or the user has seen enough."""
    path = socket_of(int(target)) if target.isdecimal() else Path(target)
    try:
        told = _lines(path)
        first = next(told, None)
    except OSError as error:
        print(
            f"error: {path}: {error.strerror or error}; the process has to serve its flows: by "
            "operators.watching.serve(), or with OPERATORS_TOP=1 in its environment",
            file=sys.stderr,
        )
        return 2
    screen = _Screen(plain=plain or once)
    with suppress(KeyboardInterrupt), screen:
        if first is not None:
            screen.show(first)
            for each in () if once else told:
                screen.show(each)
    return 0


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.connect(str(path))
        with connection.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


class _Screen:
    """Shows what is told, each time anew."""

    def __init__(self, *, plain: bool) -> None:
        view = choose_view(plain=plain)
        self._live: Any = nullcontext()
        self._shows_live = isinstance(view, LiveView)
        if isinstance(view, LiveView):
            from rich.live import Live

            self._live = Live(console=view.console, auto_refresh=False, screen=False)
        self._recent: dict[int, list[Reading]] = {}
        self._said = 0.0

    def __enter__(self) -> None:
        self._live.__enter__()

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(*error)

    def show(self, told: dict[str, Any]) -> None:
        """Show what was told of the process."""
        blocks = [self._block(run) for run in told["runs"]]
        flows = "1 watched flow" if len(blocks) == 1 else f"{len(blocks)} watched flows"
        head = f"process {told['pid']}: {flows}"
        if self._shows_live:
            self._draw(head, blocks)
        elif time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            print(
                "\n".join([head, *["\n".join(block) for block in blocks], *LEGEND, OF]), flush=True
            )
            print()

    def _block(self, run: dict[str, Any]) -> list[str]:
        reading = reading_of(run)
        recent = self._recent.setdefault(run["number"], [])
        recent.append(reading)
        del recent[:-_WINDOW]
        awaited = f"waiting for {reading.waited_for}" if reading.waited_for else "over"
        return [
            "",
            f"{run['title']}, run at {run['where']}, for {run['seconds']:.1f} s; {awaited}",
            *running_table(reading, reading.rates(recent[0])),
            footer(reading, run["bound"]),
        ]

    def _draw(self, head: str, blocks: list[list[str]]) -> None:
        from rich.console import Group
        from rich.text import Text

        parts = [Text(head + "; Ctrl-C leaves it running", style="bold")]
        # The last ones, as far as there is room.
        room = os.get_terminal_size().lines - len(LEGEND) - 4
        for block in reversed(blocks):
            room -= len(block)
            if room < 0 and len(parts) > 1:
                break
            parts.append(Text("\n".join(block), no_wrap=True))
        parts.append(Text("\n".join(["", *LEGEND, OF]), style="dim"))
        self._live.update(Group(*parts), refresh=True)
