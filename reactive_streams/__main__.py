"""`python -m reactive_streams`: the rules and the glossary at the command line."""

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from reactive_streams.glossary import GLOSSARY, Term, term
from reactive_streams.rules import RULES, Rule, rule

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, or 2 if a rule or a term asked for does not exist.

    `argv` is what follows the program's name; None takes it from `sys.argv`. Output is plain text
    on stdout, wrapped to the width of the terminal; a reader that stops early (`| head`) is no
    failure.

    Errors: `SystemExit` from `--help` (code 0) and from arguments that make no sense (code 2).

    >>> main(["rules", "3.7"])  # doctest: +NORMALIZE_WHITESPACE
    3.7  MUST  (Subscription)
        On a cancelled Subscription every further call of cancel MUST be a NOP.
    <BLANKLINE>
        Already said by the word idempotent in rule 3.5, which goes further.
    0
    """
    try:
        try:
            return _run(argv)
        finally:
            # A closed pipe has to show up here: in the interpreter's own flush, at exit, it
            # could no longer be caught. Unlike sys.stdout.flush(), print allows for no stdout.
            print(end="", flush=True)
    except BrokenPipeError:
        # Whatever is still buffered needs somewhere to go at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv, _Arguments())
    try:
        if arguments.command == "rules":
            wanted = [rule(each) for each in arguments.ids] or RULES
            text = _page(_rule_text(each) for each in wanted)
        else:
            named = " ".join(arguments.words)
            text = _page(_term_text(each) for each in ([term(named)] if named else GLOSSARY))
    except LookupError as unknown:
        print(unknown, file=sys.stderr)
        return 2
    print(text)
    return 0


class _Arguments(argparse.Namespace):
    command: str
    ids: list[str]
    words: list[str]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reactive_streams",
        description="Reactive Streams 1.0.4 for Python: its rules and its terms.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rules = commands.add_parser(
        "rules",
        help="print all 43 rules, or the named ones",
        description="Print the rules: id, binding word, who is bound, statement, intent.",
    )
    rules.add_argument("ids", nargs="*", metavar="ID", help="such as 3.9; all rules if none")
    glossary = commands.add_parser(
        "glossary",
        help="print all terms, or the named one",
        description="Print the terms in which the rules are written.",
    )
    glossary.add_argument("words", nargs="*", metavar="TERM", help="such as demand; all if none")
    return parser


def _rule_text(each: Rule) -> str:
    words = ", ".join((each.level, *each.also))
    head = f"{each.id}  {words}  ({', '.join(each.binds)})"
    return f"{head}\n{_wrapped(each.statement)}\n\n{_wrapped(each.intent)}"


def _term_text(each: Term) -> str:
    return f"{', '.join(each.forms)}\n{_wrapped(each.definition)}"


def _page(entries: Iterable[str]) -> str:
    return "\n\n".join(entries)


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text,
        # Text of one column next to its indent is no longer text.
        width=max(shutil.get_terminal_size().columns, 24),
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    sys.exit(main())
