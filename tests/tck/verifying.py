"""How a component of ours is verified by the conformance kit, and what its report has to say."""

from __future__ import annotations

from operators import Flow, as_processor
from tck import Report, Settings, verify_processor, verify_publisher
from tests.tck.own import Own


def ids(components: list[Own]) -> list[str]:
    names: list[str] = [own.name for own in components]
    return [f"{name}-{names[:at].count(name)}" for at, name in enumerate(names)]


def verify_source(own: Own, settings: Settings) -> Report:
    if own.failing:
        return verify_publisher(Flow.range, failed=lambda: own.make(0), settings=settings)
    failed = lambda: own.make(2).concat(Flow.error(ValueError("no good"))).skip(2)  # noqa: E731
    return verify_publisher(
        own.make, failed=failed if own.declares.get("completes", True) else None, settings=settings
    )


def verify_operator(own: Own, settings: Settings) -> Report:
    return verify_processor(lambda: as_processor(own.make), settings=settings)


def conforms(report: Report) -> None:
    failed = [f"{r.name}: {r.reason}" for r in report.results if r.outcome == "failed"]
    shown = "\n\n".join(str(violation) for violation in report.violations)
    assert not failed, "\n".join([*failed, "", shown])
    assert sum(r.outcome == "passed" for r in report.results) > 15
