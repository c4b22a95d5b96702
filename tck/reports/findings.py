"""Findings: what the results of the checks of one component come to, rule by rule, and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, get_args

from reactive_streams.rules import RULES
from tck.reports.results import (
    CHAPTERS,
    SIGNS,
    STATUSES,
    Outcome,
    Result,
    Status,
    Violation,
    counted,
)

_PYTHON: Final = """\
What the specification does not speak of, and only Python makes possible: warnings, unless they are
wanted to fail (Settings.strict_python, --strict-python)."""
_WORST: Final[tuple[Outcome, ...]] = ("failed", "warned", "passed", "skipped")


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The results of all checks of one component."""

    subject: str
    results: tuple[Result, ...]
    seed: int = 0

    @property
    def passed(self) -> bool:
        """Whether no check has failed; a warning is no failure."""
        return all(result.outcome != "failed" for result in self.results)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was broken, in the order of the rules: for each the one with the shortest script.

        What only warns is among them: `Violation.fails` tells. Last comes what the specification does
        not speak of, and only Python makes possible: its `kind` is "python".
        """
        told = {found.rule for result in self.results if result.told for found in result.violations}
        best: dict[tuple[bool, str], Violation] = {}
        for result in self.results:
            for found in result.violations if result.told else _known(result, told):
                key = (found.kind == "python", found.rule)
                if key not in best or _rank(found) < _rank(best[key]):
                    best[key] = found
        # Where the rule itself is broken, what Python adds to it is no news.
        kept = {
            key: found for key, found in best.items() if not (key[0] and (False, key[1]) in best)
        }
        return tuple(kept[key] for key in sorted(kept, key=lambda each: (each[0], _place(each[1]))))

    @property
    def also(self) -> tuple[Violation, ...]:
        """What was seen as well, and may only follow from a violation (`Violation.follows`): one each."""
        stands = {found.rule for found in self.violations if found.kind != "python"}
        seen: dict[tuple[str, str], Violation] = {}
        for result in self.results:
            for found in result.also:
                if found.rule not in stands and found.follows in stands:
                    seen.setdefault((found.follows, found.rule), found)
        return tuple(
            seen[key] for key in sorted(seen, key=lambda each: (_place(each[0]), _place(each[1])))
        )

    def by_rule(self) -> dict[str, Status]:
        """Returns what is known of each of the 43 rules, by id, in their order."""
        said: dict[str, set[Outcome]] = {}
        for result in self.results:
            said.setdefault(result.rule, set()).add(result.says)
            for found in result.violations:
                if (severity := result.severity(found.rule)) is not None:
                    said.setdefault(found.rule, set()).add(severity)
        known: dict[str, Status] = {}
        for each in RULES:
            outcomes = said.get(each.id, set())
            worst: Status = "not looked at"
            for outcome in _WORST:
                if outcome in outcomes:
                    worst = outcome
                    break
            known[each.id] = worst
        return known

    @property
    def rule_counts(self) -> dict[Status, int]:
        """How many rules have each status; together they are 43."""
        counts = Counter(self.by_rule().values())
        return {status: counts[status] for status in STATUSES}

    @property
    def check_counts(self) -> dict[Outcome, int]:
        """How many checks had each outcome."""
        counts = Counter(result.outcome for result in self.results)
        return {outcome: counts[outcome] for outcome in get_args(Outcome)}

    @property
    def verdict(self) -> str:
        """What it comes to, in a few words."""
        if not self.results:
            return "has not been looked at"
        broken = sum(status == "failed" for status in self.by_rule().values())
        warned = sum(status == "warned" for status in self.by_rule().values())
        python = sum(found.kind == "python" and not found.fails for found in self.violations)
        counts = [(warned, ""), (python, " about Python")]
        warnings = ", ".join(f"{n} warning{'s' * (n != 1)}{what}" for n, what in counts if n)
        if self.passed:
            return f"conforms, with {warnings}" if warnings else "conforms"
        if not broken:  # it could not even be made, say
            return "does not conform"
        text = f"does not conform: {broken} rule{'s' * (broken != 1)} broken"
        return f"{text}, {warnings}" if warnings else text

    def matrix(self) -> str:
        """Returns a screen of text: every rule with its status, in columns, and counts."""
        known = self.by_rule()
        chapters = {
            chapter: [f"{chapter}. {name}"]
            + [_cell(id_, status) for id_, status in known.items() if id_[0] == chapter]
            for chapter, name in CHAPTERS.items()
        }
        # Processors have two rules, which find room below the shortest column.
        columns = [[*chapters["1"], "", *chapters["4"]], chapters["2"], chapters["3"]]
        rows = zip_longest(*columns, fillvalue="")
        lines = ["".join(f"{cell:<24}" for cell in row).rstrip() for row in rows]
        return "\n".join([*lines, "", self.counts()])

    def counts(self) -> str:
        """Returns two lines: how many rules, and how many checks, came out how."""
        rules = counted(self.rule_counts)
        checks = counted(self.check_counts)
        return f"{len(RULES)} rules: {rules}\n{len(self.results)} checks: {checks}"

    def summary(self) -> str:
        """Returns the whole report as text: verdict, matrix, and each violation with its script."""
        parts = [f"{self.subject or 'the component'} {self.verdict}", self.matrix()]
        parts += [str(found) for found in self.violations if found.kind != "python"]
        if self.also:
            parts.append("\n".join(["also seen:", *map(_also, self.also)]))
        python = [found for found in self.violations if found.kind == "python"]
        if python:
            parts += [_PYTHON, *map(str, python)]
        silent = [r for r in self.results if r.outcome == "failed" and not r.violations]
        parts += [f"{result.name} (§{result.rule}) failed: {result.reason}" for result in silent]
        skipped = [
            f"  {r.name} (§{r.rule}): {r.reason}" for r in self.results if r.outcome == "skipped"
        ]
        if skipped:
            parts.append("\n".join(["skipped:", *skipped]))
        return "\n\n".join([*parts, f"seed {self.seed}"])

    def __str__(self) -> str:
        return self.summary()


def _known(result: Result, told: set[str]) -> list[Violation]:
    # A check that leaves it to another to tell of a rule may have the shorter script for it.
    return [found for found in result.violations if found.rule in told]


def _also(found: Violation) -> str:
    return (
        f"  §{found.rule}, which may follow from {found.follows}: {found.message} ({found.check})"
    )


def _cell(rule_id: str, status: Status) -> str:
    return f"{SIGNS[status]} {rule_id:<5}{status}"


def _place(rule_id: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 99 for part in rule_id.split("."))


def _rank(found: Violation) -> tuple[bool, bool, bool, int, int]:
    # None at all is not shorter than one that can be run; and one that only counts shows little.
    counts = "count_elements" in found.script
    return (
        not found.fails, not found.script, counts, found.script.count("\n"), len(found.script),
    )  # fmt: skip
