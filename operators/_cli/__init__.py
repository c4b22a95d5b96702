"""The command line of operators: `python -m operators run FILE_OR_MODULE:NAME`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from operators._cli.load import Unusable, load
from operators._cli.run import run
from operators._cli.top import top
from operators._cli.view import choose_view

__all__ = ["main"]

_RUN = """\
Run a pipeline to its end, and show meanwhile what each stage does: how many items were asked of it
and how many it emitted, how many it works on and how many wait in it, and who is waited for.
"""

_MORE = """\
NAME is a Flow, or a function without arguments that returns one. The last item of the pipeline is
its result: what str() makes of it is printed at the end, with the number of items, the largest
number in flight at any time beside the bound that Flow.describe() promises, and the peak memory.

The live table needs a terminal, and the extra `terminal` (rich); elsewhere a line is written to
standard error every second. Ctrl-C cancels the pipeline; a second Ctrl-C does not wait for calls
that are still under way.

exit status:
  0    the pipeline has completed
  1    the pipeline has failed; its error says in which operator, written where, with which item
  2    there is no such file, module or name, or it is not a Flow
  130  Ctrl-C

examples:
  python -m operators run examples/stdlib_words.py:pipeline
  python -m operators run my_package.flows:nightly --plain
"""


_TOP = """\
Show what the stages of the flows of a running process do, by the table that `run` shows.
"""

_TOP_MORE = """\
The process has to serve: by `operators.watching.serve()`, or begun with OPERATORS_TOP=1 in its
environment. Its socket can be opened by its user only.

exit status:
  0    the process has ended, or closed its socket; Ctrl-C
  2    there is no such process, or it does not serve

examples:
  OPERATORS_TOP=1 python my_program.py &
  python -m operators top $!
"""


class _Arguments(argparse.Namespace):
    command: str
    target: str
    plain: bool
    once: bool


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operators", description="Pipelines with backpressure, at the command line."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run_parser = commands.add_parser(
        "run",
        help="run a pipeline and watch it",
        description=_RUN,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run_parser.add_argument(
        "target",
        metavar="FILE_OR_MODULE:NAME",
        help="such as flows.py:words or package.module:words",
    )
    run_parser.add_argument(
        "--plain", action="store_true", help="plain lines, also on a terminal that could show more"
    )
    top_parser = commands.add_parser(
        "top",
        help="watch the flows of a running process",
        description=_TOP,
        epilog=_TOP_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top_parser.add_argument("target", metavar="PID_OR_SOCKET", help="a process id, or a path")
    top_parser.add_argument("--plain", action="store_true", help="plain tables, one after another")
    top_parser.add_argument(
        "--once", action="store_true", help="one table of each flow, and no more"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code: 0, 1 for a pipeline that failed, 2 for none to run, 130 after Ctrl-C.

    `argv` is what follows the program's name; None takes it from `sys.argv`. Raises SystemExit for
    `--help` (0), and for arguments that make no sense (2).
    """
    try:
        try:
            return _main(argv)
        finally:
            # A closed pipe has to show up here: at exit it could no longer be caught.
            print(end="", flush=True)
    except BrokenPipeError:
        # Whatever is still buffered needs somewhere to go at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:  # before the pipeline was begun, or after it was over
        return 128 + signal.SIGINT


def _main(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv, _Arguments())
    if arguments.command == "top":
        return top(arguments.target, plain=arguments.plain, once=arguments.once)
    try:
        flow = load(arguments.target)
    except Unusable as unusable:
        print(f"error: {unusable}", file=sys.stderr)
        return 2
    view = choose_view(plain=arguments.plain)
    view.title = arguments.target
    return run(flow, view)
