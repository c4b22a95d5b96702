"""Every fault of every connector, and the page that says what comes of it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest

import operators.connectors
from tests.connectors.faults import all_faults, is_large, needs_server
from tools.connector_docs import HEAD, PAGE, line, lines

ALL = all_faults()
LINES = lines(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("names", "function"),
    [
        pytest.param(
            names,
            function,
            id=": ".join(names),
            marks=[
                *[pytest.mark.server(names[0])] * needs_server(*names),
                *[pytest.mark.large] * is_large(names[0]),
            ],
        )
        for names, function in sorted(ALL.items())
    ],
)
def test_what_comes_of_it_is_what_the_page_says(
    names: tuple[str, str], function: Callable[[], str]
) -> None:
    assert LINES.get(names) == line(*names, function()), "run tools/connector_docs.py"


def test_the_page_has_every_fault_and_no_other():
    assert PAGE.read_text(encoding="utf-8").startswith(HEAD)
    assert list(LINES) == sorted(ALL)


def test_every_connector_has_its_faults_and_its_page():
    systems = {
        each.name for each in pkgutil.iter_modules(operators.connectors.__path__) if each.ispkg
    }
    assert systems == {system for system, _ in ALL}
    for system in systems:
        assert (PAGE.parent / f"{system}.md").is_file()
        assert importlib.import_module(f"operators.connectors.{system}").__doc__


def test_a_line_that_is_wrong_is_seen():
    page = HEAD + line("queues", "two threads", "each item twice") + "\n"
    assert lines(page)["queues", "two threads"] != line("queues", "two threads", "each item once")
