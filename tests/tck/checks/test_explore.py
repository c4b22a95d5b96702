"""Exploration: it finds what is wrong, says so in few lines that run, and never cries wolf."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest

from operators import Flow
from tck.broken import GALLERY, Exhibit
from tck.checks.explore import explore_publisher
from tck.checks.player import Found, Player
from tck.correct import CORRECT
from tck.driving.loops import needs_loop
from tck.scripts.script import Action, Reactions, Request, Script
from tck.scripts.shrink import shrink
from tck.settings import Settings
from tck.verify import verify_publisher
from tests.tck.verified import HERE, a_module, named, shows, understood

pytestmark = pytest.mark.long

# Of what is quickly found: those that are slow on purpose have checks of their own.
PUBLISHERS = [
    each
    for each in GALLERY
    if each.kind == "publisher" and each.failed is None and each.level == "fails"
]
BY_NAME = {each.name: each for each in GALLERY}
LOUD = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def explore(exhibit: Exhibit, **changes: object) -> list[Found]:
    settings = Settings().but(**{"deadline": 0.3, **exhibit.settings, **changes})
    loop = needs_loop(exhibit.factory, settings)
    return explore_publisher(exhibit.factory, settings, loop=loop)


@cache
def explored(name: str) -> list[Found]:
    return explore(BY_NAME[name])


@LOUD
@pytest.mark.parametrize("name", [each.name for each in PUBLISHERS])
def test_what_is_found_is_the_rule_that_is_broken_or_follows_from_it(name: str) -> None:
    exhibit = BY_NAME[name]
    found = explored(name)
    assert {each.rule for each in found} <= {exhibit.rule, *exhibit.follows}
    with a_module() as module:
        named(module, name, exhibit.factory)
        own = [it for it in found if it.rule not in exhibit.follows]
        for each in own or found:
            script = str(each.script.snippet(f"{HERE}:{name}"))
            # What only follows, and is seen once in sixty runs of threads that race, is not promised by it.
            if own or "stand.together(" not in script:
                shows(each.rule, script)


@LOUD
def test_most_of_the_gallery_is_found_and_shown_in_few_actions() -> None:
    found = {each.name: explored(each.name) for each in PUBLISHERS}
    assert sum(map(bool, found.values())) >= 30
    sizes = [len(each.script.actions) for several in found.values() for each in several]
    assert sum(size <= 4 for size in sizes) >= 0.9 * len(sizes)


@pytest.mark.parametrize(
    "exhibit", [pytest.param(e, id=e.name) for e in CORRECT if e.kind == "publisher"]
)
@pytest.mark.parametrize("seed", [0, 1])
@LOUD
def test_there_is_no_alarm_for_a_correct_one(exhibit: Exhibit, seed: int) -> None:
    settings = Settings(seed=seed).but(**exhibit.settings)
    loop = needs_loop(exhibit.factory, settings)
    found = explore_publisher(exhibit.factory, settings, loop=loop)
    assert [str(each.breach) for each in found] == []


def test_there_is_no_alarm_for_our_own_range() -> None:
    assert explore_publisher(lambda n: Flow.range(0, n), Settings(examples=150)) == []


def test_what_is_only_slow_is_waited_for_before_it_is_said_to_be_missing() -> None:
    """Longer than scripts are waited for while they are only tried, and less than the settings allow."""

    async def late(elements: int) -> AsyncIterator[int]:
        await asyncio.sleep(0.7)
        for n in range(elements):
            yield n

    actions = (Action("subscribe", result="a"), Action("request", "a", (100,)))
    script = Script("PublisherStand", (3,), actions)
    settings = Settings(per_subscriber=True, deadline=20.0)
    player = Player(lambda n: Flow.defer(lambda: Flow.from_async_iterable(late(n))), settings)
    assert player.shortest(script, "3.8") is None


def test_the_same_seed_gives_the_same_scripts() -> None:
    exhibit = BY_NAME["Spec315CancelRaises"]
    runs = [[str(each.script) for each in explore(exhibit, seed=7)] for _ in range(2)]
    assert runs[0] == runs[1] != []


@pytest.mark.parametrize(
    "name", ["Spec107CompletesTwice", "Spec315CancelRaises", "Spec101SendsOneTooMany"]
)
def test_what_is_printed_runs_and_shows_the_rule(name: str, tmp_path: Path) -> None:
    exhibit = BY_NAME[name]
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from tck.broken import GALLERY\n"
        f"numbers = next(each.factory for each in GALLERY if each.name == {name!r})\n"
    )
    found = {each.rule: each for each in explore(exhibit)}[exhibit.rule]
    for subject in (f"{mine}:numbers", "mine:numbers"):
        run = subprocess.run(
            [sys.executable, "-c", found.script.snippet(subject)],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{Path(__file__).parents[2]}:{tmp_path}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 1, run.stderr
        assert f"§{exhibit.rule}" in run.stdout


def test_a_played_script_breaks_what_it_broke() -> None:
    exhibit = BY_NAME["Spec101SendsOneTooMany"]
    script = Script(
        "PublisherStand", (5,), (Action("subscribe", result="a"), Action("request", "a", (2,)))
    )
    with script.play(exhibit.factory, Settings()) as stand:
        assert [breach.rule for breach in stand.breaches()] == ["1.1"]
        assert stand.script.actions == script.actions


def test_shrinking_leaves_what_matters() -> None:
    script = Script(
        "PublisherStand",
        (50,),
        (
            Action("subscribe", "", (Reactions((Request(9),), after={5: (Request(40),)}),), "a"),
            Action("subscribe", result="b"),
            Action("request", "b", (3,)),
            Action("request", "a", (0,)),
        ),
    )

    def fails(each: Script) -> bool:
        return any(a.name == "request" and a.link == "b" for a in each.actions)

    assert list(map(str, shrink(script, fails).actions)) == [
        "b = stand.subscribe()",
        "b.request(1)",
    ]


def test_shrinking_keeps_to_its_bounds() -> None:
    runs = 0

    def fails(_each: Script) -> bool:
        nonlocal runs
        runs += 1
        return False

    many = tuple(Action("request", "", (n,)) for n in range(2, 100))
    shrink(Script("PublisherStand", (9,), many), fails, runs=25)
    assert runs == 25


@LOUD
def test_a_verification_has_a_result_of_its_own_for_the_scripts() -> None:
    exhibit = BY_NAME["Spec107CompletesTwice"]
    settings = Settings(deadline=0.3)
    report = verify_publisher(exhibit.factory, settings=settings, subject="mine:numbers")
    (scripts,) = (each for each in report.results if each.name == "scripts")
    assert (scripts.outcome, scripts.rule, scripts.kind) == ("failed", "1.7", "beyond")
    (violation,) = (each for each in report.violations if each.rule == "1.7")
    understood(violation)
    assert "from mine import numbers" in violation.script
    assert len(violation.script.splitlines()) <= 8
