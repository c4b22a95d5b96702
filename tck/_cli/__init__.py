"""The command line of the kit: `python -m tck verify FILE_OR_MODULE:FACTORY`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NoReturn

from reactive_streams.rules import RULES, rule
from tck._cli.load import load, named
from tck.driving.driver import Driver
from tck.driving.factories import METHODS, LoopNeeded, made, name_of
from tck.driving.places import loop_named
from tck.recording.trace import brief
from tck.reports.report import Report
from tck.scripts.load import Unusable, module_of
from tck.settings import LOOPS, Loop, Settings

__all__ = ["main"]

_VERIFY_MORE = """\
A publisher's FACTORY takes the number of elements; a subscriber's or processor's takes nothing.
The settings can also be given by the environment, as TCK_DEADLINE and so on.

exit status:
  0  it conforms (warnings are no failure)
  1  it breaks a rule
  2  bad use: there is no such file, name or rule, or it is no factory

example:
  python -m tck verify mine.py:numbers --html report.html
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 conforms, 1 violations, 2 bad use, 130 after Ctrl-C.

    Errors: `SystemExit` for `--help` (0), and for arguments that make no sense (2).
    """
    # What a report shows may be outside what the terminal's encoding has.
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")
    try:
        try:
            return _main(_parser().parse_args(argv))
        finally:
            print(end="", flush=True)  # a closed pipe has to show up here
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (Unusable, LookupError, ImportError) as unusable:
        print(f"error: {unusable}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} ({self.prog} --help tells more)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tck", description="Does it keep the rules of Reactive Streams?"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify", help="verify a component", epilog=_VERIFY_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verify.add_argument("target", metavar="FILE_OR_MODULE:FACTORY")
    verify.add_argument(
        "--kind", choices=("publisher", "subscriber", "processor"), default="publisher"
    )
    verify.add_argument("--failed", metavar="NAME", help="makes a publisher that fails")
    verify.add_argument("--whitebox", metavar="NAME", help="makes a subscriber that tells a probe")
    verify.add_argument("--json", metavar="FILE", help="write the report as JSON")
    verify.add_argument("--html", metavar="FILE", help="write the report as a page")
    verify.add_argument(
        "--loop",
        choices=LOOPS,
        help="what all calls are made on (default: thread; a publisher is asked)",
    )
    verify.add_argument("--seed", type=int, help="the same seed gives the same run")
    verify.add_argument("--deadline", type=float, metavar="S", help="seconds to wait for a signal")
    verify.add_argument("--quiet", type=float, metavar="S", help="seconds to listen for silence")
    verify.add_argument("--max-elements", type=int, metavar="N", help="most that a stream can have")
    verify.add_argument(
        "--strict-python", action="store_true", default=None,
        help="what only Python makes possible, such as request(1.5), fails too",
    )  # fmt: skip
    commands.add_parser("rules", help="list the 43 rules")
    explain = commands.add_parser("explain", help="explain a rule, with an example that breaks it")
    explain.add_argument("rule", metavar="RULE", help="such as 3.9")
    return parser


def _main(arguments: argparse.Namespace) -> int:
    if arguments.command == "rules":
        for each in RULES:
            print(f"{each.id:<5} {each.level:<12} {each.statement}")
        return 0
    if arguments.command == "explain":
        from tck._cli.explain import explain

        _settings()  # that it makes no sense is to be told, and not raised
        print(explain(rule(arguments.rule)))
        return 0
    for path in (arguments.json, arguments.html):
        if path is not None:
            _expect_writable(path)  # better now than after the verification
    report = _verified(arguments)
    print(report)
    for kind, path in (("json", arguments.json), ("html", arguments.html)):
        if path is not None:
            try:
                _write(report, kind, path)
            except OSError as error:
                raise Unusable(f"{path} cannot be written: {error}") from error
            print(f"{kind}: {path}")
    return 0 if report.passed else 1


def _verified(arguments: argparse.Namespace) -> Report:
    from tck import verify

    names = ("seed", "deadline", "quiet", "max_elements", "strict_python")
    settings = _settings(**{n: v for n in names if (v := getattr(arguments, n)) is not None})
    kind: str = arguments.kind
    for option, fits in (("failed", "publisher"), ("whitebox", "subscriber")):
        if getattr(arguments, option) is not None and kind != fits:
            raise Unusable(f"--{option} is for --kind {fits}, not {kind}")
    publisher = kind == "publisher"
    factory, subject = load(arguments.target, int(publisher), "the number of elements")
    more: dict[str, Any] = {"subject": subject}
    if arguments.failed is not None:
        more["failed"] = named(module_of(arguments.target), arguments.failed, 0, "")
    if arguments.whitebox is not None:
        more["whitebox"] = named(module_of(arguments.target), arguments.whitebox, 1, "a probe")
    if arguments.loop is not None:
        more["loop"] = loop_named(arguments.loop)
    if sys.stderr.isatty():
        print(f"verifying {subject} ...", file=sys.stderr)
    _expect_silent(factory, kind, settings, arguments.loop)
    # The report has the output for itself, whatever a component may print on its way.
    with redirect_stdout(sys.stderr):
        report: Report = getattr(verify, f"verify_{kind}")(factory, settings=settings, **more)
    return Report(subject=subject, results=report.results, seed=report.seed)


def _expect_silent(
    factory: Callable[..., Any], kind: str, settings: Settings, loop: Loop | None
) -> None:
    """Raises `Unusable` where the factory prints, or makes nothing that could be verified."""
    publisher = kind == "publisher"
    heard = StringIO()
    driver = Driver(loop=loop)
    try:
        with redirect_stdout(heard):
            made(driver, factory, (1,) * publisher, METHODS[kind], settings.hang)
    except LoopNeeded as needed:
        if loop is not None or not publisher:
            raise
        return _expect_silent(factory, kind, settings, needed.loop)
    finally:
        driver.close()
    if text := " ".join(heard.getvalue().split()):
        raise Unusable(
            f"{name_of(factory)} prints {brief(text)}, which would stand in the report: "
            "let a factory be silent, or log"
        )
    return None


def _settings(**given: Any) -> Settings:
    try:
        return Settings.from_environment().but(**given)
    except ValueError as error:
        raise Unusable(str(error)) from None


def _expect_writable(path: str) -> None:
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise Unusable(f"{path} cannot be written: it is a folder")
    if not os.path.isdir(folder):
        raise Unusable(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise Unusable(f"{path} cannot be written: permission denied")


def _write(report: Report, kind: str, path: str) -> None:
    from pathlib import Path

    from tck.reports.html import page

    Path(path).write_text(report.to_json() + "\n" if kind == "json" else page([report]), "utf-8")
