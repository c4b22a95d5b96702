"""The pytest plugin: a rule matrix at the end of a run, and `--tck-report PATH`.

Results travel in the reports of the tests, so that it makes no difference whether pytest-xdist
runs them in other processes.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

# It is loaded in every run, whether or not any verification is in it: what only one needs is imported there.
if TYPE_CHECKING:
    from tck.reports.report import Report
    from tck.reports.results import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option."""
    group = parser.getgroup("tck", "Reactive Streams conformance")
    group.addoption(
        "--tck-report", metavar="PATH", default=None,
        help="write what the verifications found to PATH: .html, .json, else text",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Collects results where the run is put together, and not in the workers of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Collector(config), "tck-collector")


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> None:
    """Fails the collection where a suite lacks a method, which pytest would pass over in silence.

    And where the settings of the environment make no sense: once, and not in each of the checks.
    """
    if not (isinstance(obj, type) and name.startswith("Test")):
        return
    own = obj.__module__ == getattr(collector.obj, "__name__", "")
    if not own or "tck.suites" not in {each.__module__ for each in obj.__mro__}:
        return
    from tck.settings import Settings

    try:
        Settings.from_environment()
    except ValueError as error:
        raise collector.CollectError(str(error)) from None
    if inspect.isabstract(obj):
        lacking: frozenset[str] = getattr(obj, "__abstractmethods__", frozenset())
        raise collector.CollectError(
            f"{name} is a conformance suite without {', '.join(sorted(lacking))}()"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Sends the result of a check along with the report of its test."""
    report = yield
    if report.when == "call" and hasattr(getattr(item, "cls", None), "checks"):
        from tck.reports.report import Report
        from tck.suites import RESULT

        result = item.stash.get(RESULT, None)
        if result is not None:
            alone = Report(subject=item.nodeid.rpartition("::")[0], results=(result,))
            # Plain text is what every version of execnet can carry.
            report.__dict__["tck_result"] = alone.to_json()
    return report


class _Collector:
    """The results of all verifications, by class, in the order in which they came."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: dict[str, dict[str, Result]] = {}
        self._error = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes a result; a test that is run again counts as it came out last."""
        text: str | None = getattr(report, "tck_result", None)
        if text is not None:
            from tck.reports.report import Report

            alone = Report.from_json(text)
            self._found.setdefault(alone.subject, {})[report.nodeid] = alone.results[0]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the file; that it cannot be written fails the run."""
        path: str | None = self._config.getoption("--tck-report")
        reports = self._reports()
        if path is None or not reports:
            return
        from tck.reports.report import save

        try:
            save(reports, path)
        except OSError as error:
            self._error = f"--tck-report: {error}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints the matrix, where any verification was run."""
        reports = self._reports()
        path: str | None = self._config.getoption("--tck-report")
        if path is not None and not reports:
            terminalreporter.write_line("--tck-report: no verification was run; nothing is written")
        if not reports:
            return
        from tck.reports.report import combined

        terminalreporter.section("Reactive Streams conformance")
        for report in reports:
            terminalreporter.write_line(f"{report.subject} {report.verdict}")
        terminalreporter.write_line("")
        terminalreporter.write_line(combined(reports).matrix())
        if self._error:
            terminalreporter.write_line(self._error, red=True)
        elif path is not None:
            terminalreporter.write_line(f"report: {path}")

    def _reports(self) -> list[Report]:
        if not self._found:
            return []
        from tck.reports.report import Report
        from tck.settings import Settings

        seed = Settings.from_environment().seed
        return [
            Report(subject=subject, results=tuple(results.values()), seed=seed)
            for subject, results in sorted(self._found.items())
        ]
