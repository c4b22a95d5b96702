"""Notebooks and REPLs: cells on a loop that runs, and how a flow shows itself."""

from __future__ import annotations

import ast
import asyncio
import inspect
import subprocess
import sys
from typing import Any

import pytest

from operators import Flow


def run_cells(*cells: str) -> dict[str, Any]:
    """Run cells as a notebook does: on one loop, with `await` at top level."""

    async def main() -> dict[str, Any]:
        space: dict[str, Any] = {"Flow": Flow}
        for number, cell in enumerate(cells, 1):
            code = compile(cell, f"<cell {number}>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            made = eval(code, space)
            if inspect.isawaitable(made):
                await made
        return space

    return asyncio.run(main())


def test_a_cell_awaits_a_flow_and_loops_over_one():
    space = run_cells(
        "last = await Flow.range(5).delay(0.001)",
        "items = []\nasync for n in Flow.range(3).delay(0.001):\n    items.append(n)",
        "plain = list(Flow.range(3))",
    )
    assert (space["last"], space["items"], space["plain"]) == (4, [0, 1, 2], [0, 1, 2])


@pytest.mark.parametrize(
    "cell",
    [
        "for n in Flow.range(3).delay(0.001):\n    pass",
        "Flow.range(3).delay(0.001).run()",
        "list(Flow.from_async_iterable(ticks()))",
    ],
)
def test_a_for_in_a_cell_that_would_wait_says_what_to_write(cell: str):
    ticks = "async def ticks():\n    yield 1\n"
    with pytest.raises(RuntimeError) as caught:
        run_cells(ticks + cell)
    assert "use `async for` or `await`" in str(caught.value)
    assert "a cell of a notebook" in str(caught.value)
    assert "<cell 1>" in str(caught.value)


def test_the_repl_of_asyncio_awaits_a_flow():
    text = "from operators import Flow\nprint('last', await Flow.range(5).delay(0.001))\n"
    done = subprocess.run(
        [sys.executable, "-m", "asyncio"],
        input=text, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "last 4" in done.stdout, done.stderr


def test_a_notebook_shows_the_stages_as_a_table():
    flow = Flow.of("<a>").map(str.upper).buffer(4).zip(Flow.range(3))
    shown = flow._repr_html_()
    assert shown.count("<tr>") == 6
    assert all(
        title in shown for title in (">of", ">map", ">buffer", ">zip", ">\N{NO-BREAK SPACE}")
    )
    assert "in flight: at most" in shown
    assert "<a>" not in shown
    assert shown == flow.describe()._repr_html_()


def test_a_table_of_very_many_stages_is_cut():
    flow: Flow[int] = Flow.range(3)
    for _ in range(500):
        flow = flow.map(abs)
    assert "... 441 more" in flow._repr_html_()


class Printer:
    def __init__(self, indentation: int = 0) -> None:
        self.indentation = indentation
        self.shown = ""

    def text(self, text: str) -> None:
        self.shown += text


def test_ipython_shows_what_explain_prints_and_inside_of_a_list_the_short_form():
    flow = Flow.range(3).map(abs)
    alone, inside = Printer(), Printer(1)
    flow._repr_pretty_(alone, cycle=False)
    flow._repr_pretty_(inside, cycle=False)
    assert alone.shown == f"{flow!r}\n{flow.describe()}"
    assert inside.shown == repr(flow) == "<Flow range | map>"
