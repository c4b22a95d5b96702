"""Verify: runs the suites over a component, and gives back what was found."""

from __future__ import annotations

import gc
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from reactive_streams.rules import rule as rule_of
from tck.checks.blackbox import BLACKBOX
from tck.checks.model import Check, Skip
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.checks.publisher import PUBLISHER
from tck.checks.publisher_beyond import PUBLISHER_BEYOND
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX
from tck.diagram import diagram
from tck.driver import Driver
from tck.kit import PublisherKit
from tck.patience import Patience
from tck.processor_kit import ProcessorKit
from tck.report import Outcome, Report, Result, Violation
from tck.rules import Breach
from tck.settings import Settings
from tck.stand import Stand, Stuck
from tck.subscriber_kit import SubscriberKit, WhiteboxProbe

PUBLISHER_CHECKS: tuple[Check, ...] = (*PUBLISHER.all, *PUBLISHER_BEYOND.all)
"""What a Publisher is put through, in this order."""
SUBSCRIBER_CHECKS: tuple[Check, ...] = (*BLACKBOX.all, *SUBSCRIBER_BEYOND.all)
"""What a Subscriber is put through that only its Publisher talks to."""
WHITEBOX_CHECKS: tuple[Check, ...] = (*WHITEBOX.all, *WHITEBOX_BEYOND.all)
"""What a Subscriber is put through as well, where a probe is told what reaches it."""
PROCESSOR_CHECKS: tuple[Check, ...] = (*PROCESSOR.all, *PROCESSOR_BEYOND.all)
"""What a Processor is put through."""

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


def verify_publisher(
    factory: Callable[[int], Any],
    *,
    failed: Callable[[], Any] | None = None,
    settings: Settings | None = None,
    subject: str = "",
) -> Report:
    """Returns what was found out about the publishers that `factory(elements)` makes.

    `failed()` makes one that fails; without it what concerns failures is skipped. Where a Publisher
    needs a running event loop, all its calls are made on one. Nothing raises for what the Publisher
    does; a factory that raises is a failed check.

    >>> class Numbers:
    ...     def __init__(self, elements):
    ...         self.elements = elements
    ...
    ...     def subscribe(self, subscriber):
    ...         raise NotImplementedError
    >>> report = verify_publisher(Numbers, settings=Settings(deadline=0.01, examples=0))
    >>> report.passed, "1.9" in {violation.rule for violation in report.violations}
    (False, True)
    """
    chosen = settings or Settings.from_environment()
    loop = needs_loop(factory, chosen)

    def kit() -> PublisherKit:
        return PublisherKit(factory, failed, chosen, loop=loop, failing=_place(failed, subject))

    # It needs what is here, and hypothesis, which not everybody has.
    from tck.explore import explored, shortened

    place = subject if ":" in subject else _place(factory)
    results = run_checks(PUBLISHER_CHECKS, kit, place, "publisher")
    results.append(explored(factory, chosen, loop=loop, subject=place))
    results = shortened(causes_only(results), factory, chosen, loop=loop, subject=place)
    return Report(subject=subject or _name(factory), results=tuple(results), seed=chosen.seed)


def verify_subscriber(
    factory: Callable[[], Any] | None = None,
    *,
    whitebox: Callable[[WhiteboxProbe], Any] | None = None,
    settings: Settings | None = None,
    subject: str = "",
) -> Report:
    """Returns what was found out about the Subscribers that are made.

    `factory()` makes one that is looked at from outside; `whitebox(probe)` one that tells the probe
    what reaches it, and is looked at more closely. Either may be left out, not both.

    Errors: `ValueError` where both are.
    """
    chosen = settings or Settings.from_environment()
    reports: list[Report] = []
    named = subject or _name(factory or whitebox or "")
    if factory is not None:
        reports.append(
            verify(
                SUBSCRIBER_CHECKS,
                lambda: SubscriberKit(factory, None, chosen),
                named,
                chosen,
                "subscriber, blackbox",
                subject if ":" in subject else _place(factory),
            )
        )
    if whitebox is not None:
        reports.append(
            verify(
                WHITEBOX_CHECKS,
                lambda: SubscriberKit(None, whitebox, chosen),
                named,
                chosen,
                "subscriber, whitebox",
                _place(whitebox, subject),
            )
        )
    if not reports:
        raise ValueError("verify_subscriber: neither a factory nor a whitebox was given")
    results = [result for report in reports for result in report.results]
    return Report(subject=named, results=tuple(results), seed=chosen.seed)


def verify_processor(
    factory: Callable[[], Any], *, settings: Settings | None = None, subject: str = ""
) -> Report:
    """Returns what was found out about the Processors that `factory()` makes, which pass all on."""
    chosen = settings or Settings.from_environment()
    return verify(
        PROCESSOR_CHECKS,
        lambda: ProcessorKit(factory, chosen),
        subject or _name(factory),
        chosen,
        "processor",
        subject if ":" in subject else _place(factory),
    )


