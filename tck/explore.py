"""Explore: scripts made up at random, played on fresh publishers, and the shortest that go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from tck.diagram import diagram
from tck.due import expect_what_is_due
from tck.made_up import make_up
from tck.publisher_stand import PublisherStand
from tck.report import Outcome, Result, Violation
from tck.rules import Bounds, Breach, judge
from tck.script import Action, Script, Snippet
from tck.settings import Settings
from tck.shrink import shrink
from tck.stand import Stuck
from tck.trace import SIGNALS, Trace
from tck.verify import FOLLOWS, is_grave

_QUICK: Final = 0.2
"""Seconds after which a signal counts as missing while scripts are only tried; confirmed at leisure."""
_QUICK_HANG: Final = 1.0
_SILENT: Final = frozenset({"missing", "hung"})
_TIMED: Final = frozenset({"3.4", "3.5"})
_DEMAND: Final = frozenset({"1.11", "3.2", "3.17"})
"""Ways to lose demand in particular, of which 3.8 is the general one."""
_ENOUGH: Final = 2
"""How often something is found missing before it is no longer waited for."""
_PLAIN: Final = (Action("subscribe", result="a"), Action("request", "a", (100,)))


@dataclass(frozen=True, kw_only=True)
class Found:
    """A rule that a script breaks, and what happened when it was played."""

    rule: str
    script: Script
    breach: Breach
    trace: Trace


def explore_publisher(
    factory: Callable[[int], Any], settings: Settings | None = None, *, loop: bool = False
) -> list[Found]:
    """Returns, for each rule that is found broken, the shortest script that breaks it.

    Errors: `ImportError` without hypothesis.

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
    player = Player(factory, chosen, loop=loop)
    explorer = _Explorer(player)
    make_up(chosen, explorer.attempt)
    explorer.listen()
    found: dict[str, Found] = {}
    for rule, (script, late) in sorted(explorer.found.items(), key=_causes_first):
        if any(rule in FOLLOWS.get(known, ()) for known in found):
            continue
        shortest = player.shortest(script, rule, late=late)
        if shortest is not None:
            found.setdefault(shortest.rule, shortest)
    return [found[rule] for rule in sorted(found)]


def _causes_first(found: tuple[str, tuple[Script, bool]]) -> tuple[int, str]:
    return -len(FOLLOWS.get(found[0], ())), found[0]


class Player:
    """Plays scripts on fresh stands for one factory, and waits for what is due after them."""

    def __init__(
        self, factory: Callable[[int], Any], settings: Settings, *, loop: bool = False
    ) -> None:
        self.settings: Settings = settings
        self._factory = factory
        self._loop = loop
        self._bounds = Bounds.of(settings)
        self._brief = settings.but(
            deadline=min(settings.deadline, _QUICK), quiet=0.0, hang=min(settings.hang, _QUICK_HANG)
        )

    def play(
        self, script: Script, *, leisure: bool = False, unawaited: frozenset[str] = frozenset()
    ) -> PublisherStand:
        """Returns the stand after the script, still open; `leisure`: with the settings as they are."""
        settings = self.settings if leisure else self._brief
        stand = script.play(self._factory, settings, loop=self._loop)
        assert isinstance(stand, PublisherStand)
        try:
            if not any(event.kind == "hung" for event in stand.trace):
                expect_what_is_due(stand, unawaited)
        except Stuck:
            pass  # on record
        if leisure:
            stand.recorder.listen(settings.quiet, settings.hang)
        elif self._loop or _from_elsewhere(stand.trace):
            stand.recorder.listen(min(self.settings.quiet, 0.002), 0.05)
        return stand

    def judge(self, stand: PublisherStand) -> list[Breach]:
        """Returns what was broken first on each link, by the bounds of the settings as they are.

        What goes wrong behind that, in a script made up at random, is mostly its consequence.
        """
        breaches = judge(stand.trace, self._bounds)
        first: dict[str, int] = {}
        for breach in breaches:
            first.setdefault(breach.event.link, breach.event.seq)
        return [b for b in breaches if b.event.seq == first[b.event.link]]

    def breach(self, script: Script, rule: str, *, leisure: bool = False) -> Found | None:
        """Returns what happened when the script was played, if it broke the rule."""
        with self.play(script, leisure=leisure) as stand:
            for breach in self.judge(stand):
                if breach.rule == rule:
                    played = replace(
                        stand.script, changes=_changes(stand.script, self.settings, self._brief)
                    )
                    return Found(rule=rule, script=played, breach=breach, trace=stand.trace)
        return None

    def shortest(
        self,
        script: Script,
        rule: str,
        *,
        late: bool = False,
        seconds: float = 2.0,
        patient: bool = True,
    ) -> Found | None:
        """Returns the shortest script that breaks the rule; None if it was slowness of the machine.

        What is missing or slow has to be so again, with all the time that the settings give it;
        if not `patient`, what does not show at once is not tried at leisure.
        """
        first = self.breach(script, rule, leisure=late)
        if first is None and not patient:
            return None
        if first is None:
            return self.breach(script, rule, leisure=True)
        doubtful = first.breach.event.kind in _SILENT or rule in _TIMED
        if first.breach.event.kind == "hung":
            return self.breach(script, rule, leisure=True)
        if first.breach.event.kind == "missing":
            rule, script = self._plainer(script, rule)
        short = shrink(
            script,
            lambda each: self.breach(each, rule, leisure=late) is not None,
            runs=40 if late or doubtful else 200,
            seconds=seconds,
        )
        at_leisure = self.breach(short, rule, leisure=True)
        if at_leisure is not None or not doubtful:
            return at_leisure or first
        return self.breach(script, rule, leisure=True)

    def _plainer(self, script: Script, rule: str) -> tuple[str, Script]:
        """Returns what is missing already when the same is asked for in the plainest way."""
        if rule not in _DEMAND:
            return rule, script
        for length in (script.args[0], 5, 20, 120):
            most = self.settings.max_elements
            plain = replace(
                script, args=(length if most is None else min(length, most),), actions=_PLAIN
            )
            if self.breach(plain, "3.8") is not None:
                return "3.8", plain
        return rule, script


