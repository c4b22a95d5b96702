"""Plays scripts on fresh publishers, and looks for the shortest that still shows what one has shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from tck.checks.due import expect_what_is_due
from tck.driving.factories import FactoryHangs
from tck.driving.patience import Patience
from tck.driving.publisher_stand import PublisherStand
from tck.oracle.model import Bounds
from tck.oracle.rules import judge
from tck.recording.breach import Breach, BreachKind
from tck.recording.trace import SIGNALS, Trace
from tck.scripts.script import Action, Script, Stuck
from tck.scripts.shrink import shrink
from tck.settings import Loop, Settings

_QUICK: Final = 0.2
"""Seconds after which a signal counts as missing while scripts are only tried; confirmed at leisure."""
_QUICK_HANG: Final = 1.0
_EACH: Final = 400
"""How much may be played to find a shorter script for one rule: a signal is a fiftieth, and a play itself is
one, or 40 where something was waited for in vain. So the same seed gives the same script on any machine."""
_ALL: Final = 2_000
"""How much may be played for all rules together."""
_SILENT: Final = frozenset({"missing", "hung"})
_TIMED: Final = frozenset({"3.4", "3.5"})
_DEMAND: Final = frozenset({"1.11", "3.2", "3.17"})
"""Ways to lose demand in particular, of which 3.8 is the general one."""
_PLAIN: Final = (Action("subscribe", result="a"), Action("request", "a", (100,)))


@dataclass(frozen=True, kw_only=True)
class Found:
    """A rule that a script breaks, and what happened when it was played."""

    rule: str
    script: Script
    breach: Breach
    trace: Trace


class Player:
    """Plays scripts on fresh stands for one factory, and waits for what is due after them."""

    def __init__(
        self,
        factory: Callable[[int], Any],
        settings: Settings,
        *,
        loop: Loop | bool | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.settings: Settings = settings
        self._factory = factory
        self._loop: Loop | bool | None = loop
        self._patience = patience or Patience()
        self._spent = 0.0
        self._bounds = Bounds.of(settings)
        self._brief = settings.but(
            deadline=min(settings.deadline, _QUICK), quiet=0.0, hang=min(settings.hang, _QUICK_HANG)
        )

    def _played(self, script: Script, settings: Settings) -> PublisherStand:
        try:
            stand = script.play(self._factory, settings, loop=self._loop, before=self._prepare)
        except FactoryHangs:
            if settings is not self._brief:
                raise
            return self._played(script, self.settings)  # on a busy machine a moment is none
        assert isinstance(stand, PublisherStand)
        return stand

    def play(
        self, script: Script, *, leisure: bool = False, unawaited: frozenset[str] = frozenset()
    ) -> PublisherStand:
        """Returns the stand after the script, still open; `leisure`: with the settings as they are."""
        settings = self.settings if leisure else self._brief
        stand = self._played(script, settings)
        try:
            if not any(event.kind == "hung" for event in stand.trace):
                expect_what_is_due(stand, unawaited)
        except Stuck:
            pass  # on record
        if leisure:
            stand.recorder.listen(settings.quiet, settings.hang)
        elif stand.on_loop or _from_elsewhere(stand.trace):
            stand.recorder.listen(min(self.settings.quiet, 0.002), 0.05)
        return stand

    def _prepare(self, stand: PublisherStand) -> None:
        stand.patience = self._patience

    def judge(self, stand: PublisherStand) -> list[Breach]:
        """Returns what was broken first on each link, by the bounds of the settings as they are.

        What goes wrong behind that, in a script made up at random, is mostly its consequence.
        """
        breaches = judge(stand.trace, self._bounds)
        first: dict[str, int] = {}
        for breach in breaches:
            if breach.kind != "doubt":
                first.setdefault(breach.event.link, breach.event.seq)
        return [b for b in breaches if b.event.seq <= first.get(b.event.link, b.event.seq)]

    def breach(
        self, script: Script, rule: str, kind: BreachKind = "rule", *, leisure: bool = False
    ) -> Found | None:
        """Returns what happened when the script was played, if it broke the rule."""
        with self.play(script, leisure=leisure) as stand:
            trace = stand.trace
            self._spent += 1 + len(trace) / 50 + 40 * any(e.kind == "missing" for e in trace)
            for breach in self.judge(stand):
                if (breach.rule, breach.kind) == (rule, kind):
                    played = replace(
                        stand.script, changes=_changes(stand.script, self.settings, self._brief)
                    )
                    return Found(rule=rule, script=played, breach=breach, trace=stand.trace)
        return None

    def shortest(
        self,
        script: Script,
        rule: str,
        kind: BreachKind = "rule",
        *,
        late: bool = False,
        patient: bool = True,
    ) -> Found | None:
        """Returns the shortest script that breaks the rule; None if it was slowness of the machine.

        What is missing or slow has to be so again, with all the time that the settings give it;
        if not `patient`, what does not show at once is not tried at leisure.
        """
        first = self.breach(script, rule, kind, leisure=late)
        if first is None and not patient:
            return None
        if first is None:
            return self._confirmed(script, rule, kind)
        doubtful = first.breach.event.kind in _SILENT or rule in _TIMED
        if first.breach.event.kind == "hung":
            return self._confirmed(script, rule, kind)
        if first.breach.event.kind == "missing":
            rule, script = self._plainer(script, rule)
        end = self._spent + _EACH
        short = shrink(
            script,
            lambda each: self.breach(each, rule, kind, leisure=late) is not None,
            runs=40 if late or doubtful else 200,
            go_on=lambda: self._spent < min(end, _ALL),
        )
        at_leisure = self._confirmed(short, rule, kind)
        if at_leisure is not None or not doubtful:
            return at_leisure or first
        return self._confirmed(script, rule, kind)

    def _confirmed(self, script: Script, rule: str, kind: BreachKind) -> Found | None:
        self._patience.begin()  # what was missing in haste is waited for like anything else now
        return self.breach(script, rule, kind, leisure=True)

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