def verify(
    checks: Iterable[Check],
    make_kit: Callable[[], Kit],
    subject: str,
    settings: Settings,
    suite: str,
    place: str = "",
) -> Report:
    """Returns the results of the checks, each run with a kit of its own.

    `place` is where the factory is, as "module:name", for the scripts.
    """
    results = run_checks(checks, make_kit, place or subject, suite)
    return Report(subject=subject, results=tuple(causes_only(results)), seed=settings.seed)


FOLLOWS: Mapping[str, frozenset[str]] = {
    # Whoever is never subscribed, or breaks off, gets nothing that is due.
    "1.9": frozenset({"1.1", "1.4", "1.5", "1.11", "3.2", "3.8", "3.9", "3.17"}),
    "2.12": frozenset({"1.5", "1.11", "3.2", "3.8", "3.9", "3.17"}),
    "2.13": frozenset({"1.5", "1.11", "3.2", "3.8", "3.17"}),
    "3.16": frozenset({"1.5", "1.11", "3.2", "3.8", "3.9", "3.17"}),
    # Demand that is lost when it is given plainly is lost in every other way as well.
    "3.8": frozenset({"1.5", "1.11", "3.2", "3.17"}),
    "3.2": frozenset({"1.5", "1.11", "3.9", "3.17"}),
}
"""What is missing because of a rule that is broken elsewhere; it is not reported beside its cause."""


_RAISES = frozenset({"2.13", "3.16"})
_LOSES = frozenset({"3.2", "3.8"})


def causes_only(results: list[Result]) -> list[Result]:
    """Returns the results without the violations that are no more than a consequence of others."""
    found = {
        v.rule for r in results if r.outcome == "failed" for v in r.violations if not _of_none(v)
    }

    fewest = {
        rule: min(
            (_delivered(v) for r in results for v in r.violations if v.rule == rule), default=0
        )
        for rule in _LOSES
    }

    def explains(cause: str, violation: Violation) -> bool:
        trace = violation.trace or ()
        if cause in _RAISES:  # the cause only of what is missing in the same run
            return any(event.phase == "raise" for event in trace)
        if cause in _LOSES and "count_elements" not in violation.script:
            # Who loses demand after some dozens has not lost it before.
            return _delivered(violation) >= fewest[cause]
        return True

    def follows(violation: Violation) -> bool:
        return _silence(violation) and any(
            violation.rule in FOLLOWS.get(cause, ()) and explains(cause, violation)
            for cause in found
        )

    cleared: list[Result] = []
    for result in results:
        kept = tuple(v for v in result.violations if not follows(v))
        if len(kept) < len(result.violations):
            result = replace(result, violations=kept)
            if not kept:
                # It says nothing of its rule, as one that could not be made.
                result = replace(
                    result, outcome="skipped", reason=f"it may only follow: {result.reason}"
                )
        cleared.append(result)
    return cleared


def _of_none(violation: Violation) -> bool:
    # How None is answered in place of a Subscriber says nothing of those who are one.
    calls = [] if violation.trace is None else violation.trace.calls("subscribe")
    return bool(calls) and all(event.text == "None subscriber" for event in calls)


def _delivered(violation: Violation) -> int:
    """Returns how many elements had come where something is said to be missing."""
    trace = violation.trace
    if trace is None:
        return 0
    links = {e.link for e in trace if e.rule == violation.rule}
    return sum(e.link in links for e in trace.calls("on_next"))


def _silence(violation: Violation) -> bool:
    return violation.trace is not None and any(
        event.kind in {"missing", "note"} and event.rule == violation.rule
        for event in violation.trace
    )


def run_checks(
    checks: Iterable[Check], make_kit: Callable[[], Kit], subject: str, suite: str
) -> list[Result]:
    """Returns the results of the checks, one after another, in growing impatience."""
    patience = Patience()
    results: list[Result] = []
    for check in checks:
        results.append(run_check(check, make_kit, subject, suite, patience))
        patience.learn(results[-1])
    return results


def run_check(
    check: Check,
    make_kit: Callable[[], Kit],
    subject: str = "",
    suite: str = "",
    patience: Patience | None = None,
) -> Result:
    """Returns the result of one check.

    A call that took too long is tried again, twice at most: on a busy machine anything may take long
    once.
    """
    began = time.perf_counter()
    known = patience or Patience()
    result = _run_once(check, make_kit, subject, known)
    for _ in range(_TRIES - 1):
        slow = {v.rule for v in result.violations}
        if not slow or not slow <= _TIMED or slow <= known.slow or _hung(result):
            break
        result = _run_once(check, make_kit, subject, known)
    return Result(
        name=check.name,
        rule=check.rule,
        kind=check.kind,
        outcome=result.outcome,
        reason=result.reason,
        violations=result.violations,
        seconds=time.perf_counter() - began,
        suite=suite,
    )


