"""Explore: scripts made up at random, played on fresh publishers, and the shortest that go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from tck.checks.causes import outcome_of, reason_of
from tck.checks.model import Check
from tck.checks.player import Found, Player
from tck.checks.publisher_kit import PublisherKit
from tck.checks.shown import shown
from tck.driving import crew
from tck.driving.patience import Patience, Tired
from tck.driving.publisher_stand import PublisherStand
from tck.oracle.follows import FOLLOWS, why_it_follows
from tck.recording.breach import BreachKind
from tck.reports.results import Outcome, Result, Violation
from tck.scripts.made_up import make_up
from tck.scripts.script import Action, Script, Snippet
from tck.settings import Loop, Settings

_Key: TypeAlias = tuple[str, BreachKind]
"""A rule, and whether it was broken, or is only to be warned of."""
_ENOUGH: Final = 2
"""How often something is found missing before it is no longer waited for."""


@crew.kept()
def explore_publisher(
    factory: Callable[[int], Any],
    settings: Settings | None = None,
    *,
    loop: Loop | bool | None = None,
    patience: Patience | None = None,
) -> list[Found]:
    """Returns, for each rule that is found broken, the shortest script that breaks it.

    `patience` is what the checks before have taught.

    >>> class Eager:
    ...     def __init__(self, elements):
    ...         pass
    ...
    ...     def subscribe(self, s):
    ...         s.on_subscribe(self)
    ...         s.on_next(1)
    ...         s.on_complete()
    ...
    ...     def request(self, n):
    ...         pass
    ...
    ...     def cancel(self):
    ...         pass
    >>> [(found.rule, len(found.script.actions)) for found in explore_publisher(Eager)][:1]
    [('1.1', 1)]
    """
    chosen = settings or Settings.from_environment()
    if not chosen.examples:
        return []
    player = Player(factory, chosen, loop=loop, patience=patience)
    explorer = _Explorer(player)
    try:
        for script in make_up(chosen):
            if not explorer.attempt(script):
                break
        explorer.listen()
    finally:
        explorer.close()
    found: dict[_Key, Found] = {}
    for (rule, kind), (script, late) in sorted(explorer.found.items(), key=_causes_first):
        if kind == "rule" and any(
            why_it_follows(rule, known, "silence") for known, of in found if of == "rule"
        ):
            continue
        if kind == "python" and (rule, "rule") in found:
            continue
        shortest = player.shortest(script, rule, kind, late=late)
        if shortest is not None:
            found.setdefault((shortest.rule, shortest.breach.kind), shortest)
    return [found[key] for key in sorted(found)]


def _causes_first(found: tuple[_Key, tuple[Script, bool]]) -> tuple[bool, int, str]:
    rule, kind = found[0]
    return (
        kind != "rule",
        -sum(each.cause == rule for each in FOLLOWS if each.where == "silence"),
        rule,
    )


NAME: Final = "scripts"


def explored(
    factory: Callable[[int], Any],
    settings: Settings,
    *,
    loop: Loop | bool | None = None,
    subject: str = "",
    patience: Patience | None = None,
) -> Result:
    """Returns what was found by scripts made up at random, as the result of a check."""
    began = time.perf_counter()
    outcome: Outcome = "passed"
    reason = ""
    found: list[Found] = []
    if not settings.examples:
        outcome, reason = "skipped", "no scripts are wanted (Settings.examples)"
    elif patience is not None and patience.spent:
        outcome, reason = "skipped", str(Tired())
    else:
        found = explore_publisher(factory, settings, loop=loop, patience=patience)
    violations = tuple(_violation(each, NAME, subject, settings) for each in found)
    # A result is named for its gravest breach.
    violations = tuple(sorted(violations, key=lambda each: not each.fails))
    if violations:
        outcome, reason = outcome_of(violations), reason_of(violations)
    return Result(
        name=NAME,
        rule=violations[0].rule if violations else "1.1",
        kind="beyond",
        outcome=outcome,
        reason=reason,
        violations=violations,
        seconds=time.perf_counter() - began,
        suite="publisher",
    )


def _of_kit(kit: PublisherKit, subject: str) -> Result:
    subject = subject if ":" in subject else ""
    return explored(
        kit.factory, kit.settings, loop=kit.loop, subject=subject, patience=kit.patience
    )


def _never(_kit: PublisherKit) -> None:
    raise NotImplementedError(f"{NAME} makes a Result of its own")


SCRIPTS: Final = Check(
    NAME, "1.1", "beyond", _never, "Scripts made up at random break no rule at all.", _of_kit
)
"""The exploration, as the last check of a Publisher."""


def _violation(found: Found, check: str, subject: str, settings: Settings) -> Violation:
    return shown(found.breach, found.script, found.trace, check, subject, settings)


@crew.kept()
def shortened(
    results: list[Result], factory: Callable[[int], Any], settings: Settings, *,
    loop: Loop | bool | None = None, subject: str = "", patience: Patience | None = None,
) -> list[Result]:  # fmt: skip
    """Returns the results with a shorter script for each rule, where one was found in time.

    Only the script that a report shows for the rule is made shorter: the shortest that there is.
    """
    player = Player(factory, settings, loop=loop, patience=patience)
    best: dict[_Key, tuple[int, int, Script]] = {}
    for at, result in enumerate(results):
        for number, violation in enumerate(result.violations):
            source = violation.script.source if isinstance(violation.script, Snippet) else None
            known = best.get((violation.rule, violation.kind))
            if source is not None and (known is None or source.size < known[2].size):
                best[violation.rule, violation.kind] = (at, number, source)
    changed = list(results)
    for (rule, kind), (at, number, source) in best.items():
        result = changed[at]
        old = result.violations[number]
        of_another = source.stand != "PublisherStand" or source.failing is not None
        if result.name == NAME or of_another or _hangs(old):
            continue
        core = replace(source, actions=tuple(a for a in source.actions if _asks(a)))
        short = player.shortest(core, rule, kind, patient=False)
        if short is None or short.rule != rule or short.script.size >= source.size:
            continue
        violations = list(result.violations)
        violations[number] = _violation(short, old.check, subject, settings)
        changed[at] = replace(result, violations=tuple(violations))
    return changed


def _hangs(violation: Violation) -> bool:
    return violation.trace is None or any(event.kind == "hung" for event in violation.trace)


def _asks(action: Action) -> bool:
    # What is due after a shorter script is another matter; Player waits for that.
    return not action.name.startswith("expect_") and action.name not in {"settle", "count_elements"}


class _Explorer:
    """Plays what is made up, and keeps the shortest script for each rule that breaks."""

    def __init__(self, player: Player) -> None:
        self.found: dict[_Key, tuple[Script, bool]] = {}
        self._player = player
        self._open: list[tuple[Script, PublisherStand, int]] = []
        self._missed: dict[str, int] = {}

    def attempt(self, script: Script) -> bool:
        """Plays it, and says whether more of them can show anything."""
        unawaited = frozenset(r for r, times in self._missed.items() if times >= _ENOUGH)
        stand = self._player.play(script, unawaited=unawaited)
        self._open.append((script, stand, len(stand.trace)))
        over = False
        for breach in self._player.judge(stand):
            if breach.event.kind == "missing":
                what = breach.rule if breach.kind == "rule" else f"{breach.rule}/{breach.kind}"
                self._missed[what] = self._missed.get(what, 0) + 1
            over = over or breach.event.kind == "hung"
            self._note((breach.rule, breach.kind), script, late=False)
        return not over

    def listen(self) -> None:
        """Hears what comes late: of all together, so that it takes the time of one."""
        settings = self._player.settings
        if self._open:
            self._open[-1][1].recorder.listen(settings.quiet, settings.hang)
        for script, stand, known in self._open:
            if len(stand.trace) == known:
                continue
            for breach in self._player.judge(stand):
                if (breach.rule, breach.kind) not in self.found:
                    self._note((breach.rule, breach.kind), script, late=True)

    def close(self) -> None:
        """Ends what still goes on."""
        for _, stand, _ in self._open:
            stand.close()

    def _note(self, key: _Key, script: Script, *, late: bool) -> None:
        known = self.found.get(key)
        if known is None or script.size < known[0].size:
            self.found[key] = (script, late)
