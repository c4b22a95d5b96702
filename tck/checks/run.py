"""Runs checks, each on fresh components, and says what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from tck.checks.causes import outcome_of, reason_of
from tck.checks.model import Check, Skip
from tck.checks.shown import shown
from tck.driving import crew
from tck.driving.patience import PURSE, Patience, Tired
from tck.driving.stand import Stand
from tck.recording.breach import Breach
from tck.reports.results import Outcome, Result, Violation
from tck.scripts.load import Unusable
from tck.scripts.script import Stuck, TooSlow
from tck.settings import Settings

_TIMED = frozenset({"3.4", "3.5"})
_TRIES = 3


class Kit(Protocol):
    """What a check is run with."""

    settings: Settings
    patience: Patience
    """What is known from the checks before."""

    @property
    def stands(self) -> Iterable[Stand]:
        """The stands that the check has made."""
        ...

    def close(self) -> None:
        """Ends all of them."""
        ...


def patience_of_many() -> Patience:
    """Returns the patience that a verification begins with."""
    return Patience(listens_on=True, purse=PURSE)


@crew.kept()
def run_checks(
    checks: Iterable[Check],
    make_kit: Callable[[], Kit],
    subject: str,
    suite: str,
    patience: Patience | None = None,
) -> list[Result]:
    """Returns the results of the checks, one after another, in growing impatience.

    What a check has to listen for at its end is listened for while the next ones run. `patience` is
    taught what they find.
    """
    patience = patience or patience_of_many()
    results: list[Result] = []
    open_: deque[tuple[int, _Run]] = deque()
    try:
        for check in checks:
            if check.whole is not None:
                results.append(_whole(check, make_kit(), subject, suite, patience))
                continue
            run = _tried(check, make_kit, subject, suite, patience)
            results.append(run.result)
            patience.learn(run.result)
            open_.append((len(results) - 1, run))
            while open_ and open_[0][1].listening <= time.perf_counter():
                _hear_out(open_, results, patience)
        while open_:
            _hear_out(open_, results, patience)
    finally:
        for _, run in open_:
            run.close()
    return results


def _hear_out(open_: deque[tuple[int, _Run]], results: list[Result], patience: Patience) -> None:
    at, run = open_[0]
    if run.hear():
        results[at] = run.result
        patience.learn(run.result)
    run.close()
    open_.popleft()


def run_check(
    check: Check, make_kit: Callable[[], Kit], subject: str = "", suite: str = ""
) -> Result:
    """Returns the result of one check on its own."""
    if check.whole is not None:
        return _whole(check, make_kit(), subject, suite, Patience())
    run = _tried(check, make_kit, subject, suite, Patience())
    run.close()
    return run.result


def _whole(check: Check, kit: Kit, subject: str, suite: str, patience: Patience) -> Result:
    assert check.whole is not None
    kit.patience = patience
    result: Result = check.whole(kit, subject)
    return replace(result, suite=suite)


def _tried(
    check: Check, make_kit: Callable[[], Kit], subject: str, suite: str, patience: Patience
) -> _Run:
    """Returns the run of a check.

    A call that took too long is tried again, twice at most: on a busy machine anything may take long
    once.
    """
    began = time.perf_counter()
    tries = 1
    while True:
        run = _Run(check, make_kit(), subject, suite, patience, began)
        slow = {v.rule for v in run.result.violations}
        timed = slow and slow <= _TIMED and not _hung(run.result)
        if tries == _TRIES or not timed or slow <= patience.slow:
            return run
        tries += 1
        run.close()


def _hung(result: Result) -> bool:
    return any(
        event.kind == "hung" for v in result.violations if v.trace is not None for event in v.trace
    )


class _Run:
    """A check that has been made, on stands that are still open."""

    def __init__(
        self, check: Check, kit: Kit, subject: str, suite: str, patience: Patience, began: float
    ) -> None:
        self._check = check
        self._kit = kit
        self._subject = subject
        self._suite = suite
        self._reason = ""
        self._outcome: Outcome = "passed"
        kit.patience = patience
        patience.begin()
        try:
            check.run(kit)
        except Skip as skip:
            self._outcome, self._reason = "skipped", str(skip)
        except Tired as tired:
            self._outcome, self._reason = "skipped", str(tired)
        except TooSlow as slow:
            self._outcome, self._reason = "skipped", str(slow)
            patience.slow_down(slow.pace)
        except Stuck:
            pass  # on record
        except Unusable:
            kit.close()  # there is nothing to be judged
            raise
        except Exception as error:
            self._outcome, self._reason = "failed", f"{type(error).__name__}: {error}"
        except BaseException:
            kit.close()
            raise
        self.listening: float = max((stand.listening for stand in kit.stands), default=0.0)
        """Until when there is still to be listened."""
        self._found = self._breaches()
        self._seconds = time.perf_counter() - began
        self.result: Result = self._judged()

    def hear(self) -> bool:
        """Listens on for as long as there is to be; returns whether that has changed the result."""
        if not self.listening:
            return False
        time.sleep(max(0.0, self.listening - time.perf_counter()))
        with suppress(Skip, Stuck, TooSlow):  # what has been found so far stands
            for stand in tuple(self._kit.stands):
                stand.look_again()
        found = self._breaches()
        if len(found) == len(self._found):
            return False
        self._found = found
        self.result = self._judged()
        return True

    def close(self) -> None:
        """Ends what still goes on."""
        self._kit.close()

    def _breaches(self) -> list[tuple[Stand, Breach]]:
        return [(stand, breach) for stand in self._kit.stands for breach in stand.found()]

    @property
    def _declares_several(self) -> bool:
        # What is declared is optional no more.
        settings = self._kit.settings
        return settings.multicast or settings.per_subscriber

    def _judged(self) -> Result:
        check, outcome, reason = self._check, self._outcome, self._reason
        violations, also = _violations(check, self._found, self._subject, self._kit.settings)
        if violations and outcome in {"passed", "skipped"}:
            outcome, reason = outcome_of(violations), reason_of(violations)
            causes = [breach for _, breach in self._found if not breach.follows]
            declared = check.rule == "1.11" and self._declares_several
            if (
                check.kind == "optional"
                and not declared
                and all(b.event.kind == "missing" and b.rule == check.rule for b in causes)
            ):
                outcome, violations = "skipped", ()
        return Result(
            name=check.name,
            rule=check.rule,
            kind=check.kind,
            outcome=outcome,
            reason=reason,
            violations=violations,
            also=also,
            seconds=self._seconds,
            suite=self._suite,
        )


def _violations(
    check: Check, found: list[tuple[Stand, Breach]], subject: str, settings: Settings
) -> tuple[tuple[Violation, ...], tuple[Violation, ...]]:
    """Returns the first violation of each rule and kind, and what may only follow from others."""
    violations: dict[tuple[str, str, bool], Violation] = {}
    for stand, breach in found:
        key = (breach.rule, breach.kind, bool(breach.follows))
        if key in violations:
            continue
        place = subject if ":" in subject else ""
        violations[key] = shown(breach, stand.script, stand.trace, check.name, place, settings)
    causes = [each for each in violations.values() if not each.follows]
    known = {each.rule for each in causes}
    also = [v for v in violations.values() if v.follows and v.rule not in known]
    return tuple(causes), tuple(also)