def _hung(result: Result) -> bool:
    return any(
        event.kind == "hung" for v in result.violations if v.trace is not None for event in v.trace
    )


def _run_once(
    check: Check, make_kit: Callable[[], Kit], subject: str, patience: Patience
) -> Result:
    kit = make_kit()
    kit.patience = patience
    patience.begin()
    reason = ""
    outcome: Outcome = "passed"
    try:
        check.run(kit)
    except Skip as skip:
        outcome, reason = "skipped", str(skip)
    except Stuck:
        pass  # on record
    except Exception as error:
        outcome, reason = "failed", f"{type(error).__name__}: {error}"
    finally:
        found = [(stand, breach) for stand in kit.stands for breach in stand.breaches()]
        kit.close()
    violations = _violations(check, found, subject)
    if found and outcome in {"passed", "skipped"}:
        outcome, reason = _verdict(check, [breach for _, breach in found])
    if outcome == "skipped":
        violations = ()
    return Result(
        name=check.name,
        rule=check.rule,
        kind=check.kind,
        outcome=outcome,
        reason=reason,
        violations=violations,
    )


def _verdict(check: Check, breaches: list[Breach]) -> tuple[Outcome, str]:
    first = breaches[0]
    reason = f"§{first.rule}: {first.message}"
    if check.kind == "optional" and all(b.event.kind == "missing" for b in breaches):
        return "skipped", reason
    grave = [b for b in breaches if is_grave(b)]
    if grave:
        return "failed", f"§{grave[0].rule}: {grave[0].message}"
    return "warned", reason


def is_grave(breach: Breach) -> bool:
    """Returns whether it is a failure, and not only something to be warned of."""
    # A call that hangs is no matter of taste; and what is declared has to be kept (§1.11).
    return rule_of(breach.rule).mandatory or breach.event.kind == "hung" or breach.rule == "1.11"


def _violations(
    check: Check, found: list[tuple[Stand, Breach]], subject: str
) -> tuple[Violation, ...]:
    violations: dict[str, Violation] = {}
    for stand, breach in found:
        if breach.rule in violations:
            continue
        trace = stand.trace
        violations[breach.rule] = Violation(
            rule=breach.rule,
            check=check.name,
            message=breach.message,
            script=stand.script.snippet(subject if ":" in subject else ""),
            diagram=diagram(trace, [breach]),
            trace=trace,
        )
    return tuple(violations.values())


def needs_loop(factory: Callable[[int], Any], settings: Settings) -> bool:
    """Returns whether the factory, subscribe or request asks for a running event loop."""
    driver = Driver()
    with warnings.catch_warnings():
        # The coroutine that it had made for the loop which is not there.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        try:
            asks = bool(driver.call(lambda: _asks_for_loop(factory), settings.hang))
        except Exception:
            asks = False  # the checks will tell
        finally:
            driver.close()
        if asks:
            gc.collect()
    return asks


class _Toucher:
    """Subscribes, asks for one element, and is gone again; takes down what is raised on the way."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def on_subscribe(self, subscription: Any) -> None:
        # What else may be wrong with these calls must not hide that a loop is missing.
        for call in (lambda: subscription.request(1), subscription.cancel):
            try:
                call()
            except Exception as error:
                self.errors.append(error)

    def on_next(self, item: Any) -> None:
        """Ignore it."""

    def on_error(self, error: Any) -> None:
        self.errors.append(error)

    def on_complete(self) -> None:
        """Ignore it."""


def _asks_for_loop(factory: Callable[[int], Any]) -> bool:
    toucher = _Toucher()
    try:
        factory(1).subscribe(toucher)
    except Exception as error:
        toucher.errors.append(error)
    return any(
        isinstance(error, RuntimeError) and "event loop" in str(error) for error in toucher.errors
    )


def _place(factory: object, subject: str = "") -> str:
    """Returns "module:name" of a factory; "" for one that cannot be had by a name.

    `subject` is that of another one, which may tell better where the module is.
    """
    name = str(getattr(factory, "__qualname__", ""))
    module = sys.modules.get(str(getattr(factory, "__module__", "")))
    value: object = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if module is None or value is not factory:
        return ""
    place = subject.rpartition(":")[0] or module.__name__
    return "" if place == "__main__" else f"{place}:{name}"


def _name(factory: object) -> str:
    return str(getattr(factory, "__qualname__", type(factory).__qualname__))
