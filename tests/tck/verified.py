"""What is verified as a user's own component is: by its name in a module, with scripts that can be run."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import ModuleType
from typing import Any

import pytest

from reactive_streams.rules import rule
from tck import Report, Settings, verify_processor, verify_publisher, verify_subscriber
from tck.broken import Exhibit
from tck.reports.results import Violation

HERE = "exhibits_of_the_gallery"
SAID = re.compile(
    r"(at signal (?P<at>\d+)|after signal (?P<after>\d+), [^:]+|among signals too many to be numbered): "
    r"(?P<came>\S.+); expected: (?P<due>\S.+)"
)
LOUD = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@contextmanager
def a_module() -> Generator[ModuleType]:
    """Gives a module that scripts can import from."""
    sys.modules[HERE] = made = ModuleType(HERE)
    try:
        yield made
    finally:
        del sys.modules[HERE]


@contextmanager
def verified(exhibit: Exhibit, **waiting: Any) -> Generator[Report]:
    """Gives the report; inside, its scripts find the exhibit in the module that they import it from."""
    settings = Settings(**{"examples": 0, **waiting, **exhibit.settings})
    with a_module() as module:
        yield _report(exhibit, module, settings)


def _report(exhibit: Exhibit, module: ModuleType, settings: Settings) -> Report:
    factory = named(module, exhibit.name, exhibit.factory)
    loop: Any = "asyncio" if exhibit.needs_loop else None
    if exhibit.kind == "publisher":
        failed = named(module, f"{exhibit.name}_failed", exhibit.failed)
        return verify_publisher(factory, failed=failed, settings=settings, loop=loop)
    if exhibit.kind == "subscriber":
        whitebox = named(module, f"{exhibit.name}_whitebox", exhibit.whitebox)
        return verify_subscriber(factory, whitebox=whitebox, settings=settings, loop=loop)
    return verify_processor(factory, settings=settings, loop=loop)


def named(module: ModuleType, name: str, make: Callable[..., Any] | None) -> Any:
    """Returns the factory as one that stands in the module, under that name."""
    if make is None:
        return None

    def factory(*args: Any) -> Any:
        return make(*args)

    factory.__module__, factory.__qualname__ = HERE, name
    setattr(module, name, factory)
    return factory


def told(report: Report, *, outcome: str = "", also: bool = False) -> dict[str, list[str]]:
    """Returns the messages by rule: of results that came out like this, or of all that say something.

    With `also`, what may only follow from what else was found counts like the rest.
    """
    rules: dict[str, list[str]] = {}
    for result in report.results:
        speaks = result.outcome in ({outcome} if outcome else {"failed", "warned"})
        if speaks and not result.violations:
            rules.setdefault("", []).append(f"{result.name}: {result.reason}")
        shown: Iterable[Violation] = result.violations if speaks else ()
        for violation in (*shown, *(result.also if also else ())):
            rules.setdefault(violation.rule, []).append(f"{result.name}: {violation.message}")
    return rules


def is_found_by_its_rule_alone(exhibit: Exhibit, report: Report, *, also: bool) -> None:
    """Fail where its rule is not told of, in its own severity, or another one is that does not follow."""
    own = told(report, outcome={"fails": "failed", "warns": "warned"}[exhibit.level])
    assert exhibit.rule in own
    rules = told(report, also=also)
    assert {k: v for k, v in rules.items() if k not in {exhibit.rule, *exhibit.follows}} == {}


def understood(found: Violation) -> None:
    """Says at which signal, what came, and what was expected; once each, with the words of the rule."""
    said = SAID.fullmatch(found.message)
    assert said, found.message
    assert said["came"] != said["due"]
    number = said["at"] or said["after"]
    if number:
        assert re.search(rf"^ *{number} ", found.diagram, re.MULTILINE), (
            f"{number}\n{found.diagram}"
        )
    whole = " ".join(str(found).split())
    assert whole.count(rule(found.rule).statement) == 1, whole
    assert whole.count(f"{said['came']}; expected:") == 1, whole


def its_scripts_show_it(exhibit: Exhibit, report: Report) -> None:
    """Fail where what is said cannot be understood alone, or a script, pasted, does not show its rule."""
    assert report.violations
    for found in (*report.violations, *report.also):
        understood(found)
    # What is seen once in sixty runs, by a race beside the exhibit's own, is no promise of its script.
    owed = [found for found in report.violations if found.rule not in exhibit.follows]
    for found in owed or report.violations:
        shows(found.rule, found.script)


def shows(rule: str, script: str) -> None:
    """Fail where the script does not print and say by its exit status that it has found the rule broken.

    One with threads that race is run again: on a busy machine they may miss each other.
    """
    code, printed = _run(script)
    for _ in range(19 if "stand.together(" in script else 0):
        if code:
            break
        code, printed = _run(script)
    assert f"§{rule} at " in printed, f"{script}\n{printed}"
    assert f"<-- §{rule}" in printed or f", §{rule} broken" in printed, printed
    assert code == 1


def _run(script: str) -> tuple[object, str]:
    out = StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit) as ended:
        exec(compile(script, "script", "exec"), {"__name__": "__main__"})
    return ended.value.code, out.getvalue()
