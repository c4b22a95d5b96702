"""What a check is: a name, a rule, and a function that drives fresh stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tck.reports.results import CheckKind


class Skip(Exception):
    """Raised by a check that cannot be made on this component; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a suite; `run` is given the suite's kit."""

    name: str
    rule: str
    kind: CheckKind
    run: Callable[[Any], None]
    why: str = ""
    """For an untested one, why; else what it looks at."""
    whole: Callable[[Any, str], Any] | None = None
    """In place of `run` for one that makes its own Result, given the kit and where the factory is."""


class Checks:
    """A suite's checks in order; its methods are decorators that add one."""

    def __init__(self) -> None:
        self.all: list[Check] = []

    def _add(self, rule: str, kind: CheckKind) -> Callable[[Callable[[Any], None]], Check]:
        def add(run: Callable[[Any], None]) -> Check:
            check = Check(run.__name__, rule, kind, run, (run.__doc__ or "").strip())
            self.all.append(check)
            return check

        return add

    def required(self, rule: str) -> Callable[[Callable[[Any], None]], Check]:
        """Adds a check that has to pass."""
        return self._add(rule, "required")

    def optional(self, rule: str) -> Callable[[Callable[[Any], None]], Check]:
        """Adds a check whose failure is a skip."""
        return self._add(rule, "optional")

    def stochastic(self, rule: str) -> Callable[[Callable[[Any], None]], Check]:
        """Adds a check that may miss what it looks for."""
        return self._add(rule, "stochastic")

    def beyond(self, rule: str) -> Callable[[Callable[[Any], None]], Check]:
        """Adds a check that the official kit does not have."""
        return self._add(rule, "beyond")

    def untested(self, name: str, rule: str, why: str) -> None:
        """Lists a check that is not made."""

        def run(_kit: Any) -> None:
            raise Skip(why)

        self.all.append(Check(name, rule, "untested", run, why))
