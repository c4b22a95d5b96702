"""Components that are right but in one situation: in that which one check makes, and no other does.

What a check does to a right component is taken down, by the component: each call that comes, and what it
calls itself. Where such a record, or the beginning of it, is in no other check's, that is a situation of
its own. Where two checks make the same, what they look at there may still be not the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from tck.checks.model import Check
from tck.checks.run import run_check
from tck.settings import Settings

Situation: TypeAlias = tuple[tuple[Any, ...], ...]
Fault: TypeAlias = Callable[[Any, Callable[[], None]], None]
"""Given the component, and what a right one does there."""

SETTINGS: Final = Settings(deadline=0.3, quiet=0.02, hang=1.0)
_MOST: Final = 50
_TOO_MANY: Final = 6
"""Of a situation that more checks make, they look at the same."""


class Diary:
    """What one component is put through; it has a fault in one situation, if one is given."""

    def __init__(self, start: tuple[Any, ...], wrong: Situation, fault: Fault | None) -> None:
        self.record: list[tuple[Any, ...]] = [start]
        self.fault = fault
        self.closed = False
        self._wrong = wrong
        # Python 3.11 may crash where a list grows while a tuple is made of it, and garbage is collected.
        self._lock = threading.RLock()

    def reached(self, *what: Any) -> bool:
        """Returns whether that call is the one which is not served as it should be."""
        with self._lock:
            if self.closed or len(self.record) >= _MOST:
                return False
            self.record.append(what)
            return tuple(self.record) == self._wrong

    def do(self, what: tuple[Any, ...], who: Any, right: Callable[[], None]) -> None:
        """Does what is right, or has the fault."""
        if self.reached(*what) and self.fault is not None:
            self.fault(who, right)
        else:
            right()


class Diaries:
    """Those of all components that are made for one run of a check."""

    def __init__(self, wrong: Situation = (), fault: Fault | None = None) -> None:
        self._all: list[Diary] = []
        self._wrong, self._fault = wrong, fault

    def new(self, *start: Any) -> Diary:
        self._all.append(Diary(start, self._wrong, self._fault))
        return self._all[-1]

    def close(self) -> None:
        """Has all that comes now left out: the kit tidies up."""
        for each in self._all:
            each.closed = True

    def begun(self) -> set[Situation]:
        """Returns all situations that there were."""
        return {
            tuple(each.record[:end]) for each in self._all for end in range(2, len(each.record) + 1)
        }


@dataclass(frozen=True)
class Style:
    """Right components of one style, and what may be wrong with one."""

    kit: Callable[[Check, Diaries], Callable[[], Any]]
    """Makes what a check is run with."""
    faults: tuple[Fault, ...]
    described: Callable[[Situation], str]
    runs: int = 2
    """How often is looked: what threads do is not the same each time."""


@dataclass(frozen=True)
class Found:
    """A wrong component, and the checks that find it."""

    where: str
    what: str
    by: tuple[str, ...]


def alone(
    checks: Iterable[Check],
    styles: Iterable[Style],
    most: int = 1,
    of: Callable[[Check], bool] = lambda _check: True,
) -> dict[str, Found]:
    """Returns for each check a wrong component that the fewest find, it among them: `most` at most."""
    known = {each.name: each for each in checks if each.whole is None and each.kind != "untested"}
    best: dict[str, Found] = {}
    for style in styles:
        runs = [{n: _begun(style, c) for n, c in known.items()} for _ in range(style.runs)]
        for name in filter(lambda name: of(known[name]), known):
            for situation, makers in _own(name, runs):
                for fault in style.faults:
                    limit = len(best[name].by) - 1 if name in best else most
                    by = _finders([known[n] for n in makers], style, situation, fault, limit)
                    if by:
                        best[name] = Found(style.described(situation), fault.__doc__ or "", by)
    return best


def _finders(
    makers: list[Check], style: Style, situation: Situation, fault: Fault, limit: int
) -> tuple[str, ...]:
    """Returns who finds it; nobody where that is not the first of them, or more than the limit."""
    by: list[str] = []
    for check in makers:
        if limit and found(check, style, situation, fault):
            by.append(check.name)
        if not by or len(by) > limit:
            return ()
    return tuple(by)


def _own(
    name: str, runs: Sequence[Mapping[str, set[Situation]]]
) -> Iterator[tuple[Situation, tuple[str, ...]]]:
    """Yields situations that a check makes, and who makes them, itself first.

    Of those with the same makers, the shortest that ends with a call of one kind.
    """
    seen: set[tuple[Any, ...]] = set()
    makers = {
        situation: (
            name,
            *(n for n in runs[0] if n != name and any(situation in r[n] for r in runs)),
        )
        for situation in set.intersection(*(run[name] for run in runs))
    }
    few = (situation for situation in makers if len(makers[situation]) <= _TOO_MANY)
    for situation in sorted(few, key=lambda s: (len(makers[s]), len(s), repr(s))):
        kind = (situation[-1][0], *makers[situation])
        if kind not in seen:
            seen.add(kind)
            yield situation, makers[situation]


def _begun(style: Style, check: Check) -> set[Situation]:
    diaries = Diaries()
    result = run_check(_recorded(check, diaries), style.kit(check, diaries))
    assert not result.violations, (check.name, result.violations)
    return diaries.begun()


def _recorded(check: Check, diaries: Diaries) -> Check:
    def run(kit: Any) -> None:
        try:
            check.run(kit)
        finally:
            diaries.close()

    return replace(check, run=run)


def found(check: Check, style: Style, situation: Situation, fault: Fault) -> bool:
    """Returns whether the check, run alone, tells of one that has that fault there."""
    diaries = Diaries(situation, fault)
    result = run_check(_recorded(check, diaries), style.kit(check, diaries))
    return result.told and bool(result.violations)


def shortened(parts: list[str]) -> str:
    """Returns the calls in words; of many, the first and the last."""
    return ", ".join([*parts[:3], "...", *parts[-2:]] if len(parts) > 6 else parts)