NAME: Final = "scripts"
"""The name of the result of an exploration, among those of the checks."""


def explored(
    factory: Callable[[int], Any], settings: Settings, *, loop: bool = False, subject: str = ""
) -> Result:
    """Returns what was found by scripts made up at random, as the result of one more check."""
    began = time.perf_counter()
    outcome: Outcome = "passed"
    reason = ""
    found: list[Found] = []
    if not settings.examples:
        outcome, reason = "skipped", "no scripts are wanted (Settings.examples)"
    else:
        try:
            found = explore_publisher(factory, settings, loop=loop)
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            outcome = "skipped"
            reason = "scripts are made up by hypothesis: pip install 'reactive-streams[tck]'"
    # A result is named for its gravest breach.
    found.sort(key=lambda each: not is_grave(each.breach))
    if found:
        outcome = "failed" if is_grave(found[0].breach) else "warned"
        reason = str(found[0].breach)
    return Result(
        name=NAME,
        rule=found[0].rule if found else "1.1",
        kind="beyond",
        outcome=outcome,
        reason=reason,
        violations=tuple(_violation(each, NAME, subject) for each in found),
        seconds=time.perf_counter() - began,
        suite="publisher",
    )


def _violation(found: Found, check: str, subject: str) -> Violation:
    return Violation(
        rule=found.rule,
        check=check,
        message=found.breach.message,
        script=found.script.snippet(subject),
        diagram=diagram(found.trace, [found.breach]),
        trace=found.trace,
    )


def shortened(
    results: list[Result], factory: Callable[[int], Any], settings: Settings, *,
    loop: bool = False, subject: str = "",
) -> list[Result]:  # fmt: skip
    """Returns the results with a shorter script for each rule, where one was found in time.

    Only the script that a report shows for the rule is made shorter: the shortest that there is.
    """
    player = Player(factory, settings, loop=loop)
    best: dict[str, tuple[int, int, Script]] = {}
    for at, result in enumerate(results):
        for number, violation in enumerate(result.violations):
            source = violation.script.source if isinstance(violation.script, Snippet) else None
            known = best.get(violation.rule)
            if source is not None and (known is None or source.size < known[2].size):
                best[violation.rule] = (at, number, source)
    changed = list(results)
    for rule, (at, number, source) in best.items():
        result = changed[at]
        old = result.violations[number]
        of_another = source.stand != "PublisherStand" or source.failing is not None
        if result.name == NAME or of_another or _hangs(old):
            continue
        core = replace(source, actions=tuple(a for a in source.actions if _asks(a)))
        short = player.shortest(core, rule, seconds=1.0, patient=False)
        if short is None or short.rule != rule or short.script.size >= source.size:
            continue
        violations = list(result.violations)
        violations[number] = _violation(short, old.check, subject)
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
        self.found: dict[str, tuple[Script, bool]] = {}
        self._player = player
        self._open: list[tuple[Script, PublisherStand]] = []
        self._missed: dict[str, int] = {}
        self._over = False

    def attempt(self, script: Script) -> None:
        if self._over:
            return
        unawaited = frozenset(r for r, times in self._missed.items() if times >= _ENOUGH)
        stand = self._player.play(script, unawaited=unawaited)
        self._open.append((script, stand))
        self._over = stand.failure is not None
        for breach in self._player.judge(stand):
            if breach.event.kind == "missing":
                self._missed[breach.rule] = self._missed.get(breach.rule, 0) + 1
            self._over = self._over or breach.event.kind == "hung"
            self._note(breach.rule, script, late=False)

    def listen(self) -> None:
        """Hears what comes late: of all together, so that it takes the time of one."""
        settings = self._player.settings
        if self._open:
            self._open[-1][1].recorder.listen(settings.quiet, settings.hang)
        for script, stand in self._open:
            for breach in self._player.judge(stand):
                if breach.rule not in self.found:
                    self._note(breach.rule, script, late=True)
            stand.close()

    def _note(self, rule: str, script: Script, *, late: bool) -> None:
        known = self.found.get(rule)
        if known is None or script.size < known[0].size:
            self.found[rule] = (script, late)


def _from_elsewhere(trace: Trace) -> bool:
    return any(e.kind in SIGNALS and not e.thread.startswith("tck-driver") for e in trace)


def _changes(script: Script, settings: Settings, brief: Settings) -> tuple[tuple[str, Any], ...]:
    """Returns the script's changes without those that are only the haste of the exploration."""
    usual = Settings()
    kept = dict(script.changes)
    for name in ("deadline", "quiet", "hang"):
        if getattr(brief, name) != getattr(settings, name):
            kept.pop(name, None)
            if getattr(settings, name) != getattr(usual, name):
                kept[name] = getattr(settings, name)
    return tuple(kept.items())
